#include "harness/training/compute.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <malloc.h>
#include <torch/version.h>

#include <limits>
#include <stdexcept>

namespace tbft {

std::string libtorch_version() {
  return TORCH_VERSION;
}

Compute set_compute(const Compute& requested) {
  // A step's activations are as large as those of the previous step. By default malloc maps large ones anew and trims the heap,
  // so that the kernel zeroes each page again. We disable both. M_MMAP_THRESHOLD does not suffice, because its maximum is 32
  // MiB.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  at::set_num_threads(static_cast<int>(requested.threads));
  const bool has_onednn = at::globalContext().hasMKLDNN();
  const bool onednn = requested.backend == "auto" ? has_onednn : requested.backend == "onednn";
  if (onednn && !has_onednn) throw std::runtime_error("this libtorch has no oneDNN; use backend = native");
  at::globalContext().setUserEnabledMkldnn(onednn);
  return {at::get_num_threads(), onednn ? "onednn" : "native"};
}

}  // namespace tbft
