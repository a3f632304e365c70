#include "harness/experiment/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/experiment/experiments.h"
#include "harness/experiment/model_settings.h"
#include "harness/experiment/setting_keys.h"
#include "harness/experiment/setting_texts.h"
#include "harness/host/edit_distance.h"
#include "harness/host/toml_depth.h"
#include "harness/host/usage_error.h"

namespace tbft {

using setting::fail;
using setting::Key;

namespace {

constexpr std::string_view set_option = "--set ";  // begins the source of a --set option, which has no file and no lines

std::string place(const toml::node& node, const std::string& source) {
  return source.starts_with(set_option) ? source : fmt::format("{}:{}", source, node.source().begin.line);
}

std::vector<Key> keys_before_the_model() {
  using enum SettingRole;
  return {
      TBFT_SETTING(name, run, "name of the experiment, in cells.csv"),
      TBFT_SETTING(description, place, "a line that describes it to readers"),
      TBFT_SETTING(protocol, result, "paper (faithful) or efficient (frozen blocks in eval mode)"),
      TBFT_SETTING(threads, machine, "intra-op threads; 0: all cores"),
      TBFT_SETTING(backend, machine,
                   "convolutions, and on x86-64 linear layers of a ViT, by onednn or native; auto: onednn if libtorch has it"),
      TBFT_SETTING(layout, result, "channels_last, or contiguous: torch's own operations, slower"),
      TBFT_SETTING(
          memory_limit, place,
          "peak memory of a run, e.g. 512MiB: keeps no activations and takes a smaller batch where it must, or refuses"),
      TBFT_SETTING(data.dataset, result, "data set, as `tbft data list` names it"),
      TBFT_SETTING(data.path, place, "its location: a path or name:PATH?key=value"),
      TBFT_SETTING(data.train_path, place,
                   "images to train on that are not part of data.path (which then provides val and test)"),
      TBFT_SETTING(data.conditions, list, "drifts to sweep, for data sets with several"),
  };
}

std::vector<Key> keys_after_the_model() {
  using enum SettingRole;
  return {
      TBFT_SETTING(sweep.train_sizes, list, "fractions of all target images (of data.train_path if given), each in (0, 0.7]"),
      TBFT_SETTING(sweep.val_size, result,
                   "fraction of all target images for validation, in (0, 0.15]; the rest is for testing"),
      TBFT_SETTING(sweep.strategies, list, "strategies to compare"),
      TBFT_SETTING(sweep.repetitions, list, "repetitions of every cell"),
      TBFT_SETTING(sweep.seed, result, "training seed of repetition 0; each further one adds 1"),
      TBFT_SETTING(sweep.split_seed, result, "seed of the train/val/test split, the same in every repetition"),
      TBFT_SETTING(sweep.threads, list, "numbers of threads to compare, instead of threads"),
      TBFT_SETTING(sweep.batch, list, "batch sizes to compare, instead of train.batch"),
      TBFT_SETTING(sweep.governor, list, "frequency governors to compare, such as powersave; put back at the end"),
      TBFT_SETTING(sweep.max_kHz, list, "highest frequencies of the processors to compare; put back at the end"),
      TBFT_SETTING(sweep.until, list,
                   "\"train_J 2 %\" or \"train_s 2 %\": from three repetitions on, none of a cell whose mean is known so well"),
      TBFT_SETTING(train.optimizer, result, "sgd or adam"),
      TBFT_SETTING(train.lr, list, "learning rates: default and by strategy, { default = 1e-3, fc = 1e-2 }"),
      TBFT_SETTING(train.momentum, result, "SGD momentum"),
      TBFT_SETTING(train.weight_decay, result, "weight decay of the tuned parameters"),
      TBFT_SETTING(train.batch, result, "images per step"),
      TBFT_SETTING(train.epochs, result, "maximal number of epochs"),
      TBFT_SETTING(train.patience, result, "epochs without a better validation loss before stopping"),
      TBFT_SETTING(train.augment, result, "random crop and mirror of the training images"),
      TBFT_SETTING(train.lr_search, result,
                   "multiples of each learning rate to try first; the best validation loss decides; []: no search"),
      TBFT_SETTING(train.batchnorm, result, "train, frozen-eval or eval; empty: by protocol"),
      TBFT_SETTING(train.cache, result,
                   "kept activations of the frozen blocks: fp32, bf16 or off; auto: fp32 if protocol efficient allows it"),
      TBFT_SETTING(train.cache_limit_MiB, place, "larger caches go to a mapped file in $TMPDIR"),
      TBFT_SETTING(train.refresh_bn, result, "efficient: one bn-stats pass over the training images first"),
      TBFT_SETTING(meter.uri, run, "power meter; auto selects one, or estimates"),
      TBFT_SETTING(meter.also, run, "further meters that measure the same windows beside it, into meters.csv"),
      TBFT_SETTING(meter.interval_s, run, "sampling interval in seconds; 0: the meter's default"),
      TBFT_SETTING(meter.marker, place, "GPIO lines raised in phases: train=CHIP:OFFSET,validate=...; empty: none"),
      TBFT_SETTING(meter.trace, place, "readings to keep in traces/: full, cells (inside cells and idle windows) or off"),
      TBFT_SETTING(meter.realtime, place, "real-time priority of the sampling thread: auto (if permitted), on or off"),
      TBFT_SETTING(idle.seconds, run, "length of the idle window between cells; -1: by meter (5, or 0 for an estimate)"),
      TBFT_SETTING(cooldown.max_C, run, "wait between cells until the board is below this temperature; 0: do not wait"),
      TBFT_SETTING(cooldown.timeout_s, run, "maximal length of such a wait"),
      TBFT_SETTING(warmup, run, "run one discarded cell first"),
      TBFT_SETTING(trace_steps, run, "mark forward, backward and step in the trace too"),
  };
}

// In the order of the documents.
const std::vector<Key>& keys() {
  static const std::vector<Key> all = [] {
    std::vector<Key> list;
    for (auto part : {keys_before_the_model(), model_keys(), keys_after_the_model()})
      std::ranges::move(part, std::back_inserter(list));
    return list;
  }();
  return all;
}

// Settings of earlier versions, and their replacements.
constexpr std::pair<std::string_view, std::string_view> removed[]{
    {"model.noise_accuracy_pct", "the search for noise always aims at 15 %; set the deviation with model.noise_sigma"}};

std::string_view nearest_key(std::string_view name) {
  return nearest_to(name, keys(), [](const Key& k) { return k.doc.name; })->doc.name;
}

bool is_section(const std::string& path) {
  return std::ranges::any_of(keys(), [&](const Key& k) { return k.doc.name.starts_with(path + "."); });
}

// Applies the entries of a table; `prefix` is the dotted path of the table.
void apply(Settings& settings, const toml::table& table, const std::string& prefix, const std::string& source) {
  for (const auto& [name, node] : table) {
    const std::string path = prefix.empty() ? std::string(name.str()) : fmt::format("{}.{}", prefix, name.str());
    const auto found = std::ranges::find(keys(), path, [](const Key& k) { return k.doc.name; });
    if (found != keys().end()) {
      found->set(settings, node, fmt::format("{}: {}", place(node, source), path));
      settings.declared.insert(path);
    } else if (const auto* inner = node.as_table(); inner != nullptr && (!inner->empty() || is_section(path))) {
      // An unknown table is searched too, because its first key shows better than its name what was meant.
      apply(settings, *inner, path, source);
    } else {
      for (const auto& [key, instead] : removed)
        if (key == path) fail(place(node, source), fmt::format("'{}' was removed: {}", path, instead));
      fail(place(node, source), fmt::format("unknown key '{}'; did you mean '{}'?", path, nearest_key(path)));
    }
  }
}

toml::table parse(std::string_view text, const std::string& source) {
  if (may_nest_too_deeply(text)) fail(source, fmt::format("more than {} dots, not an experiment", most_dots_of_toml));
  try {
    return toml::parse(text, source);
  } catch (const toml::parse_error& error) {
    throw UsageError(fmt::format("{}:{}: {}", source, error.source().begin.line, error.description()));
  }
}

toml::table parse_set_option(const std::string& option) {
  const std::string source = fmt::format("{}{}", set_option, option);
  const auto equals = option.find('=');
  if (equals == std::string::npos || equals == 0) fail(source, "expects key=value");
  const std::string name = option.substr(0, equals);
  const std::string value = option.substr(equals + 1);
  if (may_nest_too_deeply(option))
    fail(fmt::format("{}{:.40}...", set_option, option), fmt::format("more than {} dots, not a key", most_dots_of_toml));
  try {
    return toml::parse(fmt::format("{} = {}", name, value));
  } catch (const toml::parse_error&) {
    // A word or a path without quotes, as typed in a shell, is a string.
    if (value.find_first_of("'\n[]{}\"") != std::string::npos)
      fail(source, "the value is not TOML; write a string, a number or a list such as [0.1,0.2]");
    return parse(fmt::format("{} = '{}'", name, value), source);
  }
}

}  // namespace

double Settings::lr_of(std::string_view strategy) const {
  const auto found = train.lr.find(std::string(strategy));
  return found != train.lr.end() ? found->second : train.lr.at("default");
}

std::span<const SettingKey> setting_keys() {
  static const std::vector<SettingKey> list = [] {
    std::vector<SettingKey> docs;
    for (const auto& k : keys()) docs.push_back(k.doc);
    return docs;
  }();
  return list;
}

std::vector<std::string_view> setting_types() {
  std::vector<std::string_view> types;
  for (const auto& k : keys()) types.push_back(k.type);
  return types;
}

Settings read_settings(const std::string& path, const std::vector<std::string>& set_options) {
  const auto experiment = read_experiment(path);
  return parse_settings(experiment.toml, experiment.origin.text(), set_options);
}

Settings read_model_settings(const std::string& path) {
  Settings settings;
  const auto experiment = read_experiment(path);
  const auto name = experiment.origin.text();
  apply(settings, parse(experiment.toml, name), "", name);
  check_network(settings);
  return settings;
}

// A JSON string is a TOML string. A word stays as a user would type it, for run.json.
std::string string_option(std::string_view key, std::string_view value) {
  const bool is_word = value.find_first_of("'\n[]{}\"") == std::string_view::npos;
  return fmt::format("{}={}", key, is_word ? std::string(value) : nlohmann::json(value).dump());
}

std::string string_option(std::string_view key, const std::vector<std::string>& values) {
  return fmt::format("{}={}", key, nlohmann::json(values).dump());
}

Settings parse_settings(std::string_view toml, const std::string& name, const std::vector<std::string>& set_options) {
  Settings settings;
  apply(settings, parse(toml, name), "", name);
  for (const auto& option : set_options) apply(settings, parse_set_option(option), "", fmt::format("{}{}", set_option, option));
  check(settings);
  return settings;
}

std::string to_json(const Settings& settings) {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& k : keys()) object[std::string(k.doc.name)] = k.get(settings);
  return object.dump();
}

}  // namespace tbft

#undef TBFT_SETTING
