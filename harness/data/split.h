// The paper's split of the target data, index for index as scikit-learn's train_test_split makes it.
#pragma once

#include <cstdint>
#include <vector>

namespace tbft::data {

struct Split {
  std::vector<std::int64_t> train, val, test;
};

// 30 % aside, halved into test and val, and train_size of all n from the rest (random_state as given; the paper's is 42).
// train_size in (0, 0.7]. Throws DataError otherwise or when a part would be empty.
Split paper_split(std::int64_t n, double train_size, std::uint32_t random_state = 42);

}  // namespace tbft::data
