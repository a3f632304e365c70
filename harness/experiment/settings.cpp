#include "harness/experiment/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <type_traits>
#include <utility>

#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

#include "harness/data/dataset.h"
#include "harness/experiment/experiments.h"
#include "harness/experiment/setting_texts.h"
#include "harness/host/edit_distance.h"
#include "harness/host/toml_depth.h"
#include "harness/host/usage_error.h"
#include "harness/measurement/run_meter.h"
#include "harness/training/noise.h"
#include "harness/training/strategies/strategy.h"
#include "models/script/blocks.h"
#include "results/text.h"

namespace tbft {

namespace {

using Numbers = std::vector<double>;
using Strings = std::vector<std::string>;

[[noreturn]] void fail(const std::string& where, const std::string& what) {
  throw UsageError(fmt::format("{}: {}", where, what));
}

constexpr std::string_view set_option = "--set ";  // begins the source of a --set option, which has no file and no lines

std::string place(const toml::node& node, const std::string& source) {
  return source.starts_with(set_option) ? source : fmt::format("{}:{}", source, node.source().begin.line);
}

// Each overload converts the file's value to the type of the setting, or reports the expected kind.
void assign(std::string& to, const toml::node& node, const std::string& where) {
  if (!node.is_string()) fail(where, "expects a string in quotes");
  to = node.as_string()->get();
}
void assign(bool& to, const toml::node& node, const std::string& where) {
  if (!node.is_boolean()) fail(where, "expects true or false");
  to = node.as_boolean()->get();
}
void assign(std::int64_t& to, const toml::node& node, const std::string& where) {
  if (!node.is_integer()) fail(where, "expects a whole number");
  to = node.as_integer()->get();
}
void assign(double& to, const toml::node& node, const std::string& where) {
  if (!node.is_number()) fail(where, "expects a number");
  // node.value<double>() is empty for an integer that a double cannot hold exactly, so it is not used.
  to = node.is_integer() ? static_cast<double>(node.as_integer()->get()) : node.as_floating_point()->get();
  if (!std::isfinite(to)) fail(where, "expects a finite number");
}
template <typename T>
void assign(std::vector<T>& to, const toml::node& node, const std::string& where) {
  if (!node.is_array()) fail(where, "expects a list in [ ]");
  to.clear();
  for (const auto& element : *node.as_array()) assign(to.emplace_back(), element, where);
}
std::string_view example_of(const std::map<std::string, double>&) {
  return "{ default = 1e-3, fc = 1e-2 }";
}
std::string_view example_of(const models::BlockTable&) {
  return "{ block1 = [\"conv1.*\"], fc = [\"fc.*\"] }";
}
// Sets the given entries and keeps the others: `train.lr.fc = 0.02` keeps the default rate.
template <typename T>
void assign(std::map<std::string, T>& to, const toml::node& node, const std::string& where) {
  if (!node.is_table()) fail(where, fmt::format("expects a table such as {}", example_of(to)));
  for (const auto& [name, value] : *node.as_table())
    assign(to[std::string(name.str())], value, fmt::format("{}.{}", where, name.str()));
}

// For people, as docs/settings.md has it.
template <typename T>
constexpr std::string_view type_name() {
  if constexpr (std::is_same_v<T, std::string>) return "string";
  if constexpr (std::is_same_v<T, bool>) return "true or false";
  if constexpr (std::is_same_v<T, std::int64_t>) return "whole number";
  if constexpr (std::is_same_v<T, double>) return "number";
  if constexpr (std::is_same_v<T, Numbers>) return "list of numbers";
  if constexpr (std::is_same_v<T, Strings>) return "list of strings";
  if constexpr (std::is_same_v<T, std::map<std::string, double>>) return "table of numbers";
  if constexpr (std::is_same_v<T, models::BlockTable>) return "table of lists";
}

struct Key {
  SettingKey doc;
  std::string_view type;
  std::function<void(Settings&, const toml::node&, const std::string&)> set;
  std::function<nlohmann::json(const Settings&)> get;
};

// `member` returns the setting's place in Settings, for reading and writing.
template <typename Member>
Key key(std::string_view name, SettingRole role, std::string_view help, Member member) {
  using Value = std::remove_reference_t<decltype(member(std::declval<Settings&>()))>;
  return {{name, role, help},
          type_name<Value>(),
          [member](Settings& s, const toml::node& node, const std::string& where) { assign(member(s), node, where); },
          [member](const Settings& s) { return nlohmann::json(member(s)); }};
}

const std::vector<Key>& keys() {
// Makes the key and the member from one token, so that they cannot differ.
// NOLINTBEGIN(bugprone-macro-parentheses): a member's name needs no parentheses
#define TBFT_SETTING(path, role, help) \
  key(                                 \
      #path, role, help, [](auto& s) -> auto& { return s.path; })
  // NOLINTEND(bugprone-macro-parentheses)
  using enum SettingRole;
  static const std::vector<Key> all{
      TBFT_SETTING(name, run, "name of the experiment, in cells.csv"),
      TBFT_SETTING(description, place, "a line that describes it to readers"),
      TBFT_SETTING(protocol, result, "paper (faithful) or efficient (frozen blocks in eval mode)"),
      TBFT_SETTING(threads, machine, "intra-op threads; 0: all cores"),
      TBFT_SETTING(backend, machine, "convolutions by onednn or native; auto: onednn if libtorch has it"),
      TBFT_SETTING(layout, result, "channels_last, or contiguous: torch's own operations, slower"),
      TBFT_SETTING(data.dataset, result, "data set, as `tbft data list` names it"),
      TBFT_SETTING(data.path, place, "its location: a path or name:PATH?key=value"),
      TBFT_SETTING(data.train_path, place,
                   "images to train on that are not part of data.path (which then provides val and test)"),
      TBFT_SETTING(data.conditions, list, "drifts to sweep, for data sets with several"),
      TBFT_SETTING(model.checkpoint, place, "base model, a .pth state dict"),
      TBFT_SETTING(model.key, result, "key of the weights in a checkpoint with several models, such as ema"),
      TBFT_SETTING(model.network, result,
                   "torchscript: the checkpoint is a TorchScript file, a program (needs --allow-script); empty: recognised"),
      TBFT_SETTING(
          model.blocks, result,
          "of a TorchScript file: patterns for names of parameters, { block1 = [\"conv1.*\"], fc = [\"fc.*\"] }; none = "
          "[...] for those that only full tunes"),
      TBFT_SETTING(model.pixels, result,
                   "side of the images; 0: what the weights say, or the family's usual (32 for a TorchScript file)"),
      TBFT_SETTING(
          model.mean, result,
          "mean of red, green and blue in [0, 1] that inputs are normalised by; []: the family's (0.5 for a TorchScript "
          "file, as the paper's networks)"),
      key(
          "model.std", result, "their deviation; []: the family's (0.5 for a TorchScript file)",
          [](auto& s) -> auto& { return s.model.deviation; }),
      TBFT_SETTING(model.reference, place,
                   "for strategy diagnosed: reference of the source, from tbft diagnose --save-reference"),
      TBFT_SETTING(model.noise_sigma, result,
                   "for conditions noise-BLOCK: deviation by block, { block1 = 0.15 }; searched for other blocks"),
      TBFT_SETTING(sweep.train_sizes, list, "fractions of all target images (of data.train_path if given), each in (0, 0.7]"),
      TBFT_SETTING(sweep.val_size, result,
                   "fraction of all target images for validation, in (0, 0.15]; the rest is for testing"),
      TBFT_SETTING(sweep.strategies, list, "strategies to compare"),
      TBFT_SETTING(sweep.repetitions, list, "repetitions of every cell"),
      TBFT_SETTING(sweep.seed, result, "training seed of repetition 0; each further one adds 1"),
      TBFT_SETTING(sweep.split_seed, result, "seed of the train/val/test split, the same in every repetition"),
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
#undef TBFT_SETTING
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

template <typename T>
void check_one_of(std::string_view key_name, const T& value, std::initializer_list<std::string_view> allowed) {
  if (std::ranges::find(allowed, value) == allowed.end())
    fail(std::string(key_name), fmt::format("'{}' is none of {}", value, fmt::join(allowed, ", ")));
}

void check_range(std::string_view key_name, double value, double low, double high) {
  if (!(value >= low && value <= high)) fail(std::string(key_name), fmt::format("{} is outside {}..{}", value, low, high));
}

template <typename T>
void check_distinct(std::string_view key_name, std::vector<T> values) {
  std::ranges::sort(values);
  if (const auto twice = std::ranges::adjacent_find(values); twice != values.end())
    fail(std::string(key_name), fmt::format("{} is listed twice", *twice));
}

// The name begins the run directory's name: runs/NAME-TIME.
void check_folder_name(std::string_view name) {
  constexpr std::size_t longest = 200;
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (name.size() > longest || name.find('/') != std::string_view::npos || std::ranges::any_of(name, is_control))
    fail("name", fmt::format("'{}' cannot begin a folder's name: at most {} bytes, no / and no control characters",
                             results::printable(name), longest));
}

void check_data(const Settings& s) {
  if (s.data.dataset.empty()) fail("data.dataset", "required; `tbft data list` shows the known ones");
  if (s.data.path.empty()) fail("data.path", "required: a path or name:PATH?key=value");
  const data::DatasetKind* kind = nullptr;
  try {
    kind = &data::find_dataset(s.data.dataset);
    data::parse_dataset_spec(s.data.path);
    if (!s.data.train_path.empty()) data::parse_dataset_spec(s.data.train_path);
    data::drift_of(*kind, data::dataset_at(s.data.dataset, s.data.path), "");
  } catch (const data::DataError& error) {
    fail(kind == nullptr ? "data.dataset" : "data.path", error.what());
  }
  for (const auto* path : {&s.data.path, &s.data.train_path}) {
    if (kind->grammar == nullptr || path->empty()) continue;
    // data.conditions would silently replace it.
    if (data::dataset_at(s.data.dataset, *path).params.contains("condition"))
      fail(path == &s.data.path ? "data.path" : "data.train_path", "must not contain condition=; list it in data.conditions");
  }
  for (const auto& condition : s.data.conditions) {
    if (noised_block(condition)) continue;
    if (const auto reason = data::condition_error(*kind, condition); !reason.empty()) fail("data.conditions", reason);
  }
}

void check_colours(std::string_view key_name, const std::vector<double>& values, double low) {
  if (values.empty()) return;
  if (values.size() != 3)
    fail(std::string(key_name), fmt::format("has {} numbers; it needs three: red, green, blue", values.size()));
  for (const double value : values) check_range(key_name, value, low, 1);
}

void check_network(const Settings& s) {
  const auto& model = s.model;
  check_range("model.pixels", static_cast<double>(model.pixels), 0, 32768);
  check_colours("model.mean", model.mean, 0);
  check_colours("model.std", model.deviation, 1e-3);
  if (model.network.empty()) {
    if (!model.blocks.empty()) fail("model.blocks", "only a TorchScript file needs them: model.network = \"torchscript\"");
    return;
  }
  check_one_of("model.network", model.network, {models::torchscript_network});
  if (model.blocks.empty())
    fail("model.blocks",
         "required for a TorchScript file: a table such as block1 = [\"conv1.*\", \"layer1.*\"], fc = [\"fc.*\"]");
  try {
    models::blocks_in(model.blocks);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
}

// Whether a frozen block gives the same output for an image in every epoch.
bool may_cache(const Settings& s) {
  return s.protocol == "efficient" && s.train.batchnorm != "train" && !s.train.augment;
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

Settings parse_settings(std::string_view toml, const std::string& name, const std::vector<std::string>& set_options) {
  Settings settings;
  apply(settings, parse(toml, name), "", name);
  for (const auto& option : set_options) apply(settings, parse_set_option(option), "", fmt::format("{}{}", set_option, option));
  check(settings);
  return settings;
}

void check(const Settings& s) {
  if (s.name.empty()) fail("name", "the experiment needs a name");
  check_folder_name(s.name);
  check_one_of("protocol", s.protocol, {"paper", "efficient"});
  check_one_of("backend", s.backend, {"auto", "onednn", "native"});
  check_one_of("layout", s.layout, {"channels_last", "contiguous"});
  check_one_of("train.optimizer", s.train.optimizer, {"sgd", "adam"});
  if (!s.train.batchnorm.empty()) check_one_of("train.batchnorm", s.train.batchnorm, {"train", "frozen-eval", "eval"});
  check_one_of("train.cache", s.train.cache, {"auto", "fp32", "bf16", "off"});
  check_range("train.cache_limit_MiB", static_cast<double>(s.train.cache_limit_MiB), 0, 1e9);
  if ((s.train.cache == "fp32" || s.train.cache == "bf16") && !may_cache(s))
    fail("train.cache",
         "needs protocol = efficient, BatchNorm of frozen blocks in eval mode and train.augment = false; otherwise "
         "their outputs differ between epochs");
  if (s.train.refresh_bn && s.protocol != "efficient") fail("train.refresh_bn", "needs protocol = efficient");
  check_range("threads", static_cast<double>(s.threads), 0, 1024);
  check_range("train.batch", static_cast<double>(s.train.batch), 1, 65536);
  check_range("train.epochs", static_cast<double>(s.train.epochs), 1, 100000);
  check_range("train.patience", static_cast<double>(s.train.patience), 1, 100000);
  check_range("train.momentum", s.train.momentum, 0, 1);
  check_range("train.weight_decay", s.train.weight_decay, 0, 1);
  check_range("sweep.repetitions", static_cast<double>(s.sweep.repetitions), 1, 10000);
  check_range("sweep.seed", static_cast<double>(s.sweep.seed), 0, 4e9);
  check_range("sweep.split_seed", static_cast<double>(s.sweep.split_seed), 0, 4294967295.0);
  check_range("meter.interval_s", s.meter.interval_s, 0, 60);
  check_marker(s.meter.marker);
  check_one_of("meter.trace", s.meter.trace, {"full", "cells", "off"});
  check_one_of("meter.realtime", s.meter.realtime, {"auto", "on", "off"});
  if (s.idle.seconds != -1) check_range("idle.seconds", s.idle.seconds, 0, 3600);
  check_range("cooldown.max_C", s.cooldown.max_C, 0, 200);
  check_range("cooldown.timeout_s", s.cooldown.timeout_s, 0, 86400);
  if (s.sweep.train_sizes.empty()) fail("sweep.train_sizes", "the list is empty");
  if (s.sweep.strategies.empty()) fail("sweep.strategies", "the list is empty");
  for (const double size : s.sweep.train_sizes)
    if (!(size > 0 && size <= 0.7)) fail("sweep.train_sizes", fmt::format("{} is outside (0, 0.7]", size));
  if (!(s.sweep.val_size > 0 && s.sweep.val_size <= paper_val_size))
    fail("sweep.val_size", fmt::format("{} is outside (0, {}]", s.sweep.val_size, paper_val_size));
  check_distinct("sweep.train_sizes", s.sweep.train_sizes);
  check_distinct("sweep.strategies", s.sweep.strategies);
  check_distinct("data.conditions", s.data.conditions);
  check_network(s);
  for (const auto& [block, sigma] : s.model.noise_sigma) {
    if (!noised_block("noise-" + block))
      fail("model.noise_sigma", fmt::format("'{}' is none of block1, block2, ..., fc", block));
    check_range("model.noise_sigma." + block, sigma, 0, 1000);
  }
  for (const double factor : s.train.lr_search) check_range("train.lr_search", factor, 1e-6, 1e6);
  check_distinct("train.lr_search", s.train.lr_search);
  try {
    for (const auto& strategy : s.sweep.strategies) find_strategy(strategy);
    for (const auto& [strategy, lr] : s.train.lr) {
      if (strategy != "default") find_strategy(strategy);
      if (!(lr > 0 && lr <= 100)) fail("train.lr." + strategy, fmt::format("{} is outside (0, 100]", lr));
    }
  } catch (const std::invalid_argument& error) {
    fail("sweep.strategies or train.lr", error.what());
  }
  check_data(s);
  if (std::ranges::find(s.sweep.strategies, "diagnosed") != s.sweep.strategies.end()) {
    if (s.model.reference.empty())
      fail("model.reference",
           "strategy diagnosed needs it: tbft diagnose --checkpoint BASE --source DATASET --save-reference FILE");
    if (!s.train.lr_search.empty())
      fail("train.lr_search",
           "no rate can be searched for strategy diagnosed, because it may become any other; sweep it separately");
  }
  if (s.model.checkpoint.empty()) fail("model.checkpoint", "required: the base model, --set model.checkpoint=FILE.pth");
}

models::NetworkFile network_file(const Settings& settings, bool allow_script) {
  const auto& model = settings.model;
  const auto colours = [](const std::vector<double>& values) -> std::optional<std::array<float, 3>> {
    if (values.empty()) return std::nullopt;
    return std::array{static_cast<float>(values.at(0)), static_cast<float>(values.at(1)), static_cast<float>(values.at(2))};
  };
  return {.path = model.checkpoint,
          .key = model.key,
          .network = model.network,
          .blocks = model.blocks,
          .pixels = static_cast<int>(model.pixels),
          .mean = colours(model.mean),
          .deviation = colours(model.deviation),
          .allow_script = allow_script};
}

Settings completed(Settings s) {
  if (s.train.batchnorm.empty()) s.train.batchnorm = s.protocol == "paper" ? "train" : "frozen-eval";
  if (s.train.cache == "auto") s.train.cache = may_cache(s) ? "fp32" : "off";
  if (s.data.conditions.empty()) s.data.conditions = data::default_conditions(data::find_dataset(s.data.dataset));
  return s;
}

Settings effective(Settings settings, std::int64_t cores) {
  if (settings.threads == 0) settings.threads = cores;
  return completed(std::move(settings));
}

std::string to_json(const Settings& settings) {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& k : keys()) object[std::string(k.doc.name)] = k.get(settings);
  return object.dump();
}

}  // namespace tbft
