#include "harness/data/image_header.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace tbft::data {
namespace {

using Bytes = std::span<const std::uint8_t>;

std::uint32_t big_endian(Bytes file, std::size_t at, std::size_t count) {
  if (at > file.size() || count > file.size() - at) throw std::runtime_error("cut short");
  std::uint32_t value = 0;
  for (const auto byte : file.subspan(at, count)) value = value << 8 | byte;
  return value;
}

ImageHeader read_jpeg(Bytes file) {
  ImageHeader header;
  std::size_t at = 2;  // past SOI
  for (;;) {
    // Entropy-coded data follows a scan's header: in it FF is followed by 00 or by a restart marker D0..D7.
    const auto is_data = [&](std::uint32_t pair) {
      return pair >> 8 != 0xFF || pair == 0xFF00 || pair == 0xFFFF || (pair >= 0xFFD0 && pair <= 0xFFD7);
    };
    while (is_data(big_endian(file, at, 2))) ++at;
    const auto marker = big_endian(file, at, 2);
    at += 2;
    if (marker == 0xFFD9) break;  // EOI
    const auto length = big_endian(file, at, 2);
    if (length < 2) throw std::runtime_error("damaged: a segment shorter than its own length field");
    // SOF0..SOF15 but DHT (C4), JPG (C8) and DAC (CC): precision, then height and width.
    if (marker >= 0xFFC0 && marker <= 0xFFCF && marker != 0xFFC4 && marker != 0xFFC8 && marker != 0xFFCC) {
      header = {.height = big_endian(file, at + 3, 2), .width = big_endian(file, at + 5, 2)};
    }
    at += length;
  }
  return header;
}

ImageHeader read_png(Bytes file) {
  constexpr std::uint32_t iend = 0x49454E44;
  const ImageHeader header{.height = big_endian(file, 20, 4), .width = big_endian(file, 16, 4)};
  for (std::size_t at = 8;;) {
    const std::size_t length = big_endian(file, at, 4);
    const auto type = big_endian(file, at + 4, 4);
    at += 8 + length + 4;
    if (at > file.size()) throw std::runtime_error("cut short");
    if (type == iend) break;
  }
  return header;
}

}  // namespace

ImageHeader read_image_header(Bytes file) {
  constexpr std::array<std::uint8_t, 8> png{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  constexpr std::array<std::uint8_t, 3> jpeg{0xFF, 0xD8, 0xFF};
  const auto begins_with = [&](Bytes magic) {
    return file.size() >= magic.size() && std::ranges::equal(file.first(magic.size()), magic);
  };
  if (!begins_with(png) && !begins_with(jpeg)) throw std::runtime_error("neither a JPEG nor a PNG image");
  const auto header = begins_with(png) ? read_png(file) : read_jpeg(file);
  if (header.height < 1 || header.width < 1) throw std::runtime_error("damaged: no image size");
  return header;
}

}  // namespace tbft::data
