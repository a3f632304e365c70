// The header of a JPEG or PNG file, read before any decoder allocates memory for the image.
#pragma once

#include <cstdint>
#include <span>

namespace tbft::data {

struct ImageHeader {
  std::int64_t height = 0;  // as stored, before the EXIF rotation
  std::int64_t width = 0;
  bool jpeg = false;
  int bits = 8;         // of a channel: 16 is possible in PNG
  int orientation = 1;  // of EXIF, 1 to 8; 1: upright
  bool has_end = true;  // whether a JPEG has its end mark; without it the last scan ends with the file
};

// Walks the file's segments (ITU-T T.81 annex B) or chunks (PNG specification, section 5) to its end marker. Throws
// std::runtime_error where the file has another format, is truncated (decoders only warn of that), or has no size.
ImageHeader read_image_header(std::span<const std::uint8_t> file);

// Throws std::runtime_error where the check sum of a chunk that makes pixels is wrong. The file's header was read.
void check_png_sums(std::span<const std::uint8_t> file);

}  // namespace tbft::data
