#include "harness/data/image_header.h"

#include <algorithm>
#include <array>
#include <boost/crc.hpp>
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

// The orientation in the first directory of a TIFF structure (EXIF 2.32, section 4.6); 1 where it is missing or invalid.
int orientation_of(Bytes tiff) {
  const bool little = tiff.size() >= 2 && tiff[0] == 'I' && tiff[1] == 'I';
  const auto number = [&](std::size_t at, std::size_t count) -> std::uint32_t {
    if (at > tiff.size() || count > tiff.size() - at) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | tiff[at + (little ? count - 1 - i : i)];
    return value;
  };
  if (number(2, 2) != 42) return 1;
  const std::size_t directory = number(4, 4);
  const auto entries = number(directory, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    const auto entry = directory + 2 + 12 * i;
    constexpr std::uint32_t orientation = 0x0112;
    if (number(entry, 2) != orientation) continue;
    const auto value = number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

ImageHeader read_jpeg(Bytes file) {
  ImageHeader header{.jpeg = true};
  std::size_t at = 2;  // past SOI
  bool in_scan = false;
  for (;;) {
    // Entropy-coded data follow the header of a scan. In them FF is followed by 00 or by a restart marker D0..D7.
    const auto is_data = [&](std::uint32_t pair) {
      return pair >> 8 != 0xFF || pair == 0xFF00 || pair == 0xFFFF || (pair >= 0xFFD0 && pair <= 0xFFD7);
    };
    while (!(in_scan && at + 2 > file.size()) && is_data(big_endian(file, at, 2))) ++at;
    if (in_scan && at + 2 > file.size()) {
      header.has_end = false;
      break;
    }
    const auto marker = big_endian(file, at, 2);
    at += 2;
    if (marker == 0xFFD9) break;  // EOI
    const auto length = big_endian(file, at, 2);
    if (length < 2) throw std::runtime_error("damaged: a segment shorter than its own length field");
    // SOF0..SOF15 but DHT (C4), JPG (C8) and DAC (CC): precision, then height and width.
    if (marker >= 0xFFC0 && marker <= 0xFFCF && marker != 0xFFC4 && marker != 0xFFC8 && marker != 0xFFCC) {
      header.height = big_endian(file, at + 3, 2);
      header.width = big_endian(file, at + 5, 2);
    }
    constexpr std::array<std::uint8_t, 6> exif{'E', 'x', 'i', 'f', 0, 0};
    if (marker == 0xFFE1 && length >= 2 + exif.size() && at + length <= file.size()) {
      const auto segment = file.subspan(at + 2, length - 2);
      if (std::ranges::equal(segment.first(exif.size()), exif))
        header.orientation = orientation_of(segment.subspan(exif.size()));
    }
    in_scan = marker == 0xFFDA || in_scan;  // several scans of a progressive image have tables between them
    at += length;
    if (at > file.size()) throw std::runtime_error("cut short");
  }
  return header;
}

ImageHeader read_png(Bytes file) {
  constexpr std::uint32_t iend = 0x49454E44, exif = 0x65584966;
  ImageHeader header{.height = big_endian(file, 20, 4), .width = big_endian(file, 16, 4)};
  header.bits = static_cast<int>(big_endian(file, 24, 1));
  for (std::size_t at = 8;;) {
    const std::size_t length = big_endian(file, at, 4);
    const auto type = big_endian(file, at + 4, 4);
    const auto begin = at + 8;
    at += 8 + length + 4;
    if (at > file.size()) throw std::runtime_error("cut short");
    if (type == exif) header.orientation = orientation_of(file.subspan(begin, length));
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

void check_png_sums(Bytes file) {
  for (std::size_t at = 8; at < file.size();) {
    const std::size_t length = big_endian(file, at, 4);
    const auto chunk = file.subspan(at + 4, 4 + length);  // its type and its data
    boost::crc_32_type sum;                               // PNG specification, annex D
    sum.process_bytes(chunk.data(), chunk.size());
    const bool makes_pixels = (chunk[0] & 0x20) == 0;  // a capital letter: critical
    if (makes_pixels && sum.checksum() != big_endian(file, at + 8 + length, 4))
      throw std::runtime_error("damaged: a check sum is wrong");
    at += 12 + length;
    if (chunk[0] == 'I' && chunk[1] == 'E') return;  // IEND; bytes after it are not part of the image
  }
}

}  // namespace tbft::data
