#include "harness/training/compute.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <stdexcept>

#include "harness/host/provenance.h"

namespace tbft {

std::string libtorch_version() {
  return TORCH_VERSION;
}

std::string blas_library() {
  using Text = const char* (*)();
  // Found only if the program has loaded an OpenBLAS.
  const auto say = [](const char* function) -> std::string {
    auto* found = dlsym(RTLD_DEFAULT, function);
    return found == nullptr ? "" : reinterpret_cast<Text>(found)();  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
  };
  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ...": its name and version come first.
  const auto library = say("openblas_get_config");
  const auto version_end = library.find(' ', library.find(' ') + 1);
  return library.empty() ? system_blas() : fmt::format("{} {}", library.substr(0, version_end), say("openblas_get_corename"));
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
