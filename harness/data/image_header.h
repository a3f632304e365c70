// What a JPEG or PNG file says of itself, read before any decoder allocates for it.
#pragma once

#include <cstdint>
#include <span>

namespace tbft::data {

struct ImageHeader {
  std::int64_t height = 0;
  std::int64_t width = 0;
};

// Walks the file's segments (ITU-T T.81 annex B) or chunks (PNG specification, section 5) to its end marker. Throws
// std::runtime_error that says what is wrong: neither format, cut short (decoders only warn of that), no size.
ImageHeader read_image_header(std::span<const std::uint8_t> file);

}  // namespace tbft::data
