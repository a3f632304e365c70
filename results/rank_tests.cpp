#include "results/rank_tests.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace tbft::results {

namespace {

constexpr std::size_t most_exact_signs = 50;
constexpr std::size_t most_exact_values = 40;

struct Ranks {
  std::vector<std::size_t> doubled;  // twice the mid-rank, so that it is an integer
  double tied = 0;                   // sum of t^3 - t over groups of t equal values
};

Ranks ranks_of(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return values[i] < values[j]; });
  Ranks ranks{std::vector<std::size_t>(values.size()), 0};
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first;
    while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
    for (std::size_t i = first; i < end; ++i) ranks.doubled[order[i]] = first + end + 1;
    const auto t = static_cast<double>(end - first);
    ranks.tied += t * t * t - t;
    first = end;
  }
  return ranks;
}

double normal_p(double distance, double variance) {
  if (!(variance > 0)) return 1;
  const double z =
      std::max(0.0, std::abs(distance) - 0.5) / std::sqrt(variance);  // continuity correction, because ranks are integers
  return std::min(1.0, std::erfc(z / std::sqrt(2.0)));
}

// The p value from the number of equally likely cases for each sum.
double exact_p(const std::vector<double>& cases, std::size_t sum) {
  const auto at = cases.begin() + static_cast<std::ptrdiff_t>(sum);
  const double below = std::accumulate(cases.begin(), at + 1, 0.0);
  const double above = std::accumulate(at, cases.end(), 0.0);
  const double all = std::accumulate(cases.begin(), cases.end(), 0.0);
  return std::min(1.0, 2 * std::min(below, above) / all);
}

}  // namespace

double signed_rank_p(std::span<const double> differences) {
  std::vector<double> sizes;
  std::vector<bool> up;
  for (const double difference : differences) {
    if (difference == 0 || std::isnan(difference)) continue;
    sizes.push_back(std::abs(difference));
    up.push_back(difference > 0);
  }
  if (sizes.empty()) return 1;
  const Ranks ranks = ranks_of(sizes);
  std::size_t sum = 0, total = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    total += ranks.doubled[i];
    if (up[i]) sum += ranks.doubled[i];
  }
  const auto n = static_cast<double>(sizes.size());
  if (sizes.size() > most_exact_signs) {
    const double variance = n * (n + 1) * (2 * n + 1) / 24 - ranks.tied / 48;
    return normal_p(static_cast<double>(sum) / 2 - n * (n + 1) / 4, variance);
  }
  std::vector<double> cases(total + 1);
  cases[0] = 1;
  for (const std::size_t rank : ranks.doubled) {
    for (std::size_t s = total; s >= rank; --s) cases[s] += cases[s - rank];
  }
  return exact_p(cases, sum);
}

double rank_sum_p(std::span<const double> a, std::span<const double> b) {
  if (a.empty() || b.empty()) return 1;
  std::vector<double> all(a.begin(), a.end());
  all.insert(all.end(), b.begin(), b.end());
  const Ranks ranks = ranks_of(all);
  const std::size_t sum =
      std::accumulate(ranks.doubled.begin(), ranks.doubled.begin() + static_cast<std::ptrdiff_t>(a.size()), std::size_t{0});
  const auto n_a = static_cast<double>(a.size()), n_b = static_cast<double>(b.size()), n = n_a + n_b;
  if (all.size() > most_exact_values) {
    const double variance = n_a * n_b / 12 * (n + 1 - ranks.tied / (n * (n - 1)));
    return normal_p(static_cast<double>(sum) / 2 - n_a * (n + 1) / 2, variance);
  }
  // The number of ways in which k of the values so far have the sum s.
  const std::size_t total = std::accumulate(ranks.doubled.begin(), ranks.doubled.end(), std::size_t{0});
  std::vector<std::vector<double>> cases(a.size() + 1, std::vector<double>(total + 1));
  cases[0][0] = 1;
  for (const std::size_t rank : ranks.doubled) {
    for (std::size_t k = a.size(); k >= 1; --k) {
      for (std::size_t s = total; s >= rank; --s) cases[k][s] += cases[k - 1][s - rank];
    }
  }
  return exact_p(cases.back(), sum);
}

double sign_p(std::int64_t better, std::int64_t worse) {
  const auto n = static_cast<double>(better + worse);
  double p = 0;
  for (std::int64_t count = better; count <= better + worse; ++count) {
    const auto k = static_cast<double>(count);
    p += std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) - n * std::log(2.0));
  }
  return std::min(p, 1.0);
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (!std::isnan(p[i])) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return p[i] < p[j]; });
  std::vector<double> corrected(p.begin(), p.end());
  double floor = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    floor = std::max(floor, std::min(1.0, p[order[i]] * static_cast<double>(order.size() - i)));
    corrected[order[i]] = floor;
  }
  return corrected;
}

}  // namespace tbft::results
