#include "harness/data/dataset.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "harness/data/corruption/corruption.h"
#include "harness/data/kinds.h"
#include "harness/host/edit_distance.h"
#include "tbft/power/uri.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;

bool is_name(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && std::ranges::all_of(text, fits);
}

bool is_known(std::string_view name) {
  return std::ranges::any_of(dataset_kinds(), [&](const DatasetKind& kind) { return kind.name == name; });
}

std::map<std::string, std::string> parse_params(std::string_view whole, std::string_view text) {
  std::map<std::string, std::string> params;
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find('&'));
    const auto equals = pair.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
      throw BadDatasetSpec(
          fmt::format("data set '{}': '{}' is not key=value; write ? in a path as %3F, & in a value as %26", whole, pair));
    }
    const bool is_new = params.emplace(pair.substr(0, equals), power::percent_decoded(pair.substr(equals + 1))).second;
    if (!is_new) throw BadDatasetSpec(fmt::format("data set '{}': '{}' is given twice", whole, pair.substr(0, equals)));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
  }
  return params;
}

}  // namespace

DatasetSpec parse_dataset_spec(std::string_view text) {
  const auto question = std::min(text.find('?'), text.size());
  const auto before = text.substr(0, question);
  DatasetSpec spec;
  if (question < text.size()) spec.params = parse_params(text, text.substr(question + 1));
  const auto colon = before.find(':');
  if (colon != std::string_view::npos && is_name(before.substr(0, colon))) {
    spec.name = before.substr(0, colon);
    spec.path = before.substr(colon + 1);
  } else if (is_known(before)) {
    spec.name = before;
  } else {
    spec.path = before;
  }
  if (spec.name.empty() && spec.path.empty()) {
    throw BadDatasetSpec(fmt::format("data set '{}' has neither a name nor a path; write e.g. imagefolder:DIR/test", text));
  }
  return spec;
}

std::string to_string(const DatasetSpec& spec) {
  std::string text = spec.name.empty() ? spec.path : spec.name + ":" + spec.path;
  char separator = '?';
  for (const auto& [key, value] : spec.params) {
    text += fmt::format("{}{}={}", separator, key, power::percent_encoded(value, "&"));
    separator = '&';
  }
  return text;
}

std::span<const DatasetKind> dataset_kinds() {
  static const std::vector<DatasetKind> kinds{
      {.name = "synthetic",
       .summary = "Built-in procedural shapes: 10 classes, 32 px, with a drift of each level",
       .example = "synthetic:?part=target&drift=input&n=4000",
       .conditions = {"input", "feature", "output"},
       .load = load_synthetic},
      {.name = "cifar10",
       .summary = "CIFAR-10, the official binary or Python version; part=train|test",
       .example = "cifar10:cifar-10-batches-bin?part=test",
       .load = load_cifar10},
      {.name = "cifar10-c",
       .drift = "input",
       .summary = "CIFAR-10-C, the official files: 15 corruptions at 5 severities, condition=CORRUPTION-SEVERITY",
       .example = "cifar10-c:CIFAR-10-C?condition=gaussian_noise-5",
       .conditions = condition_names(),
       .default_conditions = condition_names(severities),
       .load = load_cifar10_c},
      {.name = "cifar10-c-like",
       .drift = "input",
       .summary =
           "The same corruptions by our generator: a folder of `tbft data corrupt`, or a 32 px data set; seed=S&frost=DIR",
       .example = "cifar10-c-like:cifar10:cifar-10-batches-bin?condition=fog-3",
       .conditions = condition_names(),
       .default_conditions = condition_names(severities),
       .over_base = true,
       .load = load_cifar10_c_like},
      {.name = "cifar-flip",
       .drift = "output",
       .summary = "Label y becomes classes-1-y, over a CIFAR-10 binary folder or an image folder",
       .example = "cifar-flip:cifar-10-batches-bin",
       .over_base = true,
       .load = load_cifar_flip},
      {.name = "imagefolder",
       .summary = "One folder for each class: DIR/CLASS/*.jpg|jpeg|png; limit=N per class, classes=A,B,... fixes the labels, "
                  "resize=N&crop=N make one size, skip_damaged=true, cache=DIR|none",
       .example = "imagefolder:photos/test?resize=256&crop=224",
       .load = load_image_folder},
      {.name = "living17",
       .drift = "feature",
       .summary = "BREEDS Living-17 over an ImageNet tree: 17 superclasses, 128 px; part=target|source, split=all|train|val",
       .example = "living17:imagenet?part=target",
       .load = load_living17},
      {.name = "cifar10-pairs",
       .drift = "feature",
       .summary =
           "cat/dog, automobile/truck, deer/horse, airplane/ship of CIFAR-10; part=source|target: first or second of each",
       .example = "cifar10-pairs:imagefolder:cifar10/test?part=target",
       .over_base = true,
       .load = load_cifar10_pairs},
      {.name = "cifar100-super",
       .drift = "feature",
       .summary =
           "20 superclasses of CIFAR-100 (binary or Python version), 2 classes of each: part=target|source, split=train|test",
       .example = "cifar100-super:cifar-100-binary?part=target",
       .load = load_cifar100_super},
      {.name = "cifar100",
       .summary = "CIFAR-100 with its 100 classes (binary or Python version); part=train|test",
       .example = "cifar100:cifar-100-binary?part=test",
       .load = load_cifar100},
      {.name = "tinyimagenet",
       .summary = "Tiny ImageNet as its archive unpacks: 200 classes; part=train|test (test: val/), pixels=64|32, limit=N per "
                  "class, skip_damaged=true, cache=DIR|none",
       .example = "tinyimagenet:tiny-imagenet-200?part=train&pixels=32",
       .load = load_tinyimagenet},
      {.name = "subpopulation",
       .drift = "feature",
       .summary = "Superclasses of a base's classes by a table: map=pairs (CIFAR-10), cifar100, tinyimagenet, or a TOML file; "
                  "part=target|source, split=train|test of the base",
       .example = "subpopulation:tinyimagenet:tiny-imagenet-200?map=tinyimagenet&part=source&split=train",
       .over_base = true,
       .load = load_subpopulation},
      {.name = "drifted",
       .summary = "Any labelled data set under named drifts, condition=PART+PART...; seed=S&frost=DIR",
       .example = "drifted:imagefolder:photos/test?condition=rotation-30+flip",
       .default_conditions = {"none"},
       .grammar = &drifted_grammar(),
       .over_base = true,
       .load = load_drifted},
  };
  return kinds;
}

