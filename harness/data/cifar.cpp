// CIFAR-10 in its authors' binary format, and CIFAR-Flip, which renames its labels.
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

constexpr std::size_t record_bytes = 1 + cifar_pixels;  // a label byte, then the pixels
constexpr std::size_t records_a_file = 10'000;
constexpr std::array class_names{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
constexpr auto fetch_again =
    "fetch cifar-10-binary.tar.gz (170052171 bytes, SHA-256 c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd) "
    "from https://www.cs.toronto.edu/~kriz/cifar.html";

fs::path batch_folder(const fs::path& path) {
  return folder_or_inner(path, "cifar-10-batches-bin");
}

void read_batch(const fs::path& path, Images& images) {
  const auto bytes = read_cifar_file(path, records_a_file * record_bytes, "a CIFAR-10 batch", fetch_again);
  for (std::size_t i = 0; i < records_a_file; ++i) {
    const auto record = std::span(bytes).subspan(i * record_bytes, record_bytes);
    if (record[0] >= class_names.size()) {
      throw DataError(fmt::format("{}: record {} has label {}, CIFAR-10 has 0 to 9 (CIFAR-100 is another format); {}",
                                  path.string(), i, record[0], fetch_again));
    }
    images.labels.push_back(record[0]);
    append_planes(record.subspan(1), images);
  }
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
  const auto folder = batch_folder(path);
  std::error_code error;
  return fs::exists(folder / "test_batch.bin", error) || fs::exists(folder / "data_batch_1.bin", error);
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
  std::vector<std::string> files{"test_batch.bin"};
  if (params.one_of("part", "test", {"train", "test"}) == "train") {
    files = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"};
  }
  Images images{.height = cifar_side, .width = cifar_side, .class_names = cifar10_class_names()};
  images.pixels.owned().reserve(files.size() * records_a_file * cifar_pixels);
  for (const auto& file : files) read_batch(batch_folder(folder) / file, images);
  return images;
}

Images load_cifar_flip(const DatasetSpec& spec) {
  Images images = load_dataset(base_of(spec, {}));
  const auto last = static_cast<std::int64_t>(images.class_names.size()) - 1;
  for (auto& label : images.labels) label = last - label;
  return images;
}

}  // namespace tbft::data
