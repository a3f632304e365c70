// Tests that ask only for ranks or signs: no distribution is assumed. Two-sided unless said; ties take mid-ranks.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tbft::results {

// Wilcoxon's signed rank test of paired differences; zeros are left out. Exact (all signs alike likely, given the ranks) up to
// 50 differences, the normal approximation with its tie correction beyond. 1 where every difference is zero.
double signed_rank_p(std::span<const double> differences);

// Mann and Whitney's test of two samples. Exact (all divisions of the pooled ranks alike likely) up to 40 values in all, the
// normal approximation with its tie correction beyond. 1 where a sample is empty or all values are equal.
double rank_sum_p(std::span<const double> a, std::span<const double> b);

// The sign test of paired successes, one-sided: how likely it is that at least `better` of the pairs that differ go one way
// where each way is alike likely. McNemar's test in its exact form. 1 where no pair differs.
double sign_p(std::int64_t better, std::int64_t worse);

// Holm's step-down correction: the p values of a family, each for the chance of any false alarm in it. NaN (not tested) stays
// and does not count.
std::vector<double> holm(std::span<const double> p);

}  // namespace tbft::results
