// Which values settings may have, and what protocol and data set determine: check(), completed() and effective() of settings.h.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "harness/data/dataset.h"
#include "harness/experiment/model_settings.h"
#include "harness/experiment/setting_keys.h"
#include "harness/experiment/settings.h"
#include "harness/measurement/run_meter.h"
#include "harness/training/noise.h"
#include "harness/training/strategies/strategy.h"
#include "results/text.h"

namespace tbft {

using setting::check_one_of;
using setting::check_range;
using setting::fail;

namespace {

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
    if (path->empty()) continue;
    // data.conditions would silently replace it.
    const auto given = data::parse_dataset_spec(*path).params;
    const auto refuse = [&](const char* key) {
      if (given.contains(key))
        fail(path == &s.data.path ? "data.path" : "data.train_path",
             fmt::format("must not contain {}=; list it in data.conditions", key));
    };
    if (kind->grammar != nullptr || !kind->conditions.empty()) refuse("condition");
    if (kind->conditions_are_levels() && !kind->conditions.empty()) refuse("drift");
  }
  for (const auto& condition : s.data.conditions) {
    if (noised_block(condition)) continue;
    if (const auto reason = data::condition_error(*kind, condition); !reason.empty()) fail("data.conditions", reason);
  }
}

void check_axes(const Settings& s) {
  const auto check_axis = [](std::string_view key_name, const std::vector<std::int64_t>& values, double high) {
    for (const auto value : values) check_range(key_name, static_cast<double>(value), 1, high);
    check_distinct(key_name, values);
  };
  check_axis("sweep.threads", s.sweep.threads, 1024);
  check_axis("sweep.batch", s.sweep.batch, 65536);
  check_axis("sweep.max_kHz", s.sweep.max_kHz, 1e9);
  check_distinct("sweep.governor", s.sweep.governor);
  precision_of(s);
  memory_limit_bytes(s);
  for (const auto& governor : s.sweep.governor)
    if (governor.empty() || governor.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") != std::string::npos)
      fail("sweep.governor", fmt::format("'{}' is no governor's name", results::printable(governor)));
}

// Whether a frozen block gives the same output for an image in every epoch.
bool may_cache(const Settings& s) {
  return s.protocol == "efficient" && s.train.batchnorm != "train" && !s.train.augment;
}

}  // namespace

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
  check_axes(s);
  check_distinct("data.conditions", s.data.conditions);
  check_network(s);
  check_noise(s);
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

Precision precision_of(const Settings& settings) {
  if (settings.sweep.until.empty()) return {};
  Precision target;
  double percent = 0;
  std::string sign, rest;
  std::istringstream in(settings.sweep.until);
  in >> target.quantity >> percent >> sign;
  const bool good = in && sign == "%" && !(in >> rest) && percent > 0 && percent < 100 &&
                    (target.quantity == "train_J" || target.quantity == "train_s");
  if (!good)
    fail("sweep.until", fmt::format("'{}' is not like \"train_J 2 %\" or \"train_s 2 %\", with a number between 0 and 100",
                                    results::printable(settings.sweep.until)));
  target.relative = percent / 100;
  return target;
}

std::int64_t parse_size(const std::string& where, std::string_view text) {
  double value = 0;
  std::string unit, rest;
  std::istringstream in{std::string(text)};
  in >> value >> unit;
  static const std::map<std::string, double, std::less<>> units{{"MB", 1e6}, {"MiB", 0x1p20}, {"GB", 1e9}, {"GiB", 0x1p30}};
  const auto found = units.find(unit);
  constexpr double most = 0x1p50;
  if (!in || in >> rest || found == units.end() || !(value > 0) || value * found->second > most)
    fail(where, fmt::format("'{}' is no size; write it like 512MiB or 2GB", results::printable(text)));
  return static_cast<std::int64_t>(value * found->second);
}

std::optional<std::int64_t> memory_limit_bytes(const Settings& settings) {
  if (settings.memory_limit.empty()) return std::nullopt;
  return parse_size("memory_limit", settings.memory_limit);
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

}  // namespace tbft

#undef TBFT_SETTING
