// The pixels of a data set: bytes in memory, or a file mapped into memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

namespace tbft::data {

// Reads like a constant vector. Mapped bytes are never changed and take no anonymous memory, and copies share them. What
// changes the pixels first copies mapped ones into memory, and throws DataError where they have more than 4 GiB.
class Pixels {
 public:
  using value_type = std::uint8_t;
  using const_iterator = const std::uint8_t*;
  using iterator = const_iterator;

  Pixels() = default;
  Pixels(std::vector<std::uint8_t> bytes) : owned_(std::move(bytes)) {}  // NOLINT(google-explicit-constructor)
  Pixels(std::initializer_list<std::uint8_t> bytes) : owned_(bytes) {}
  // `keeper` keeps `bytes` mapped for as long as it lives.
  Pixels(std::span<const std::uint8_t> bytes, std::shared_ptr<const void> keeper)
      : mapped_(bytes), keeper_(std::move(keeper)) {}

  const std::uint8_t* data() const { return keeper_ ? mapped_.data() : owned_.data(); }
  std::size_t size() const { return keeper_ ? mapped_.size() : owned_.size(); }
  bool empty() const { return size() == 0; }
  bool is_mapped() const { return keeper_ != nullptr; }
  const_iterator begin() const { return data(); }
  const_iterator end() const { return data() + size(); }
  std::uint8_t operator[](std::size_t i) const { return data()[i]; }

  // The bytes to change.
  std::vector<std::uint8_t>& owned();
  void append(std::span<const std::uint8_t> bytes);

  friend bool operator==(const Pixels& a, const Pixels& b);

 private:
  std::vector<std::uint8_t> owned_;
  std::span<const std::uint8_t> mapped_;
  std::shared_ptr<const void> keeper_;  // set where the bytes are mapped
};

}  // namespace tbft::data
