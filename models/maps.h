// A channels_last float32 map as rows of channels, and the passes over it of which models/fused.cpp is made. Includes torch and
// needs the flags of OpenMP, so only fused.cpp and forward_only.cpp should include it.
#pragma once

#include "models/fused.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace tbft::models {

constexpr auto channels_last = at::MemoryFormat::ChannelsLast;

// A channels_last map as rows of channels. The chunks of rows depend only on the shape, so that sums do not depend on the
// number of threads.
struct Rows {
  explicit Rows(const torch::Tensor& x) : Rows(x.numel() / x.size(1), x.size(1)) {}
  Rows(std::int64_t n, std::int64_t values_a_row) : channels(values_a_row), rows(n) {
    constexpr std::int64_t smallest = 16384;  // fewest values for which a thread pays
    constexpr std::int64_t most_chunks = 32;
    chunk = std::max(smallest / channels, (rows + most_chunks - 1) / most_chunks);
  }
  std::int64_t chunks() const { return (rows + chunk - 1) / chunk; }
  // The offset of a chunk's begin in values, and its number of rows.
  std::int64_t offset(std::int64_t i) const { return i * chunk * channels; }
  std::int64_t size(std::int64_t i) const { return std::min(chunk, rows - i * chunk); }

  std::int64_t channels, rows, chunk = 0;
};

// Runs on the threads of libtorch and oneDNN, whose number at::set_num_threads sets. ATen's parallel_for needs omp.h.
template <typename F>
void for_chunks(const Rows& map, const F& work) {
  const std::int64_t n = map.chunks();
  if (n == 1) {
    work(std::int64_t{0});
    return;
  }
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < n; ++i) work(i);
}

// `work(chunk, sums)` adds two sums for each channel; the result is their total, added in the order of chunks.
template <typename F>
std::vector<double> sum_chunks(const Rows& map, const F& work) {
  const auto width = static_cast<std::size_t>(2 * map.channels);
  std::vector<double> parts(width * static_cast<std::size_t>(map.chunks()), 0.0);
  for_chunks(map, [&](std::int64_t i) { work(i, parts.data() + static_cast<std::size_t>(i) * width); });
  for (std::size_t at = width; at < parts.size(); ++at) parts[at % width] += parts[at];
  parts.resize(width);
  return parts;
}

Moments moments(const torch::Tensor& x);

// The parameters of a BatchNorm for a map: [4, C] of scale, shift, mean and 1 / deviation.
struct BatchNormValues {
  explicit BatchNormValues(torch::Tensor t) : values(std::move(t)), channels(values.size(1)) {}
  const float* scale() const { return values.data_ptr<float>(); }
  const float* shift() const { return scale() + channels; }
  const float* mean() const { return scale() + 2 * channels; }
  const float* inverse_deviation() const { return scale() + 3 * channels; }

  torch::Tensor values;
  std::int64_t channels;
};

// Uses the batch statistics in training mode, and updates the running statistics; otherwise uses the running statistics.
// `known`: the moments of x if they were computed before.
BatchNormValues batchnorm_values(const torch::Tensor& x, torch::nn::BatchNorm2dImpl& bn, const Moments* known);
// out = relu(normalised x); out may be x.
void normalise_relu(const torch::Tensor& x, const BatchNormValues& by, torch::Tensor& out);

// Adds a block's shortcut of x to y, and computes the moments of the sum if they are wanted.
void add_shortcut(torch::Tensor& y, const torch::Tensor& x, std::optional<Moments>& result, bool wanted);
// Adds to dx the gradient of a shortcut that pools and pads channels.
void add_shortcut_gradient(torch::Tensor& dx, const torch::Tensor& dy);

}  // namespace tbft::models
