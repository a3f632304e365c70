#include "harness/training/label_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "harness/training/indices.h"

namespace tbft::adaptive {
namespace {

using Labels = std::span<const std::int64_t>;

void check(Labels predicted, Labels labels, std::int64_t classes) {
  if (predicted.size() != labels.size())
    throw std::invalid_argument(fmt::format("{} predictions for {} labels", predicted.size(), labels.size()));
  const auto outside = [&](std::int64_t label) { return label < 0 || label >= classes; };
  for (const Labels side : {predicted, labels})
    if (const auto bad = std::ranges::find_if(side, outside); bad != side.end())
      throw std::invalid_argument(fmt::format("label {} is outside of the network's {} classes", *bad, classes));
}

// The number of images of each (predicted, label), times classes + 1, plus one on the diagonal. The whole diagonal is worth
// less than one image, so it decides only ties, in which a class then keeps its own label.
std::vector<std::int64_t> agreement(Labels predicted, Labels labels, Labels images, std::int64_t classes) {
  std::vector<std::int64_t> table(at(classes * classes));
  for (const auto i : images) table[at(predicted[at(i)] * classes + labels[at(i)])] += classes + 1;
  for (std::int64_t c = 0; c < classes; ++c) ++table[at(c * classes + c)];
  return table;
}

// Returns the permutation of greatest sum by the Hungarian method with potentials (Kuhn, Munkres), O(classes^3). Rows are added
// one by one; index 0 is a sentinel.
std::vector<std::int64_t> assign(const std::vector<std::int64_t>& gain, std::int64_t classes) {
  const auto n = at(classes);
  std::vector<std::int64_t> row_potential(n + 1), column_potential(n + 1);
  std::vector<std::size_t> row_of(n + 1), previous(n + 1);
  for (std::size_t row = 1; row <= n; ++row) {
    std::vector<std::int64_t> slack(n + 1, std::numeric_limits<std::int64_t>::max());
    std::vector<bool> used(n + 1);
    std::size_t column = 0;
    row_of[0] = row;
    do {
      used[column] = true;
      const std::size_t current = row_of[column];
      std::int64_t least = std::numeric_limits<std::int64_t>::max();
      std::size_t next = 0;
      for (std::size_t j = 1; j <= n; ++j) {
        if (used[j]) continue;
        const std::int64_t cost = -gain[(current - 1) * n + j - 1] - row_potential[current] - column_potential[j];
        if (cost < slack[j]) {
          slack[j] = cost;
          previous[j] = column;
        }
        if (slack[j] < least) {
          least = slack[j];
          next = j;
        }
      }
      for (std::size_t j = 0; j <= n; ++j) {
        if (used[j]) {
          row_potential[row_of[j]] += least;
          column_potential[j] -= least;
        } else if (j > 0) {
          slack[j] -= least;
        }
      }
      column = next;
    } while (row_of[column] != 0);
    for (; column != 0; column = previous[column]) row_of[column] = row_of[previous[column]];
  }
  std::vector<std::int64_t> label_of(n);
  for (std::size_t j = 1; j <= n; ++j) label_of[row_of[j] - 1] = static_cast<std::int64_t>(j - 1);
  return label_of;
}

std::vector<std::int64_t> map_of(Labels predicted, Labels labels, Labels images, std::int64_t classes, MapKind kind) {
  const auto table = agreement(predicted, labels, images, classes);
  if (kind == MapKind::one_to_one) return assign(table, classes);
  std::vector<std::int64_t> label_of;
  for (std::int64_t c = 0; c < classes; ++c) {
    const auto row = std::span(table).subspan(at(c * classes), at(classes));
    label_of.push_back(std::ranges::max_element(row) - row.begin());
  }
  return label_of;
}

// The gain of a map on each image, as the mean over splits: +1 where it makes the prediction correct, -1 where it makes it
// wrong.
std::vector<double> gains(Labels predicted, Labels labels, std::int64_t classes, MapKind kind, std::uint64_t seed, int splits) {
  std::vector<double> gain(predicted.size());
  auto images = count_up(std::ssize(predicted));
  data::Rng rng(seed);
  for (int split = 0; split < splits; ++split) {
    shuffle(images, rng);
    const auto first = Labels(images).first(images.size() / 2);
    const auto second = Labels(images).subspan(images.size() / 2);
    for (const auto& [from, to] : {std::pair(first, second), std::pair(second, first)}) {
      const auto label_of = map_of(predicted, labels, from, classes, kind);
      for (const auto i : to) {
        const bool before = predicted[at(i)] == labels[at(i)];
        const bool after = label_of[at(predicted[at(i)])] == labels[at(i)];
        gain[at(i)] += (static_cast<double>(after) - static_cast<double>(before)) / splits;
      }
    }
  }
  return gain;
}

double in_standard_errors(std::span<const double> gain) {
  double sum = 0;
  double squares = 0;
  for (const double g : gain) {
    sum += g;
    squares += g * g;
  }
  return squares > 0 ? sum / std::sqrt(squares) : 0.0;
}

CrossFit fitted(Labels predicted, Labels labels, std::span<const double> gain) {
  CrossFit fit;
  if (predicted.empty()) return fit;
  const auto n = static_cast<double>(predicted.size());
  for (std::size_t i = 0; i < predicted.size(); ++i) fit.accuracy += predicted[i] == labels[i] ? 1 / n : 0;
  fit.purity = fit.accuracy + std::accumulate(gain.begin(), gain.end(), 0.0) / n;
  fit.z = in_standard_errors(gain);
  return fit;
}

}  // namespace

std::vector<std::int64_t> estimate_label_map(Labels predicted, Labels labels, std::int64_t classes, MapKind kind) {
  check(predicted, labels, classes);
  return map_of(predicted, labels, count_up(std::ssize(predicted)), classes, kind);
}

CrossFit cross_fit(Labels predicted, Labels labels, std::int64_t classes, MapKind kind, std::uint64_t seed, int splits) {
  check(predicted, labels, classes);
  return fitted(predicted, labels, gains(predicted, labels, classes, kind, seed, splits));
}

Relabelling find_relabelling(Labels predicted, Labels labels, std::int64_t classes, std::uint64_t seed) {
  check(predicted, labels, classes);
  constexpr int splits = 10;
  Relabelling result;
  const auto strict = gains(predicted, labels, classes, MapKind::one_to_one, seed, splits);
  auto more = gains(predicted, labels, classes, MapKind::free, seed, splits);
  result.expected = fitted(predicted, labels, strict);
  const CrossFit free_fit = fitted(predicted, labels, more);
  for (std::size_t i = 0; i < more.size(); ++i) more[i] -= strict[i];
  if (in_standard_errors(more) > 2) {
    result.kind = MapKind::free;
    result.expected = free_fit;
  }
  const auto all = count_up(std::ssize(predicted));
  result.label_of = map_of(predicted, labels, all, classes, result.kind);
  result.confidence.assign(at(classes), 0);
  if (all.empty()) return result;

  constexpr int resamples = 200;
  data::Rng rng(seed, 1, 0);
  std::vector<std::int64_t> drawn(all.size());
  for (int resample = 0; resample < resamples; ++resample) {
    for (auto& i : drawn) i = rng.below(static_cast<int>(all.size()));
    const auto label_of = map_of(predicted, labels, drawn, classes, result.kind);
    for (std::size_t c = 0; c < label_of.size(); ++c)
      result.confidence[c] += label_of[c] == result.label_of[c] ? 1.0 / resamples : 0;
    std::int64_t balance = 0;
    for (const auto i : drawn) {
      const auto label = labels[at(i)];
      const auto before = predicted[at(i)];
      balance += static_cast<int>(result.label_of[at(before)] == label) - static_cast<int>(before == label);
    }
    result.gain_confidence += balance > 0 ? 1.0 / resamples : 0;
  }
  return result;
}

}  // namespace tbft::adaptive
