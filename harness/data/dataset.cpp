#include "harness/data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "harness/data/kinds.h"

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
      throw BadDatasetSpec(fmt::format("data set '{}': '{}' is not key=value", whole, pair));
    }
    const bool is_new = params.emplace(pair.substr(0, equals), pair.substr(equals + 1)).second;
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
    text += fmt::format("{}{}={}", separator, key, value);
    separator = '&';
  }
  return text;
}

std::span<const DatasetKind> dataset_kinds() {
  static const std::vector<DatasetKind> kinds{
      {.name = "synthetic",
       .drift = "",
       .summary = "Procedural shapes, built in: 10 classes, 32 px; every drift can be made",
       .example = "synthetic:?part=target&drift=input&n=4000",
       .conditions = {"input", "feature", "output"},
       .load = load_synthetic},
      {.name = "cifar10",
       .drift = "",
       .summary = "CIFAR-10, the official binary version; part=train|test",
       .example = "cifar10:cifar-10-batches-bin?part=test",
       .conditions = {},
       .load = load_cifar10},
      {.name = "cifar-flip",
       .drift = "output",
       .summary = "Label y becomes classes-1-y, over a CIFAR-10 binary folder or an image folder",
       .example = "cifar-flip:cifar-10-batches-bin",
       .conditions = {},
       .load = load_cifar_flip},
      {.name = "imagefolder",
       .drift = "",
       .summary = "A folder of images a class: DIR/CLASS/*.jpg|jpeg|png, all of one size; limit=N a class",
       .example = "imagefolder:photos/test?limit=100",
       .conditions = {},
       .load = load_image_folder},
  };
  return kinds;
}

const DatasetKind& find_dataset(std::string_view name) {
  const auto kinds = dataset_kinds();
  const auto it = std::ranges::find(kinds, name, &DatasetKind::name);
  if (it != kinds.end()) return *it;
  std::string known;
  for (const auto& kind : kinds) known += fmt::format("{}{}", known.empty() ? "" : ", ", kind.name);
  throw BadDatasetSpec(fmt::format("unknown data set '{}'; known: {}", name, known));
}

DatasetSpec resolve_dataset(const DatasetSpec& spec) {
  if (!spec.name.empty()) return spec;
  std::error_code error;
  if (!fs::is_directory(spec.path, error)) {
    throw DataError(fmt::format(
        "{}: no such folder; name a CIFAR-10 binary folder, or a folder with one folder of images a class", spec.path));
  }
  DatasetSpec resolved = spec;
  resolved.name = is_cifar10(spec.path) ? "cifar10" : "imagefolder";
  return resolved;
}

Images load_dataset(const DatasetSpec& spec) {
  const DatasetSpec resolved = resolve_dataset(spec);
  return find_dataset(resolved.name).load(resolved);
}

}  // namespace tbft::data
