#include "harness/training/compute.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

#include <stdexcept>

namespace tbft {

std::string libtorch_version() {
  return TORCH_VERSION;
}

Compute set_compute(const Compute& requested) {
  at::set_num_threads(static_cast<int>(requested.threads));
  const bool has_onednn = at::globalContext().hasMKLDNN();
  const bool onednn = requested.backend == "auto" ? has_onednn : requested.backend == "onednn";
  if (onednn && !has_onednn) throw std::runtime_error("this libtorch has no oneDNN; use backend = native");
  at::globalContext().setUserEnabledMkldnn(onednn);
  return {at::get_num_threads(), onednn ? "onednn" : "native"};
}

}  // namespace tbft
