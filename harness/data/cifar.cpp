// CIFAR-10 as its authors publish it, and CIFAR-Flip over it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include "harness/data/kinds.h"
#include "harness/data/params.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;

// One record: a label byte, then 1,024 bytes each of red, green and blue (https://www.cs.toronto.edu/~kriz/cifar.html).
constexpr std::size_t side = 32;
constexpr std::size_t plane = side * side;
constexpr std::size_t record_bytes = 1 + 3 * plane;
constexpr std::size_t records_a_file = 10'000;
constexpr std::size_t file_bytes = record_bytes * records_a_file;
constexpr std::array class_names{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
constexpr auto fetch_again =
    "fetch cifar-10-binary.tar.gz (170052171 bytes, SHA-256 c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd) "
    "from https://www.cs.toronto.edu/~kriz/cifar.html";

fs::path batch_folder(const fs::path& path) {
  const auto inner = path / "cifar-10-batches-bin";
  std::error_code error;
  return fs::is_directory(inner, error) ? inner : path;
}

// Appends the records of one file, planes turned into interleaved RGB.
void read_batch(const fs::path& path, Images& images) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    throw DataError(fmt::format("{}: no such file; {}", path.string(), fetch_again));
  }
  const auto size = fs::file_size(path, error);
  if (error || size != file_bytes) {
    throw DataError(
        fmt::format("{}: {} bytes, a CIFAR-10 batch has {}; {}", path.string(), error ? 0 : size, file_bytes, fetch_again));
  }
  std::vector<char> bytes(file_bytes);
  std::ifstream file(path, std::ios::binary);
  if (!file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
    throw DataError(fmt::format("{}: cannot be read", path.string()));
  }
  for (std::size_t i = 0; i < records_a_file; ++i) {
    const char* record = bytes.data() + i * record_bytes;
    const auto label = static_cast<unsigned char>(record[0]);
    if (label >= class_names.size()) {
      throw DataError(fmt::format("{}: record {} has label {}, CIFAR-10 has 0 to 9 (CIFAR-100 is another format); {}",
                                  path.string(), i, label, fetch_again));
    }
    images.labels.push_back(label);
    images.pixels.resize(images.pixels.size() + 3 * plane);
    std::uint8_t* pixel = &images.pixels[images.pixels.size() - 3 * plane];
    for (std::size_t k = 0; k < plane; ++k) {
      for (std::size_t c = 0; c < 3; ++c) *pixel++ = static_cast<std::uint8_t>(record[1 + c * plane + k]);
    }
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

Images load_cifar10(const DatasetSpec& spec) {
  // The same images as a tree of files: cifar10:imagefolder:DIR, or a folder that holds folders of classes.
  const DatasetSpec inner = parse_dataset_spec(spec.path);
  if (inner.name == "imagefolder") return load_dataset(inner);
  if (inner.name == "cifar10") return load_cifar10(inner);
  if (!spec.path.empty() && !is_cifar10(spec.path) && holds_folders(spec.path))
    return load_image_folder({"imagefolder", spec.path, spec.params});
  const Params params(spec, {"part"});
  params.require_path();
  std::vector<std::string> files{"test_batch.bin"};
  if (params.one_of("part", "test", {"train", "test"}) == "train") {
    files = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"};
  }
  Images images{.height = side, .width = side, .pixels = {}, .labels = {}, .class_names = {}};
  images.class_names.assign(class_names.begin(), class_names.end());
  images.pixels.reserve(files.size() * records_a_file * 3 * plane);
  for (const auto& file : files) read_batch(batch_folder(spec.path) / file, images);
  return images;
}

Images load_cifar_flip(const DatasetSpec& spec) {
  if (spec.path.empty()) throw BadDatasetSpec("cifar-flip: needs a folder, cifar-flip:DIR");
  // The path is a base data set of its own: a plain folder, imagefolder:DIR or cifar10:DIR.
  DatasetSpec base = parse_dataset_spec(spec.path);
  for (const auto& [key, value] : spec.params) base.params.insert_or_assign(key, value);
  Images images = load_dataset(base);
  const auto last = static_cast<std::int64_t>(images.class_names.size()) - 1;
  for (auto& label : images.labels) label = last - label;
  return images;
}

}  // namespace tbft::data
