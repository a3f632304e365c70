#include "harness/data/pixels.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/data/dataset.h"

namespace tbft::data {
namespace {

void check_size(std::size_t bytes) {
  constexpr std::size_t max_bytes = std::size_t{4} << 30;
  if (bytes > max_bytes)
    throw DataError(
        fmt::format("{} MiB of pixels would have to be changed in memory, the limit is {} MiB; read fewer images "
                    "with ?limit=N",
                    bytes >> 20, max_bytes >> 20));
}

}  // namespace

std::vector<std::uint8_t>& Pixels::owned() {
  if (keeper_) {
    check_size(mapped_.size());
    owned_.assign(mapped_.begin(), mapped_.end());
    mapped_ = {};
    keeper_.reset();
  }
  return owned_;
}

void Pixels::append(std::span<const std::uint8_t> bytes) {
  check_size(size() + bytes.size());
  owned().insert(owned().end(), bytes.begin(), bytes.end());
}

bool operator==(const Pixels& a, const Pixels& b) {
  return std::ranges::equal(a, b);
}

}  // namespace tbft::data
