// Tests that use only ranks or signs, so that they assume no distribution. They are two-sided unless stated; ties take
// mid-ranks.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tbft::results {

// Wilcoxon's signed rank test of paired differences; zeros are left out. It is exact (all signs equally likely, given the
// ranks) up to 50 differences; beyond, it uses the normal approximation with tie correction. Returns 1 where every difference
// is zero.
double signed_rank_p(std::span<const double> differences);

// Mann and Whitney's test of two samples. It is exact (all divisions of the pooled ranks equally likely) up to 40 values in
// total; beyond, it uses the normal approximation with tie correction. Returns 1 where a sample is empty or all values are
// equal.
double rank_sum_p(std::span<const double> a, std::span<const double> b);

// One-sided sign test of paired successes (McNemar's test in its exact form): the probability that at least `better` of the
// pairs that differ go one way if both ways are equally likely. Returns 1 where no pair differs.
double sign_p(std::int64_t better, std::int64_t worse);

// Holm's step-down correction of the p values of a family, which bounds the probability of any false alarm in the family. NaN
// (not tested) stays NaN and does not count.
std::vector<double> holm(std::span<const double> p);

}  // namespace tbft::results
