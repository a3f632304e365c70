// CIFAR-10 in its authors' binary and Python versions, and CIFAR-Flip, which renames its labels.
#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <span>

#include "harness/data/cifar_file.h"
#include "harness/data/kinds.h"
#include "harness/data/params.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t records_a_file = 10'000;
constexpr std::array class_names{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
constexpr auto fetch_binary =
    "fetch cifar-10-binary.tar.gz (170052171 bytes, SHA-256 c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd) "
    "from https://www.cs.toronto.edu/~kriz/cifar.html";
constexpr auto fetch_python = "fetch cifar-10-python.tar.gz (170498071 bytes) from https://www.cs.toronto.edu/~kriz/cifar.html";

// A folder of one version of the files. The names of the Python version have no extension.
struct Version {
  fs::path folder;
  bool python = false;
  bool is_there = false;

  fs::path file(const std::string& name) const { return folder / (python ? name : name + ".bin"); }
};

// The binary version where both are there: the same images.
Version version_at(const fs::path& path) {
  for (const bool python : {false, true}) {
    Version version{.folder = folder_or_inner(path, python ? "cifar-10-batches-py" : "cifar-10-batches-bin"), .python = python};
    std::error_code error;
    version.is_there =
        fs::is_regular_file(version.file("test_batch"), error) || fs::is_regular_file(version.file("data_batch_1"), error);
    if (version.is_there) return version;
  }
  return {.folder = folder_or_inner(path, "cifar-10-batches-bin")};
}

void read_batch(const Version& version, const std::string& name, Images& images) {
  const CifarFile file{.path = version.file(name),
                       .python = version.python,
                       .records = records_a_file,
                       .labels = {"labels"},
                       .what = "a CIFAR-10 batch",
                       .fetch_again = version.python ? fetch_python : fetch_binary};
  read_cifar_file(file, [&](std::size_t i, std::span<const std::uint8_t> labels, std::span<const std::uint8_t> planes) {
    if (labels[0] >= class_names.size()) {
      throw DataError(fmt::format("{}: record {} has label {}, CIFAR-10 has 0 to 9 (CIFAR-100 is another format); {}",
                                  file.path.string(), i, labels[0], file.fetch_again));
    }
    images.labels.push_back(labels[0]);
    append_planes(planes, images);
  });
}

bool holds_folders(const std::string& path) {
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->is_directory(error)) return true;
  }
  return false;
}

}  // namespace

bool is_cifar10(const std::string& path) {
  return version_at(path).is_there;
}

std::vector<std::string> cifar10_class_names() {
  return {class_names.begin(), class_names.end()};
}

Images load_cifar10(const DatasetSpec& spec) {
  // The same images as a tree of files: cifar10:imagefolder:DIR, or a folder that holds folders of classes.
  const DatasetSpec inner = parse_dataset_spec(spec.path);
  if (inner.name == "imagefolder" || inner.name == "cifar10") return load_dataset(base_of(spec, {}));
  const std::string folder = folder_of(spec);
  if (!folder.empty() && !is_cifar10(folder) && holds_folders(folder))
    return load_image_folder({"imagefolder", spec.path, spec.params});
  const Params params(spec, {"part"});
  params.require_path();
  std::vector<std::string> files{"test_batch"};
  if (params.one_of("part", "test", {"train", "test"}) == "train")
    files = {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"};
  Images images{.height = cifar_side, .width = cifar_side, .class_names = cifar10_class_names()};
  images.pixels.owned().reserve(files.size() * records_a_file * cifar_pixels);
  const auto version = version_at(folder);
  for (const auto& file : files) read_batch(version, file, images);
  return images;
}

Images load_cifar_flip(const DatasetSpec& spec) {
  Images images = load_dataset(base_of(spec, {}));
  const auto last = static_cast<std::int64_t>(images.class_names.size()) - 1;
  for (auto& label : images.labels) label = last - label;
  return images;
}

}  // namespace tbft::data
