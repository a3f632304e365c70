#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/adaptive/personalize.h"

namespace tbft {

data::Split personal_split(std::int64_t n, double holdout, std::uint32_t seed) {
  constexpr double validating = 0.2;
  const auto share = [](double of, std::int64_t all) {
    return static_cast<std::int64_t>(std::lround(of * static_cast<double>(all)));
  };
  const auto order = data::permutation(n, seed);
  const auto n_test = share(holdout, n);
  const auto n_val = std::max<std::int64_t>(share(validating, n - n_test), 1);
  if (n - n_test - n_val < 1 || (holdout > 0 && n_test < 1))
    throw data::DataError(
        fmt::format("{} images are too few to keep {} % apart, to validate and to train on the rest", n, 100 * holdout));
  data::Split split;
  split.test.assign(order.begin(), order.begin() + n_test);
  split.val.assign(order.begin() + n_test, order.begin() + n_test + n_val);
  split.train.assign(order.begin() + n_test + n_val, order.end());
  return split;
}

}  // namespace tbft
