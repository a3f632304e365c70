#include "harness/adaptive/layer_model.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

#include "harness/training/indices.h"

namespace tbft::adaptive {
namespace {

// The lower limit of a variance before its logarithm, for channels that are constant over an image (a clear sky, a dead
// channel).
constexpr double least_variance = 1e-6;
// Weight, in images, with which a class mean is shrunk towards the overall mean, because a class predicted twice is hardly
// known.
constexpr double prior_images = 5;
// The fraction of the diagonal in the whitened covariance, so that directions without variance in the source do not get
// infinite weight.
constexpr double shrinkage = 0.02;

// (mean, log variance) of each channel, [images, 2 channels].
std::vector<double> descriptors(const LayerMoments& layer) {
  const auto channels = at(layer.channels);
  const std::size_t images = layer.mean.size() / channels;
  std::vector<double> d(images * channels * 2);
  for (std::size_t i = 0; i < images; ++i)
    for (std::size_t c = 0; c < channels; ++c) {
      const double mean = layer.mean[i * channels + c];
      d[i * channels * 2 + c] = mean;
      d[(i * 2 + 1) * channels + c] =
          std::log(std::max(static_cast<double>(layer.mean_square[i * channels + c]) - mean * mean, least_variance));
    }
  return d;
}

// The lower triangle L of S = L L^T by rows, packed. S is symmetric and, because of the shrinkage, positive definite.
std::vector<double> cholesky(const std::vector<double>& s, std::size_t n) {
  std::vector<double> l(n * (n + 1) / 2);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = s[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= l[i * (i + 1) / 2 + k] * l[j * (j + 1) / 2 + k];
      if (i == j && !(sum > 0)) throw std::logic_error("covariance of a layer is not positive definite");
      l[i * (i + 1) / 2 + j] = i == j ? std::sqrt(sum) : sum / l[j * (j + 1) / 2 + j];
    }
  return l;
}

// The packed inverse of a packed lower triangle.
std::vector<double> inverse(const std::vector<double>& l, std::size_t n) {
  std::vector<double> inv(l.size());
  for (std::size_t j = 0; j < n; ++j)
    for (std::size_t i = j; i < n; ++i) {
      double sum = i == j ? 1 : 0;
      for (std::size_t k = j; k < i; ++k) sum -= l[i * (i + 1) / 2 + k] * inv[k * (k + 1) / 2 + j];
      inv[i * (i + 1) / 2 + j] = sum / l[i * (i + 1) / 2 + i];
    }
  return inv;
}

}  // namespace

LayerModel fit_layer(const LayerMoments& layer, std::span<const std::int64_t> predicted, std::int64_t classes) {
  auto d = descriptors(layer);
  const std::size_t images = predicted.size();
  const std::size_t n = at(layer.channels) * 2;
  LayerModel model{.name = layer.name, .channels = layer.channels, .scale = {}, .mean = {}, .whitening = {}};

  std::vector<double> centre(n);
  model.scale.assign(n, 0);
  for (std::size_t i = 0; i < images * n; ++i) centre[i % n] += d[i] / static_cast<double>(images);
  for (std::size_t i = 0; i < images * n; ++i)
    model.scale[i % n] += (d[i] - centre[i % n]) * (d[i] - centre[i % n]) / static_cast<double>(images);
  for (double& s : model.scale) s = std::max(std::sqrt(s), 1e-6);
  for (std::size_t i = 0; i < images * n; ++i) d[i] /= model.scale[i % n];

  std::vector<double> count(at(classes), prior_images);
  for (std::int64_t c = 0; c < classes; ++c)
    for (std::size_t k = 0; k < n; ++k) model.mean.push_back(prior_images * centre[k] / model.scale[k]);
  for (std::size_t i = 0; i < images; ++i) {
    count[at(predicted[i])] += 1;
    for (std::size_t k = 0; k < n; ++k) model.mean[at(predicted[i]) * n + k] += d[i * n + k];
  }
  for (std::size_t i = 0; i < model.mean.size(); ++i) model.mean[i] /= count[i / n];

  std::vector<double> covariance(n * n);
  for (std::size_t i = 0; i < images; ++i) {
    for (std::size_t k = 0; k < n; ++k) d[i * n + k] -= model.mean[at(predicted[i]) * n + k];
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t k = 0; k <= j; ++k) covariance[j * n + k] += d[i * n + j] * d[i * n + k] / static_cast<double>(images);
  }
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t k = 0; k < j; ++k) covariance[j * n + k] *= 1 - shrinkage;
    covariance[j * n + j] += 1e-9;  // for a channel that never varies
  }
  model.whitening = inverse(cholesky(covariance, n), n);
  return model;
}

