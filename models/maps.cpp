#include "models/maps.h"

#include <ATen/ops/empty.h>
#include <ATen/record_function.h>

#include <cmath>

#include "models/kernels/kernels.h"

namespace tbft::models {

using torch::Tensor;
namespace nn = torch::nn;

namespace {

Moments moments_of(const Rows& map, const std::vector<float>& pivot, const std::vector<double>& sums) {
  const auto channels = static_cast<std::size_t>(map.channels);
  const auto n = static_cast<double>(map.rows);
  Moments m{std::vector<float>(channels), std::vector<float>(channels)};
  for (std::size_t c = 0; c < channels; ++c) {
    const double shift = sums[c] / n;
    m.mean[c] = static_cast<float>(static_cast<double>(pivot[c]) + shift);
    const double variance = sums[channels + c] / n - shift * shift;
    m.variance[c] = static_cast<float>(variance < 0 ? 0 : variance);  // NaN stays
  }
  return m;
}

// The first row, as values near the means, so that the sum of squares does not cancel.
std::vector<float> pivot_of(const float* x, std::int64_t channels) {
  return {x, x + channels};
}

void add(Tensor& y, const Tensor& x, std::optional<Moments>& result, bool wanted) {
  const Rows map(y);
  auto* to = y.data_ptr<float>();
  const auto* from = x.data_ptr<float>();
  if (!wanted) {
    for_chunks(map, [&](std::int64_t i) {
      kernels::kernels().add(to + map.offset(i), from + map.offset(i), map.size(i), map.channels, nullptr, nullptr);
    });
    return;
  }
  auto pivot = pivot_of(to, map.channels);
  for (std::size_t c = 0; c < pivot.size(); ++c) pivot[c] += from[c];
  const auto sums = sum_chunks(map, [&](std::int64_t i, double* part) {
    kernels::kernels().add(to + map.offset(i), from + map.offset(i), map.size(i), map.channels, pivot.data(), part);
  });
  result = moments_of(map, pivot, sums);
}

}  // namespace

Moments moments(const Tensor& x) {
  const Rows map(x);
  const auto* from = x.data_ptr<float>();
  const auto pivot = pivot_of(from, map.channels);
  const auto sums = sum_chunks(map, [&](std::int64_t i, double* part) {
    kernels::kernels().moments(from + map.offset(i), map.size(i), map.channels, pivot.data(), part);
  });
  return moments_of(map, pivot, sums);
}

BatchNormValues batchnorm_values(const Tensor& x, nn::BatchNorm2dImpl& bn, const Moments* known) {
  const std::int64_t channels = x.size(1);
  BatchNormValues result(at::empty({4, channels}, at::kFloat));
  std::optional<Moments> batch;
  const float* mean = bn.running_mean.data_ptr<float>();
  const float* variance = bn.running_var.data_ptr<float>();
  if (bn.is_training()) {
    if (known == nullptr) known = &batch.emplace(moments(x));
    mean = known->mean.data();
    variance = known->variance.data();
  }
  const auto* weight = bn.weight.data_ptr<float>();
  const auto* bias = bn.bias.data_ptr<float>();
  auto* to = result.values.data_ptr<float>();
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto inverse = static_cast<float>(1.0 / std::sqrt(static_cast<double>(variance[c]) + bn.options.eps()));
    to[c] = weight[c] * inverse;
    to[channels + c] = bias[c] - mean[c] * to[c];
    to[2 * channels + c] = mean[c];
    to[3 * channels + c] = inverse;
  }
  if (bn.is_training()) {
    const std::int64_t per_channel = x.numel() / channels;
    const auto n = static_cast<float>(per_channel);
    const auto momentum = static_cast<float>(bn.options.momentum().value());
    auto* running_mean = bn.running_mean.data_ptr<float>();
    auto* running_var = bn.running_var.data_ptr<float>();
    for (std::int64_t c = 0; c < channels; ++c) {
      running_mean[c] = momentum * mean[c] + (1 - momentum) * running_mean[c];
      running_var[c] = momentum * (variance[c] * n / (n - 1)) + (1 - momentum) * running_var[c];
    }
    ++*bn.num_batches_tracked.data_ptr<std::int64_t>();
  }
  return result;
}

void normalise_relu(const Tensor& x, const BatchNormValues& by, Tensor& out) {
  const Rows map(x);
  const auto* from = x.data_ptr<float>();
  auto* to = out.data_ptr<float>();
  for_chunks(map, [&](std::int64_t i) {
    kernels::kernels().normalise_relu(from + map.offset(i), to + map.offset(i), map.size(i), map.channels, by.scale(),
                                      by.shift());
  });
}

void add_shortcut(Tensor& y, const Tensor& x, std::optional<Moments>& result, bool wanted) {
  RECORD_FUNCTION("tbft::residual", std::vector<c10::IValue>{});
  result.reset();
  if (x.sizes() == y.sizes()) {
    add(y, x, result, wanted);
    return;
  }
  const std::int64_t stride = x.size(2) / y.size(2);
  const Rows lines(y.size(0) * y.size(2), y.size(1) * y.size(3));
  auto* to = y.data_ptr<float>();
  const auto* from = x.data_ptr<float>();
  const std::int64_t line = x.size(1) * x.size(3) * stride;  // values of x for one line of y
  for_chunks(lines, [&](std::int64_t i) {
    kernels::kernels().add_pooled(to + lines.offset(i), from + i * lines.chunk * line, lines.size(i), y.size(3), y.size(1),
                                  x.size(1), stride);
  });
  if (wanted) result = moments(y);
}

void add_shortcut_gradient(Tensor& dx, const Tensor& dy) {
  RECORD_FUNCTION("tbft::residual", std::vector<c10::IValue>{});
  const std::int64_t stride = dx.size(2) / dy.size(2);
  const Rows lines(dy.size(0) * dy.size(2), dy.size(1) * dy.size(3));
  auto* to = dx.data_ptr<float>();
  const auto* from = dy.data_ptr<float>();
  const std::int64_t line = dx.size(1) * dx.size(3) * stride;
  for_chunks(lines, [&](std::int64_t i) {
    kernels::kernels().add_pooled_gradient(to + i * lines.chunk * line, from + lines.offset(i), lines.size(i), dy.size(3),
                                           dy.size(1), dx.size(1), stride);
  });
}

}  // namespace tbft::models
