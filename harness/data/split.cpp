#include "harness/data/split.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <numeric>
#include <random>
#include <span>
#include <utility>

#include "harness/data/dataset.h"

namespace tbft::data {
namespace {

using Indices = std::vector<std::int64_t>;

// Enough for any labelled set, and a limit on the memory that a mistyped n takes.
constexpr std::int64_t max_images = 100'000'000;

// scikit-learn's train_test_split without stratification: the first n_second entries of a permutation are the second output.
std::pair<Indices, Indices> train_test_split(std::span<const std::int64_t> from, std::int64_t n_second, std::uint32_t seed) {
  std::pair<Indices, Indices> parts;
  const Indices order = permutation(static_cast<std::int64_t>(from.size()), seed);
  for (std::size_t i = 0; i < order.size(); ++i) {
    auto& part = static_cast<std::int64_t>(i) < n_second ? parts.second : parts.first;
    part.push_back(from[static_cast<std::size_t>(order[i])]);
  }
  return parts;
}

// scikit-learn rounds test_size up and train_size down, each after multiplying the doubles.
std::int64_t round_up(double share, std::size_t n) {
  return static_cast<std::int64_t>(std::ceil(share * static_cast<double>(n)));
}
std::int64_t round_down(double share, std::size_t n) {
  return static_cast<std::int64_t>(std::floor(share * static_cast<double>(n)));
}

}  // namespace

std::vector<std::int64_t> permutation(std::int64_t n, std::uint32_t seed) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  std::mt19937 generator(seed);
  for (auto i = static_cast<std::uint32_t>(n); i-- > 1;) {
    const std::uint32_t mask = std::bit_ceil(i + 1) - 1;
    std::uint32_t j = 0;
    do {
      j = static_cast<std::uint32_t>(generator()) & mask;
    } while (j > i);
    std::swap(order[i], order[j]);
  }
  return order;
}

Split paper_split(std::int64_t n, double train_size, std::uint32_t random_state) {
  if (n < 1 || n > max_images) {
    throw DataError(fmt::format("split: n = {} is not between 1 and {}", n, max_images));
  }
  if (!(train_size > 0 && train_size <= 0.7)) {
    throw DataError(fmt::format("split: train size {} is not in (0, 0.7]; 30 % is kept for validation and test", train_size));
  }
  Indices all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  const auto [rest, aside] = train_test_split(all, round_up(0.3, all.size()), random_state);
  Split split;
  std::tie(split.test, split.val) = train_test_split(aside, round_up(0.5, aside.size()), random_state);
  // scikit-learn refuses a fraction of 1. Here it means all of the rest, in the same order.
  const auto n_train = round_down(train_size / 0.7, rest.size());
  split.train = train_test_split(rest, static_cast<std::int64_t>(rest.size()) - n_train, random_state).first;
  if (split.train.empty() || split.val.empty() || split.test.empty()) {
    throw DataError(fmt::format("split: {} images at train size {} give {} train, {} val and {} test; none may be empty", n,
                                train_size, split.train.size(), split.val.size(), split.test.size()));
  }
  return split;
}

}  // namespace tbft::data
