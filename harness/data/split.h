// The paper's split of the target data, index for index as scikit-learn's train_test_split makes it.
#pragma once

#include <cstdint>
#include <vector>

namespace tbft::data {

// numpy.random.RandomState(seed).permutation(n): Fisher-Yates from the top; each draw keeps the low bits of one 32-bit output
// and is repeated while it exceeds the index. std::mt19937 is numpy's generator, seeded alike. n < 2^32.
std::vector<std::int64_t> permutation(std::int64_t n, std::uint32_t seed);

struct Split {
  std::vector<std::int64_t> train, val, test;
};

// Sets 30 % aside and halves them into test and val, then takes train_size of all n from the rest. The paper's random_state is
// 42. train_size in (0, 0.7]. Throws DataError otherwise or when a part would be empty.
Split paper_split(std::int64_t n, double train_size, std::uint32_t random_state = 42);

}  // namespace tbft::data
