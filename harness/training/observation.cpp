#include "harness/training/observation.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace tbft::adaptive {
namespace {

std::span<const float> row(const std::vector<float>& values, std::int64_t i, std::int64_t columns) {
  return std::span(values).subspan(static_cast<std::size_t>(i * columns), static_cast<std::size_t>(columns));
}

}  // namespace

std::vector<std::int64_t> Observation::predicted(std::int64_t without) const {
  std::vector<std::int64_t> result;
  for (std::int64_t i = 0; i < size(); ++i) {
    const auto logit = row(logits, i, classes);
    std::int64_t best = without == 0 ? 1 : 0;
    for (std::int64_t c = best + 1; c < classes; ++c)
      if (c != without && logit[static_cast<std::size_t>(c)] > logit[static_cast<std::size_t>(best)]) best = c;
    result.push_back(best);
  }
  return result;
}

std::vector<double> Observation::certainty() const {
  std::vector<double> result;
  for (std::int64_t i = 0; i < size(); ++i) {
    const auto logit = row(logits, i, classes);
    const double top = *std::ranges::max_element(logit);
    double sum = 0;
    for (const double value : logit) sum += std::exp(value - top);
    result.push_back(1 / sum);
  }
  return result;
}

Observation subset(const Observation& all, const std::vector<std::int64_t>& indices) {
  Observation part{.classes = all.classes, .logits = {}, .labels = {}, .layers = {}};
  const auto append = [](std::vector<float>& to, std::span<const float> from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  for (const auto i : indices) {
    append(part.logits, row(all.logits, i, all.classes));
    part.labels.push_back(all.labels[static_cast<std::size_t>(i)]);
  }
  for (const LayerMoments& layer : all.layers) {
    LayerMoments& to = part.layers.emplace_back(layer);
    to.mean.clear();
    to.mean_square.clear();
    for (const auto i : indices) {
      append(to.mean, row(layer.mean, i, layer.channels));
      append(to.mean_square, row(layer.mean_square, i, layer.channels));
    }
  }
  return part;
}

}  // namespace tbft::adaptive
