#include "harness/sweep/target_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "harness/data/class_names.h"
#include "harness/training/noise.h"

namespace tbft {

namespace {

std::string_view bytes(const void* begin, std::size_t size) {
  return {static_cast<const char*>(begin), size};
}

// Returns a remark for the user, or nothing.
std::string append(data::Images& images, data::Images more) {
  if (more.height != images.height || more.width != images.width)
    throw data::DataError(fmt::format("data.train_path has images of {}x{}, data.path of {}x{}; they must have the same size",
                                      more.width, more.height, images.width, images.height));
  auto note = data::use_class_names(more, images.class_names, "data.train_path");
  if (const auto shared = data::check_shared(images, "data.path", more, "data.train_path"); !shared.empty())
    note += (note.empty() ? "" : "; ") + shared;
  images.pixels.append(more.pixels);
  images.labels.insert(images.labels.end(), more.labels.begin(), more.labels.end());
  return note;
}

}  // namespace

TargetData::TargetData(const Settings& effective, const std::vector<Cell>& plan,
                       const std::function<void(const std::string&)>& loading, const ModelClasses& model,
                       const std::function<void(const std::string&)>& warn)
    : settings_(effective) {
  std::set<std::string> warned;
  const auto warn_once = [&](const std::string& note) {
    if (warn && !note.empty() && warned.insert(note).second) warn(note);
  };
  for (const auto& cell : plan) {
    if (sets_.contains(key(cell))) continue;
    Set set;
    std::vector<std::vector<std::string>> classes;  // of each set, before they become the model's
    const auto load = [&](const std::string& path) {
      const auto spec = spec_of(path, cell);
      loading(data::to_string(spec));
      auto images = data::load_dataset(spec);
      classes.push_back(images.class_names);
      for (const auto& note : images.notes) warn_once(note);
      if (model.outputs > 0) warn_once(data::fit_to_outputs(images, model.names, model.outputs, path));
      return images;
    };
    set.images = load(settings_.data.path);
    set.own = set.images.size();
    if (!settings_.data.train_path.empty()) {
      auto more = load(settings_.data.train_path);
      // Each set exchanged its labels by its own numbers of classes.
      if (cell.drift.find("output") != std::string::npos && classes.front() != classes.back())
        throw data::DataError(fmt::format(
            "data.train_path has {} classes and data.path {}, and their names are not the same, letter for letter: the drift "
            "exchanges labels by their numbers, so give both the same class folders",
            classes.back().size(), classes.front().size()));
      warn_once(append(set.images, std::move(more)));
    }
    sets_.emplace(key(cell), std::move(set));
    // Detects a size that leaves a part empty now instead of hours later.
    for (Cell sized = cell; const double size : settings_.sweep.train_sizes) {
      sized.train_size = size;
      split(sized);
    }
  }
}

data::Split TargetData::split(const Cell& cell) const {
  const auto& set = sets_.at(key(cell));
  const auto seed = static_cast<std::uint32_t>(settings_.sweep.split_seed);
  auto split = data::paper_split(set.own, cell.train_size, seed);
  if (settings_.sweep.val_size < paper_val_size) {
    const auto keep = std::max<std::ptrdiff_t>(std::lround(settings_.sweep.val_size * static_cast<double>(set.own)), 1);
    if (keep < std::ssize(split.val)) {
      split.test.insert(split.test.end(), split.val.begin() + keep, split.val.end());
      split.val.resize(static_cast<std::size_t>(keep));
    }
  }
  if (settings_.data.train_path.empty()) return split;
  const auto n = set.images.size() - set.own;
  const auto n_train = static_cast<std::size_t>(std::floor(cell.train_size * static_cast<double>(n)));
  if (n_train == 0) throw data::DataError(fmt::format("train size {} of {} images selects no image", cell.train_size, n));
  split.train = data::permutation(n, seed);
  split.train.resize(n_train);
  for (auto& index : split.train) index += set.own;
  return split;
}

std::string TargetData::describe() const {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& [name, set] : sets_)
    object[name] = {
        {"images", set.images.size()},
        {"pixels_sha256", sha256_hex(bytes(set.images.pixels.data(), set.images.pixels.size()))},
        {"labels_sha256", sha256_hex(bytes(set.images.labels.data(), set.images.labels.size() * sizeof(std::int64_t)))}};
  return object.dump();
}

// Noise is added to the model, so all of its conditions share the images.
std::string TargetData::key(const Cell& cell) {
  return cell.drift + "/" + (noised_block(cell.condition) ? "" : cell.condition);
}

data::DatasetSpec TargetData::spec_of(const std::string& path, const Cell& cell) const {
  auto spec = data::dataset_at(settings_.data.dataset, path);
  if (!cell.condition.empty() && !noised_block(cell.condition)) spec.params["condition"] = cell.condition;
  if (data::find_dataset(spec.name).conditions_are_levels() && !cell.drift.empty()) spec.params["drift"] = cell.drift;
  return spec;
}

}  // namespace tbft
