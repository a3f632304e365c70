// Elementwise passes over a channels_last map: BatchNorm with ReLU in both directions, and the residual addition. Plain
// pointers, one thread; models/fused.cpp divides the rows. It includes as little as possible; passes.cpp explains why.
#pragma once

#include <cstdint>

namespace tbft::models::kernels {

// The number of channels must be a multiple of this.
inline constexpr std::int64_t channel_step = 16;

// x, y, gradient: [rows, channels] float32, contiguous. The other pointers have one value for each channel.
struct Kernels {
  const char* name;  // name of the instruction set

  // Sums of (x - pivot) and of its square over the rows, in double: sums[0..channels), sums[channels..2 channels).
  void (*moments)(const float* x, std::int64_t rows, std::int64_t channels, const float* pivot, double* sums);
  // y += x, then the moments of y unless `sums` is null.
  void (*add)(float* y, const float* x, std::int64_t rows, std::int64_t channels, const float* pivot, double* sums);
  // out = max(scale x + shift, 0); NaN stays. out may be x.
  void (*normalise_relu)(const float* x, float* out, std::int64_t rows, std::int64_t channels, const float* scale,
                         const float* shift);
  // With g = gradient where scale x + shift > 0, else 0: sums of g and of g (x - mean), laid out as in moments.
  void (*gradient_sums)(const float* x, const float* gradient, std::int64_t rows, std::int64_t channels, const float* scale,
                        const float* shift, const float* mean, double* sums);
  // out = scale g + slope (x - mean) + offset + beside, with g as above. `beside` may be null; out may be gradient.
  void (*input_gradient)(const float* x, const float* gradient, const float* beside, float* out, std::int64_t rows,
                         std::int64_t channels, const float* scale, const float* shift, const float* mean, const float* slope,
                         const float* offset);
  // The shortcut of a block whose convolution has a stride, for `rows` lines of the output over all images, `side` pixels each:
  // the first x_channels of y += the mean of x's stride x stride pixels. x's lines are stride times as many and as long.
  void (*add_pooled)(float* y, const float* x, std::int64_t rows, std::int64_t side, std::int64_t channels,
                     std::int64_t x_channels, std::int64_t stride);
  // Its gradient: adds to the gradient of x the part that the shortcut passes from the gradient of y.
  void (*add_pooled_gradient)(float* x, const float* y, std::int64_t rows, std::int64_t side, std::int64_t channels,
                              std::int64_t x_channels, std::int64_t stride);
};

}  // namespace tbft::models::kernels
