#include "models/kernels/kernels.h"

namespace tbft::models::kernels {

extern const Kernels plain;
#if defined(__x86_64__)
extern const Kernels avx2;
extern const Kernels avx512;
#endif

const Kernels& kernels() {
#if defined(__x86_64__)
  // Each set is compiled for x86-64-v4 or v3: these flags are what the compiler may use of them.
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (v4) return avx512;
  if (v3) return avx2;
#endif
  return plain;
}

}  // namespace tbft::models::kernels