std::vector<double> residuals(const LayerModel& model, const LayerMoments& layer, std::span<const std::int64_t> predicted) {
  const auto d = descriptors(layer);
  const std::size_t n = at(model.channels) * 2;
  std::vector<double> whitened(d.size());
  std::vector<double> r(n);
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    for (std::size_t k = 0; k < n; ++k) r[k] = d[i * n + k] / model.scale[k] - model.mean[at(predicted[i]) * n + k];
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t k = 0; k <= j; ++k) whitened[i * n + j] += model.whitening[j * (j + 1) / 2 + k] * r[k];
  }
  return whitened;
}

double shift(std::span<const double> residuals, std::int64_t dimensions, std::span<const std::int64_t> images) {
  if (images.size() < 2) return 0;
  const std::size_t n = at(dimensions);
  std::vector<double> sum(n);
  double own = 0;
  for (const auto i : images)
    for (std::size_t k = 0; k < n; ++k) {
      const double r = residuals[at(i) * n + k];
      sum[k] += r;
      own += r * r;
    }
  double together = 0;
  for (const double s : sum) together += s * s;
  const auto m = static_cast<double>(images.size());
  return (together - own) / (m * (m - 1) * static_cast<double>(n));
}

double common_shift(std::span<const double> residuals, std::int64_t dimensions, std::span<const std::int64_t> images,
                    std::span<const std::int64_t> labels) {
  const std::size_t n = at(dimensions);
  std::map<std::int64_t, std::pair<double, std::vector<double>>>
      by_label;  // the number of images and the sum of their residuals
  for (const auto i : images) {
    auto& [count, sum] = by_label[labels[at(i)]];
    sum.resize(n);
    ++count;
    for (std::size_t k = 0; k < n; ++k) sum[k] += residuals[at(i) * n + k];
  }
  std::vector<double> all(n);
  double alike = 0;
  double pairs = static_cast<double>(images.size()) * static_cast<double>(images.size());
  for (const auto& [label, of_it] : by_label) {
    const auto& [count, sum] = of_it;
    pairs -= count * count;
    for (std::size_t k = 0; k < n; ++k) {
      all[k] += sum[k];
      alike += sum[k] * sum[k];
    }
  }
  double together = 0;
  for (const double s : all) together += s * s;
  return pairs > 0 ? (together - alike) / (pairs * static_cast<double>(n)) : 0;
}

double divergence(const LayerMoments& layer, std::span<const std::int64_t> images) {
  const auto channels = at(layer.channels);
  double total = 0;
  for (std::size_t c = 0; c < channels; ++c) {
    double mean = 0;
    double square = 0;
    for (const auto i : images) {
      mean += layer.mean[at(i) * channels + c] / static_cast<double>(images.size());
      square += layer.mean_square[at(i) * channels + c] / static_cast<double>(images.size());
    }
    const double variance = std::max(square - mean * mean, least_variance);
    const double running = std::max<double>(layer.running_var[c], least_variance);
    const double off = mean - layer.running_mean[c];
    total += 0.5 * (std::log(running / variance) + (variance + off * off) / running - 1);
  }
  return total / static_cast<double>(channels);
}

}  // namespace tbft::adaptive
