// Big-endian numbers in bytes. All bytes from `at` that are needed must lie inside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tbft::power {

constexpr std::uint32_t big_endian(std::span<const std::uint8_t> bytes, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (const std::uint8_t byte : bytes.subspan(at, count)) value = value << 8U | byte;
  return value;
}

}  // namespace tbft::power
