// Feature-level drift of BREEDS' kind over any data set: superclasses whose target classes the base model never saw (Santurkar,
// Tsipras, Madry: "BREEDS: Benchmarks for Subpopulation Shift", ICLR 2021). A table says which classes make a superclass.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/data/class_names.h"
#include "harness/data/image_file.h"
#include "harness/data/kinds.h"
#include "harness/data/params.h"
#include "harness/data/superclass_table.h"
#include "harness/host/edit_distance.h"
#include "results/text.h"

namespace tbft::data {
namespace {

using results::printable;

constexpr std::size_t most_listed = 10;  // so that a thousand classes stay one line

// "a, b, c and 17 more"
std::string listed(const std::vector<std::string>& names) {
  const auto shown = std::min(names.size(), most_listed);
  return fmt::format("{}{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                     shown < names.size() ? fmt::format(" and {} more", names.size() - shown) : "");
}

// The name, with the nearest class of the base in brackets where one is near.
std::string with_suggestion(const std::string& name, const std::vector<std::string>& base_names) {
  const auto wanted = comparable(name);
  const auto nearest = nearest_to(wanted, base_names, [](const std::string& other) { return comparable(other); });
  const bool near = nearest != base_names.end() && is_near(wanted, comparable(*nearest));
  return printable(name) + (near ? fmt::format(" (did you mean '{}'?)", *nearest) : "");
}

// The superclass of each class of the base; -1 marks a class that is left out. Throws DataError that lists the classes of the
// part that the base lacks.
std::vector<std::int64_t> labels_of(const std::vector<std::string>& base_names, const std::vector<Superclass>& superclasses,
                                    bool is_target, const std::string& table, const std::string& base) {
  std::vector<std::int64_t> labels(base_names.size(), -1);
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < superclasses.size(); ++i) {
    const auto& names = is_target ? superclasses[i].target : superclasses[i].source;
    const auto indices = indices_of(names, base_names);
    for (std::size_t k = 0; k < names.size(); ++k) {
      if (indices[k] < 0)
        missing.push_back(missing.size() < most_listed ? with_suggestion(names[k], base_names) : "");
      else
        labels[static_cast<std::size_t>(indices[k])] = static_cast<std::int64_t>(i);
    }
  }
  if (!missing.empty())
    throw DataError(fmt::format("{}: no class named {}; wanted as {} by the table {}; this has {}", base, listed(missing),
                                is_target ? "target" : "source", table, listed(base_names)));
  return labels;
}

// The base with the part that split=train|test chooses.
DatasetSpec base_with_split(const DatasetSpec& spec, const Params& params, const std::vector<std::string_view>& own) {
  DatasetSpec base = base_of(spec, own);
  if (!spec.params.contains("split")) return base;
  base = resolve_dataset(base);
  if (base.name == "imagefolder")
    throw BadDatasetSpec(
        fmt::format("{}: split chooses the part of a base that has some; of an image folder name the folder, "
                    "such as DIR/train",
                    to_string(spec)));
  base.params["part"] = params.one_of("split", "test", {"train", "test"});
  return base;
}

// `own` are the parameters of the set that is made, the others go to the base.
Images load_superclasses(const DatasetSpec& spec, const std::vector<std::string_view>& own, const std::string& map) {
  const Params params(without_base_params(spec, own), own);
  const bool is_target = params.is_target();
  const auto superclasses = find_superclasses(map);
  const auto base = base_with_split(spec, params, own);
  const Images all = load_dataset(base);
  const auto labels = labels_of(all.class_names, superclasses, is_target, map, to_string(base));
  const auto label_of = [&](std::int64_t i) {
    return labels[static_cast<std::size_t>(all.labels[static_cast<std::size_t>(i)])];
  };
  Images images{.height = all.height, .width = all.width, .notes = all.notes};
  for (const auto& superclass : superclasses) images.class_names.push_back(superclass.name);
  for (std::int64_t i = 0; i < all.size(); ++i)
    if (label_of(i) >= 0) images.labels.push_back(label_of(i));
  if (!images.labels.empty()) check_memory(to_string(base), images.labels.size(), all.height, all.width);
  images.pixels.owned().reserve(images.labels.size() * static_cast<std::size_t>(all.bytes_per_image()));
  for (std::int64_t i = 0; i < all.size(); ++i)
    if (label_of(i) >= 0) images.pixels.append(all.image(i));
  return images;
}

}  // namespace

Images load_subpopulation(const DatasetSpec& spec) {
  const auto map = spec.params.find("map");
  if (map == spec.params.end()) {
    std::vector<std::string_view> names;
    for (const auto& table : shipped_tables()) names.push_back(table.name);
    throw BadDatasetSpec(
        fmt::format("{}: needs map=TABLE, one of {} or a TOML file, map=./FILE.toml", to_string(spec), fmt::join(names, ", ")));
  }
  return load_superclasses(spec, {"part", "split", "map"}, map->second);
}

Images load_cifar10_pairs(const DatasetSpec& spec) {
  return load_superclasses(spec, {"part", "split"}, "pairs");
}

}  // namespace tbft::data
