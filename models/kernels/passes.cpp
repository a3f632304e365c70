// The passes of passes.h in the instruction set that this is compiled for, named TBFT_KERNELS. It does not use the standard
// library, because the linker might keep an inline function compiled here for a newer processor and use it in all files.
#include "models/kernels/passes.h"

namespace tbft::models::kernels {

namespace {

using Index = std::int64_t;

#if defined(__AVX512F__)
constexpr Index lanes = 16;
#elif defined(__AVX__)
constexpr Index lanes = 8;
#else
constexpr Index lanes = 4;
#endif
using Vector [[gnu::vector_size(lanes * sizeof(float))]] = float;

#define TBFT_INLINE [[gnu::always_inline]] inline

TBFT_INLINE Vector load(const float* from) {
  Vector v;
  __builtin_memcpy(&v, from, sizeof(v));
  return v;
}
TBFT_INLINE void store(float* to, Vector v) {
  __builtin_memcpy(to, &v, sizeof(v));
}
// A ReLU that keeps NaN, and the gradient behind it.
TBFT_INLINE Vector relu(Vector v) {
  const Vector zero{};
  return zero > v ? zero : v;
}
TBFT_INLINE Vector gate(Vector activated, Vector gradient) {
  const Vector zero{};
  return activated <= zero ? zero : gradient;
}

// Works on V vectors of channels and U rows at a time, so that eight sums are in registers, enough to hide an addition's
// latency. Sums over few rows are in float; their total is in double.
constexpr Index rows_in_float = 128;

// `pass` has run<V, U>(first channel).
template <class Pass>
TBFT_INLINE void over_channels(Index channels, const Pass& pass) {
  Index c = 0;
  for (; c + 4 * lanes <= channels; c += 4 * lanes) pass.template run<4, 1>(c);
  for (; c + 2 * lanes <= channels; c += 2 * lanes) pass.template run<2, 2>(c);
  for (; c < channels; c += lanes) pass.template run<1, 4>(c);
}

// Two sums for each channel of the terms that `terms(row, channel, v, a, b)` returns for each vector.
template <unsigned V, unsigned U, class Terms>
TBFT_INLINE void sum_rows(Index rows, Index channels, Index c, double* sums, const Terms& terms) {
  for (Index begin = 0; begin < rows; begin += rows_in_float) {
    const Index end = begin + rows_in_float < rows ? begin + rows_in_float : rows;
    Vector first[V][U]{};
    Vector second[V][U]{};
    Index r = begin;
    for (; r + U <= end; r += U)
      for (unsigned u = 0; u < U; ++u)
        for (unsigned v = 0; v < V; ++v) terms(r + u, v, first[v][u], second[v][u]);
    for (; r < end; ++r)
      for (unsigned v = 0; v < V; ++v) terms(r, v, first[v][0], second[v][0]);
    for (unsigned v = 0; v < V; ++v)
      for (int i = 0; i < lanes; ++i)
        for (unsigned u = 0; u < U; ++u) {
          sums[c + v * lanes + i] += static_cast<double>(first[v][u][i]);
          sums[channels + c + v * lanes + i] += static_cast<double>(second[v][u][i]);
        }
  }
}

template <unsigned V>
TBFT_INLINE void load_channels(const float* from, Vector (&to)[V]) {
  for (unsigned v = 0; v < V; ++v) to[v] = load(from + v * lanes);
}

struct Moments {
  const float* x;
  Index rows, channels;
  const float* pivot;
  double* sums;

  template <unsigned V, unsigned U>
  TBFT_INLINE void run(Index c) const {
    Vector p[V];
    load_channels(pivot + c, p);
    sum_rows<V, U>(
        rows, channels, c, sums, [ this, c, &p ](Index r, unsigned v, Vector& a, Vector& b) __attribute__((always_inline)) {
          const Vector d = load(x + r * channels + c + v * lanes) - p[v];
          a += d;
          b += d * d;
        });
  }
};

struct Add {
  float* y;
  const float* x;
  Index rows, channels;
  const float* pivot;
  double* sums;

  template <unsigned V, unsigned U>
  TBFT_INLINE void run(Index c) const {
    Vector p[V];
    load_channels(pivot + c, p);
    sum_rows<V, U>(
        rows, channels, c, sums, [ this, c, &p ](Index r, unsigned v, Vector& a, Vector& b) __attribute__((always_inline)) {
          const Index at = r * channels + c + v * lanes;
          const Vector sum = load(y + at) + load(x + at);
          store(y + at, sum);
          const Vector d = sum - p[v];
          a += d;
          b += d * d;
        });
  }
};

struct NormaliseRelu {
  const float* x;
  float* out;
  Index rows, channels;
  const float *scale, *shift;

  template <unsigned V, unsigned U>
  TBFT_INLINE void run(Index c) const {
    Vector s[V], t[V];
    load_channels(scale + c, s);
    load_channels(shift + c, t);
    for (Index r = 0; r < rows; ++r)
      for (unsigned v = 0; v < V; ++v) {
        const Index at = r * channels + c + v * lanes;
        store(out + at, relu(load(x + at) * s[v] + t[v]));
      }
  }
};

struct GradientSums {
  const float *x, *gradient;
  Index rows, channels;
  const float *scale, *shift, *mean;
  double* sums;

