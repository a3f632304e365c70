// What a JPEG or PNG file says of itself, read before any decoder allocates for it.
#pragma once

#include <cstdint>
#include <span>

namespace tbft::data {

struct ImageHeader {
  std::int64_t height = 0;  // as stored, before any turn
  std::int64_t width = 0;
  bool jpeg = false;
  int bits = 8;         // of a channel: 16 is possible in PNG
  int orientation = 1;  // of EXIF, 1 to 8; 1: upright
  bool has_end = true;  // a JPEG's end mark; without it the last scan goes to the end of the file
};

// Walks the file's segments (ITU-T T.81 annex B) or chunks (PNG specification, section 5) to its end marker. Throws
// std::runtime_error that says what is wrong: neither format, cut short (decoders only warn of that), no size.
ImageHeader read_image_header(std::span<const std::uint8_t> file);

// Throws std::runtime_error where the check sum of a chunk that makes pixels is wrong. The file's header was read.
void check_png_sums(std::span<const std::uint8_t> file);

}  // namespace tbft::data
