#include "harness/paper/reproduction_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "harness/data/kinds.h"

namespace tbft {

namespace {

namespace fs = std::filesystem;

constexpr int max_depth = 2;
constexpr std::size_t max_entries = 200;  // in one folder: larger folders contain images and are not searched

// `folder` and its sub-folders, in byte order of their paths.
void collect(const fs::path& folder, int depth, std::vector<fs::path>& folders) {
  folders.push_back(folder);
  if (depth == max_depth) return;
  std::vector<fs::path> below;
  std::size_t entries = 0;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end && ++entries <= max_entries; it.increment(error))
    if (it->is_directory(error) && !it->path().filename().native().starts_with('.')) below.push_back(it->path());
  std::ranges::sort(below);
  for (const auto& path : below) collect(path, depth + 1, folders);
}

bool has(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

bool is_tree_of_cifar10(const fs::path& folder) {
  return std::ranges::all_of(std::vector{"airplane", "cat", "truck"},
                             [&](const char* name) { return has(folder / "test" / name) && has(folder / "train" / name); });
}

void set_once(std::string& to, const std::string& value) {
  if (to.empty()) to = value;
}

std::vector<fs::path> checkpoints(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (it->path().extension() == ".pth") found.push_back(it->path());
  std::ranges::sort(found);
  return found;
}

}  // namespace

Material find_material(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw std::runtime_error(fmt::format("{}: no such folder of data", folder.string()));
  std::vector<fs::path> folders;
  collect(folder, 0, folders);
  Material material;
  std::vector<fs::path> bases;
  for (const auto& path : folders) {
    const auto name = path.string();
    if (data::is_cifar10(name)) {
      set_once(material.cifar10_train, fmt::format("cifar10:{}?part=train", name));
      set_once(material.cifar10_test, fmt::format("cifar10:{}?part=test", name));
    } else if (is_tree_of_cifar10(path)) {
      set_once(material.cifar10_train, fmt::format("imagefolder:{}/train", name));
      set_once(material.cifar10_test, fmt::format("imagefolder:{}/test", name));
    }
    if (has(path / "gaussian_noise.npy") && has(path / "labels.npy")) set_once(material.cifar10_c, name);
    if (has(path / "fine_label_names.txt") && has(path / "test.bin")) set_once(material.cifar100, name);
    if (has(path / "train" / "n01631663") && has(path / "val" / "n01631663")) set_once(material.imagenet, name);
    for (const auto& file : checkpoints(path)) {
      const auto file_name = file.filename().string();
      if (file_name.find("living17") != std::string::npos && material.living17_base.empty()) material.living17_base = file;
      if (file_name.find("cifar10") != std::string::npos) bases.push_back(file);
    }
  }
  const auto base_for = [&](bool jpeg) {
    const auto fits = [&](const fs::path& file) {
      return (file.filename().string().find("jpeg") != std::string::npos) == jpeg;
    };
    const auto best = std::ranges::find_if(bases, fits);
    return best != bases.end() ? *best : bases.empty() ? fs::path() : bases.front();
  };
  material.cifar10_base = base_for(material.cifar10_test.starts_with("imagefolder:"));
  material.cifar10_lossless_base = base_for(false);
  return material;
}

}  // namespace tbft
