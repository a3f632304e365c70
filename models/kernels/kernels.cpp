#include "models/kernels/kernels.h"

namespace tbft::models::kernels {

extern const Kernels plain;
#if defined(__x86_64__)
extern const Kernels avx2;
extern const Kernels avx512;
#endif

std::span<const Kernels* const> available() {
#if defined(__x86_64__)
  static constexpr const Kernels* all[] = {&plain, &avx2, &avx512};
  // The features of x86-64-v3 and v4 that the compiler may use in the passes.
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return std::span(all).first(v4 ? 3 : v3 ? 2 : 1);
#else
  static constexpr const Kernels* all[] = {&plain};
  return all;
#endif
}

const Kernels& kernels() {
  static const Kernels& fastest = *available().back();
  return fastest;
}

}  // namespace tbft::models::kernels
