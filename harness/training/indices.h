// Lists of indices of images.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "harness/data/rng.h"

namespace tbft::adaptive {

// The position in a vector of something that is numbered by a signed integer.
constexpr std::size_t at(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

// 0, 1, ..., n - 1.
inline std::vector<std::int64_t> count_up(std::int64_t n) {
  std::vector<std::int64_t> all(at(n));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

// Puts the items into a random order; all orders are equally likely.
inline void shuffle(std::vector<std::int64_t>& items, data::Rng& rng) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[at(rng.below(static_cast<int>(i)))]);
}

}  // namespace tbft::adaptive