const DatasetKind& find_dataset(std::string_view name) {
  const auto kinds = dataset_kinds();
  const auto it = std::ranges::find(kinds, name, &DatasetKind::name);
  if (it != kinds.end()) return *it;
  std::vector<std::string_view> known;
  for (const auto& kind : kinds) known.push_back(kind.name);
  throw BadDatasetSpec(fmt::format("unknown data set '{}'; known: {}", name, fmt::join(known, ", ")));
}

std::vector<std::string> default_conditions(const DatasetKind& kind) {
  return kind.default_conditions.empty() ? kind.conditions : kind.default_conditions;
}

std::string condition_error(const DatasetKind& kind, std::string_view condition) {
  if (kind.grammar != nullptr) return kind.grammar->error(condition);
  if (std::ranges::find(kind.conditions, condition) != kind.conditions.end()) return "";
  if (kind.conditions.empty()) return fmt::format("{} has no conditions", kind.name);
  constexpr std::size_t readable = 10;
  if (kind.conditions.size() <= readable) return fmt::format("'{}' is none of {}", condition, fmt::join(kind.conditions, ", "));
  return fmt::format("'{}' is none of the {} conditions of {}, CORRUPTION-SEVERITY such as {}; did you mean '{}'?", condition,
                     kind.conditions.size(), kind.name, kind.default_conditions.front(),
                     *nearest_to(condition, kind.conditions));
}

std::string drift_of(const DatasetKind& kind, DatasetSpec spec, const std::string& condition) {
  if (kind.grammar == nullptr) return std::string(kind.drift);
  if (!condition.empty()) spec.params["condition"] = condition;
  return kind.grammar->drift(spec);
}

DatasetSpec dataset_at(const std::string& name, const std::string& path) {
  auto spec = parse_dataset_spec(path);
  return spec.name == name ? spec : DatasetSpec{name, path, {}};
}

std::string folder_of(const DatasetSpec& spec) {
  return power::percent_decoded(spec.path);
}

DatasetSpec resolve_dataset(const DatasetSpec& spec) {
  if (!spec.name.empty()) return spec;
  std::error_code error;
  const std::string folder = folder_of(spec);
  if (!fs::is_directory(folder, error)) {
    throw DataError(fmt::format(
        "{}: no such folder; name a CIFAR-10 binary folder, or a folder with one folder of images for each class", folder));
  }
  DatasetSpec resolved = spec;
  resolved.name = is_cifar10(folder) ? "cifar10" : "imagefolder";
  return resolved;
}

Images load_dataset(const DatasetSpec& spec) {
  const DatasetSpec resolved = resolve_dataset(spec);
  return find_dataset(resolved.name).load(resolved);
}

}  // namespace tbft::data
