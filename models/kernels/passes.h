// Elementwise passes over a channels_last map: BatchNorm with ReLU in both directions, and the residual addition; and over a
// parameter: the step of an optimiser. Plain pointers, one thread; models/fused.cpp divides the rows. It includes as little as
// possible; passes.cpp explains why.
#pragma once

#include <cstdint>

namespace tbft::models::kernels {

// The number of channels must be a multiple of this.
inline constexpr std::int64_t channel_step = 16;

struct SgdStep {
  float rate, momentum, weight_decay;
};
// Adam (Kingma and Ba, ICLR 2015, algorithm 1): the rate is divided by 1 - beta1^t; `keep_*` are the betas and `add_*` the
// complements to 1; `root` is sqrt(1 - beta2^t).
struct AdamStep {
  float rate, keep_mean, add_mean, keep_square, add_square, root, epsilon, weight_decay;
};

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

  // One step over n values of a parameter, with the roundings of libtorch's operations. The arrays do not overlap; `velocity`,
  // `mean` and `square` are the optimiser's state, 0 before the first step.
  // slope = gradient + weight_decay p; velocity = momentum velocity + slope; p -= rate velocity.
  void (*sgd)(float* p, const float* gradient, float* velocity, std::int64_t n, const SgdStep& step);
  // With the same slope: mean and square are its running means; p -= rate mean / (sqrt(square) / root + epsilon).
  void (*adam)(float* p, const float* gradient, float* mean, float* square, std::int64_t n, const AdamStep& step);
};

}  // namespace tbft::models::kernels
