// A queue of bytes between a stream and a parser, with a fixed capacity.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tbft::power {

class ByteQueue {
 public:
  explicit ByteQueue(std::size_t capacity) : capacity_(capacity) { bytes_.reserve(capacity); }

  // The oldest bytes are dropped if there is no room.
  void feed(std::span<const std::uint8_t> more) {
    if (more.size() > capacity_) more = more.last(capacity_);
    const std::size_t total = bytes_.size() + more.size();
    if (total > capacity_) drop(total - capacity_);
    bytes_.insert(bytes_.end(), more.begin(), more.end());
  }
  void drop(std::size_t n) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(std::min(n, bytes_.size())));
  }
  void clear() { bytes_.clear(); }
  std::span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  std::size_t capacity_;
  std::vector<std::uint8_t> bytes_;
};

// Big-endian numbers in bytes. All bytes from `at` that are needed must lie inside.
constexpr std::uint32_t big_endian(std::span<const std::uint8_t> bytes, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (const std::uint8_t byte : bytes.subspan(at, count)) value = value << 8U | byte;
  return value;
}

}  // namespace tbft::power
