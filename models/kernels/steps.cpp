// The optimisers' steps of passes.h in the instruction set that this is compiled for, in the namespace TBFT_STEPS. Without the
// standard library, as passes.cpp. Compiled without contraction of a product and a sum: libtorch rounds between its operations,
// and fuses within one where the processor can, as here.
#include "models/kernels/passes.h"

namespace tbft::models::kernels::TBFT_STEPS {

namespace {

using Index = std::int64_t;

[[gnu::always_inline]] inline float times_plus(float a, float b, float c) {
#if defined(__FMA__) || defined(__aarch64__)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

}  // namespace

void sgd(float* __restrict p, const float* __restrict gradient, float* __restrict velocity, Index n, const SgdStep& step) {
  const auto [rate, momentum, weight_decay] = step;
  for (Index i = 0; i < n; ++i) {
    const float slope = times_plus(weight_decay, p[i], gradient[i]);
    const float kept = momentum * velocity[i];
    velocity[i] = kept + slope;
    p[i] = times_plus(-rate, velocity[i], p[i]);
  }
}

void adam(float* __restrict p, const float* __restrict gradient, float* __restrict mean, float* __restrict square, Index n,
          const AdamStep& step) {
  const auto [rate, keep_mean, add_mean, keep_square, add_square, root, epsilon, weight_decay] = step;
  for (Index i = 0; i < n; ++i) {
    const float slope = times_plus(weight_decay, p[i], gradient[i]);
    const float kept_mean = keep_mean * mean[i];
    mean[i] = times_plus(add_mean, slope, kept_mean);
    const float kept_square = keep_square * square[i];
    square[i] = times_plus(add_square * slope, slope, kept_square);
    const float deviation = __builtin_sqrtf(square[i]) / root + epsilon;
    p[i] += -rate * mean[i] / deviation;
  }
}

}  // namespace tbft::models::kernels::TBFT_STEPS
