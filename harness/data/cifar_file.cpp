#include "harness/data/cifar_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>

#include "models/checkpoint/pickle.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;
namespace pickle = models::pickle;

DataError error_in(const CifarFile& file, const std::string& what) {
  return DataError(fmt::format("{}: {}; {}", file.path.string(), what, file.fetch_again));
}

std::vector<std::uint8_t> read_bytes(const CifarFile& file, std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  std::ifstream stream(file.path, std::ios::binary);
  if (!stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size)))
    throw DataError(fmt::format("{}: cannot be read", file.path.string()));
  return bytes;
}

void read_binary(const CifarFile& file, std::uintmax_t size, const UseRecord& use) {
  const auto record_bytes = file.labels.size() + cifar_pixels;
  if (size != file.records * record_bytes)
    throw error_in(file, fmt::format("{} bytes, {} has {}", size, file.what, file.records * record_bytes));
  const auto bytes = read_bytes(file, size);
  for (std::size_t i = 0; i < file.records; ++i) {
    const auto record = std::span(bytes).subspan(i * record_bytes, record_bytes);
    use(i, record.first(file.labels.size()), record.subspan(file.labels.size()));
  }
}

std::vector<std::uint8_t> labels_of(const CifarFile& file, const pickle::Document& document, const pickle::Dict& dict,
                                    std::string_view key) {
  const auto* const value = document.find(dict, key);
  const auto* const list = value != nullptr ? std::get_if<pickle::List>(value) : nullptr;
  if (list == nullptr || list->items.size() != file.records)
    throw error_in(file, fmt::format("no list '{}' of {} labels, as in {}", key, file.records, file.what));
  std::vector<std::uint8_t> labels;
  labels.reserve(file.records);
  for (const auto id : list->items) {
    const auto* const label = std::get_if<std::int64_t>(&document.at(id));
    if (label == nullptr || *label < 0 || *label > 255)
      throw error_in(file, fmt::format("'{}' has at {} what is no label", key, labels.size()));
    labels.push_back(static_cast<std::uint8_t>(*label));
  }
  return labels;
}

void read_python(const CifarFile& file, std::uintmax_t size, const UseRecord& use) {
  const pickle::Limits limits{.bytes = file.records * cifar_pixels + (16U << 20U)};
  if (size > limits.bytes) throw error_in(file, fmt::format("{} bytes, {} has fewer than {}", size, file.what, limits.bytes));
  const auto bytes = read_bytes(file, size);
  const auto document = [&] {
    try {
      return pickle::parse(std::as_bytes(std::span(bytes)), file.path.string(), limits);
    } catch (const std::runtime_error& error) {
      throw DataError(fmt::format("{}; {}", error.what(), file.fetch_again));
    }
  }();
  const auto* const dict = std::get_if<pickle::Dict>(&document.at(document.root));
  if (dict == nullptr) throw error_in(file, fmt::format("not a dict, as in {}", file.what));
  const auto* const value = document.find(*dict, "data");
  const auto* const array = value != nullptr ? std::get_if<pickle::Array>(value) : nullptr;
  const std::vector shape{static_cast<std::int64_t>(file.records), static_cast<std::int64_t>(cifar_pixels)};
  if (array == nullptr || array->column_major || array->shape != shape)
    throw error_in(file, fmt::format("no array 'data' of {} uint8 row by row, as in {}", fmt::join(shape, " x "), file.what));
  std::vector<std::vector<std::uint8_t>> labels;
  for (const auto key : file.labels) labels.push_back(labels_of(file, document, *dict, key));
  const auto text = std::get<pickle::Text>(document.at(array->data));
  const std::span pixels(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  std::vector<std::uint8_t> own(labels.size());
  for (std::size_t i = 0; i < file.records; ++i) {
    for (std::size_t k = 0; k < own.size(); ++k) own[k] = labels[k][i];
    use(i, own, pixels.subspan(i * cifar_pixels, cifar_pixels));
  }
}

}  // namespace

void read_cifar_file(const CifarFile& file, const UseRecord& use) {
  std::error_code error;
  if (!fs::is_regular_file(file.path, error)) throw error_in(file, "no such file");
  const auto size = fs::file_size(file.path, error);
  if (error) throw DataError(fmt::format("{}: {}", file.path.string(), error.message()));
  file.python ? read_python(file, size, use) : read_binary(file, size, use);
}

void append_planes(std::span<const std::uint8_t> planes, Images& images) {
  auto& pixels = images.pixels.owned();
  const auto at = pixels.size();
  pixels.resize(at + cifar_pixels);
  std::uint8_t* pixel = &pixels[at];
  for (std::size_t k = 0; k < cifar_plane; ++k) {
    for (std::size_t c = 0; c < 3; ++c) *pixel++ = planes[c * cifar_plane + k];
  }
}

}  // namespace tbft::data
