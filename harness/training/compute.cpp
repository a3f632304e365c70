#include "harness/training/compute.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <stdexcept>

#include "harness/host/provenance.h"

namespace tbft {

namespace {

// A function of OpenBLAS's own interface; null if the program has loaded no OpenBLAS.
template <typename F>
F* openblas(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_DEFAULT, name));  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
}

}  // namespace

std::string libtorch_version() {
  return TORCH_VERSION;
}

std::string blas_library() {
  // The library that libtorch's calls reach, which is the first one with this function.
  Dl_info found{};
  if (auto* product = dlsym(RTLD_DEFAULT, "sgemm_"); product == nullptr || dladdr(product, &found) == 0) return system_blas();
  auto name = system_blas(found.dli_fname);
  auto* config = openblas<const char*()>("openblas_get_config");
  auto* core = openblas<const char*()>("openblas_get_corename");
  if (!name.starts_with("openblas") || config == nullptr || core == nullptr) return name;
  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ...": its name and version come first.
  const std::string library = config();
  return fmt::format("{} {}", library.substr(0, library.find(' ', library.find(' ') + 1)), core());
}

Compute set_compute(const Compute& requested) {
  at::set_num_threads(static_cast<int>(requested.threads));
  // libtorch sets OpenMP's threads, but Debian's OpenBLAS has threads of its own. In a forked process setting them would start
  // all of them, needed or not, so a number that is set already stays.
  const auto threads = static_cast<int>(requested.threads);
  auto* get_threads = openblas<int()>("openblas_get_num_threads");
  auto* set_threads = openblas<void(int)>("openblas_set_num_threads");
  if (get_threads != nullptr && set_threads != nullptr && get_threads() != threads) set_threads(threads);
  const bool has_onednn = at::globalContext().hasMKLDNN();
  const bool onednn = requested.backend == "auto" ? has_onednn : requested.backend == "onednn";
  if (onednn && !has_onednn) throw std::runtime_error("this libtorch has no oneDNN; use backend = native");
  at::globalContext().setUserEnabledMkldnn(onednn);
  return {at::get_num_threads(), onednn ? "onednn" : "native"};
}

}  // namespace tbft
