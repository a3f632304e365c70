// What the targets share. A target may throw what its parser documents; anything else, and a check() that fails, ends it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

namespace tbft::fuzz {

inline void check(bool holds) {
  if (!holds) std::abort();
}

inline std::string_view text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// The first byte says how long the pieces are in which a stream gets the rest; `take` is called after each.
template <typename Stream, typename Take>
void feed_in_pieces(Stream& stream, std::span<const std::uint8_t> bytes, const Take& take) {
  if (bytes.empty()) return;
  const std::size_t length = 1U + bytes[0];
  for (bytes = bytes.subspan(1); !bytes.empty();) {
    const auto piece = bytes.first(std::min(length, bytes.size()));
    bytes = bytes.subspan(piece.size());
    stream.feed(piece);
    take();
  }
}

}  // namespace tbft::fuzz
