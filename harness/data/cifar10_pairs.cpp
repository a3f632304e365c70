// Feature-level drift from CIFAR-10 alone. Two classes that look alike form one superclass: the base model is trained on one
// and adapted to the other.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "harness/data/kinds.h"
#include "harness/data/params.h"

namespace tbft::data {
namespace {

struct Pair {
  std::string_view source, target;
};
// The pairs in the order of the labels 0..3.
constexpr std::array<Pair, 4> pairs{{{"cat", "dog"}, {"automobile", "truck"}, {"deer", "horse"}, {"airplane", "ship"}}};

// The superclass label of each class of the base; -1 marks a class that is skipped.
std::vector<std::int64_t> labels_of(const std::vector<std::string>& base_names, bool is_target, const std::string& base) {
  std::vector<std::int64_t> labels(base_names.size(), -1);
  std::vector<std::string_view> missing;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto name = is_target ? pairs[i].target : pairs[i].source;
    const auto found = std::ranges::find(base_names, name);
    if (found == base_names.end())
      missing.push_back(name);
    else
      labels[static_cast<std::size_t>(found - base_names.begin())] = static_cast<std::int64_t>(i);
  }
  if (!missing.empty()) {
    throw DataError(fmt::format("{}: no class named {}; cifar10-pairs wants CIFAR-10 with its own class names, this has {}",
                                base, fmt::join(missing, ", "), fmt::join(base_names, ", ")));
  }
  return labels;
}

}  // namespace

Images load_cifar10_pairs(const DatasetSpec& spec) {
  DatasetSpec base = base_of(spec, {"part", "split"});
  const Params params(without_base_params(spec, {"part", "split"}), {"part", "split"});
  const bool is_target = params.is_target();
  if (spec.params.contains("split")) {
    base = resolve_dataset(base);
    if (base.name != "cifar10") {
      throw BadDatasetSpec(fmt::format(
          "{}: split chooses a file of the binary version; here name the folder, such as DIR/train", to_string(spec)));
    }
    base.params["part"] = params.one_of("split", "test", {"train", "test"});
  }
  const Images all = load_dataset(base);
  const auto labels = labels_of(all.class_names, is_target, to_string(base));
  Images images{.height = all.height, .width = all.width, .notes = all.notes};
  for (const auto& pair : pairs) images.class_names.push_back(fmt::format("{}/{}", pair.source, pair.target));
  for (std::int64_t i = 0; i < all.size(); ++i) {
    const auto label = labels[static_cast<std::size_t>(all.labels[static_cast<std::size_t>(i)])];
    if (label < 0) continue;
    images.labels.push_back(label);
    images.pixels.append(all.image(i));
  }
  return images;
}

}  // namespace tbft::data
