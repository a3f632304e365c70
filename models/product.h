// Matrix products by oneDNN, the library that runs the convolutions. libtorch has OpenBLAS compute them, and Debian 12's
// (0.3.21) takes a processor newer than itself for one of 2004: a quarter of the speed (docs/design/training.md). Does not use
// torch.
#pragma once

#include <cstdint>

namespace tbft::models {

// oneDNN has machine code of its own for products on x86-64; elsewhere plain loops, which OpenBLAS beats by far.
#if defined(__x86_64__)
inline constexpr bool has_fast_products = true;
#else
inline constexpr bool has_fast_products = false;
#endif

// A row-major float32 matrix without gaps between its rows. `transposed`: the product takes its transpose.
struct Factor {
  const float* values;
  bool transposed = false;
};

// to = a b, or to += a b if `adds`: a is [rows, inner] and b [inner, columns], both after transposition; `to` is [rows,
// columns], row-major, and overlaps neither. All sizes are positive. Runs on the threads of OpenMP, as libtorch's operators.
// Throws std::runtime_error if oneDNN cannot.
void product(Factor a, Factor b, std::int64_t rows, std::int64_t columns, std::int64_t inner, bool adds, float* to);

}  // namespace tbft::models
