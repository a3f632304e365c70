// The differences between libtorch 1.13 (Debian 12) and 2.6 (Debian 13); all other code works with both.
#pragma once

// First: clang 14 cannot read libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <ATen/core/Tensor.h>
#include <torch/version.h>

#include <cstddef>
#include <cstdint>
#if TORCH_VERSION_MAJOR < 2
#include <c10/util/C++17.h>
#endif

namespace tbft {

// The key of a parameter in an optimiser's state, and the allocator's totals in its reports.
#if TORCH_VERSION_MAJOR < 2
inline auto state_key(const at::Tensor& parameter) {
  return c10::guts::to_string(parameter.unsafeGetTensorImpl());
}
using AllocatorTotal = std::int64_t;
#else
inline void* state_key(const at::Tensor& parameter) {
  return parameter.unsafeGetTensorImpl();
}
using AllocatorTotal = std::size_t;
#endif

}  // namespace tbft
