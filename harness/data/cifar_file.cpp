#include "harness/data/cifar_file.h"

#include <fmt/format.h>

#include <fstream>

namespace tbft::data {

namespace fs = std::filesystem;

std::vector<std::uint8_t> read_cifar_file(const fs::path& file, std::size_t size, std::string_view what,
                                          std::string_view fetch_again) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    throw DataError(fmt::format("{}: no such file; {}", file.string(), fetch_again));
  }
  const auto actual = fs::file_size(file, error);
  if (error || actual != size) {
    throw DataError(fmt::format("{}: {} bytes, {} has {}; {}", file.string(), error ? 0 : actual, what, size, fetch_again));
  }
  std::vector<std::uint8_t> bytes(size);
  std::ifstream stream(file, std::ios::binary);
  if (!stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size))) {
    throw DataError(fmt::format("{}: cannot be read", file.string()));
  }
  return bytes;
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