  template <unsigned V, unsigned U>
  TBFT_INLINE void run(Index c) const {
    Vector s[V], t[V], m[V];
    load_channels(scale + c, s);
    load_channels(shift + c, t);
    load_channels(mean + c, m);
    sum_rows<V, U>(
        rows, channels, c, sums,
        [ this, c, &s, &t, &m ](Index r, unsigned v, Vector& a, Vector& b) __attribute__((always_inline)) {
          const Index at = r * channels + c + v * lanes;
          const Vector value = load(x + at);
          const Vector g = gate(value * s[v] + t[v], load(gradient + at));
          a += g;
          b += g * (value - m[v]);
        });
  }
};

template <bool Beside>
struct InputGradient {
  const float *x, *gradient, *beside;
  float* out;
  Index rows, channels;
  const float *scale, *shift, *mean, *slope, *offset;

  template <unsigned V, unsigned U>
  TBFT_INLINE void run(Index c) const {
    Vector s[V], t[V], m[V], k[V], o[V];
    load_channels(scale + c, s);
    load_channels(shift + c, t);
    load_channels(mean + c, m);
    load_channels(slope + c, k);
    load_channels(offset + c, o);
    for (Index r = 0; r < rows; ++r)
      for (unsigned v = 0; v < V; ++v) {
        const Index at = r * channels + c + v * lanes;
        const Vector value = load(x + at);
        const Vector g = gate(value * s[v] + t[v], load(gradient + at));
        Vector result = s[v] * g + (k[v] * (value - m[v]) + o[v]);
        if (Beside) result += load(beside + at);
        store(out + at, result);
      }
  }
};

void moments(const float* x, Index rows, Index channels, const float* pivot, double* sums) {
  over_channels(channels, Moments{x, rows, channels, pivot, sums});
}

void add(float* y, const float* x, Index rows, Index channels, const float* pivot, double* sums) {
  if (sums != nullptr) {
    over_channels(channels, Add{y, x, rows, channels, pivot, sums});
    return;
  }
  for (Index i = 0; i < rows * channels; i += lanes) store(y + i, load(y + i) + load(x + i));
}

void normalise_relu(const float* x, float* out, Index rows, Index channels, const float* scale, const float* shift) {
  over_channels(channels, NormaliseRelu{x, out, rows, channels, scale, shift});
}

void gradient_sums(const float* x, const float* gradient, Index rows, Index channels, const float* scale, const float* shift,
                   const float* mean, double* sums) {
  over_channels(channels, GradientSums{x, gradient, rows, channels, scale, shift, mean, sums});
}

void input_gradient(const float* x, const float* gradient, const float* beside, float* out, Index rows, Index channels,
                    const float* scale, const float* shift, const float* mean, const float* slope, const float* offset) {
  if (beside != nullptr)
    over_channels(channels, InputGradient<true>{x, gradient, beside, out, rows, channels, scale, shift, mean, slope, offset});
  else
    over_channels(channels, InputGradient<false>{x, gradient, beside, out, rows, channels, scale, shift, mean, slope, offset});
}

// Calls work(values of y, values of x) for each vector of x that contributes to the mean in a vector of y.
template <class Work>
TBFT_INLINE void over_pooled(Index rows, Index side, Index channels, Index x_channels, Index stride, const Work& work) {
  for (Index r = 0; r < rows; ++r)
    for (Index p = 0; p < side; ++p)
      for (Index i = 0; i < stride; ++i)
        for (Index j = 0; j < stride; ++j)
          for (Index c = 0; c < x_channels; c += lanes)
            work((r * side + p) * channels + c, (((r * stride + i) * side + p) * stride + j) * x_channels + c);
}

void add_pooled(float* y, const float* x, Index rows, Index side, Index channels, Index x_channels, Index stride) {
  const float share = 1.0F / static_cast<float>(stride * stride);
  over_pooled(
      rows, side, channels, x_channels, stride, [ y, x, share ](Index to, Index from) __attribute__((always_inline)) {
        store(y + to, load(y + to) + share * load(x + from));
      });
}

void add_pooled_gradient(float* x, const float* y, Index rows, Index side, Index channels, Index x_channels, Index stride) {
  const float share = 1.0F / static_cast<float>(stride * stride);
  over_pooled(
      rows, side, channels, x_channels, stride, [ y, x, share ](Index from, Index to) __attribute__((always_inline)) {
        store(x + to, load(x + to) + share * load(y + from));
      });
}

}  // namespace

namespace TBFT_STEPS {  // steps.cpp
void sgd(float* p, const float* gradient, float* velocity, Index n, const SgdStep& step);
void adam(float* p, const float* gradient, float* mean, float* square, Index n, const AdamStep& step);
}  // namespace TBFT_STEPS

extern const Kernels TBFT_KERNELS;
const Kernels TBFT_KERNELS{TBFT_INSTRUCTIONS, moments,         add,        normalise_relu,
                           gradient_sums,     input_gradient,  add_pooled, add_pooled_gradient,
                           TBFT_STEPS::sgd,   TBFT_STEPS::adam};

#undef TBFT_INLINE

}  // namespace tbft::models::kernels
