// What set_compute() sets in this process, and what it says of libtorch's libraries.
#include "harness/training/compute.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

#include <ctime>

#include "harness/host/provenance.h"

namespace tbft {
namespace {

double seconds_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// OpenBLAS has threads of its own, one for each processor if nobody says otherwise.
TEST(Compute, MatrixProductsOfOneThreadRunOnThisThreadAlone) {
  set_compute({1, "auto"});
  const torch::Tensor a = torch::ones({1500, 1500});
  static_cast<void>(torch::mm(a, a));  // its threads spin for a moment when they start
  const double process_s = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  const double thread_s = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  for (int i = 0; i < 5; ++i) static_cast<void>(torch::mm(a, a));
  const double of_thread_s = seconds_of(CLOCK_THREAD_CPUTIME_ID) - thread_s;
  EXPECT_GT(of_thread_s, 0.8 * (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - process_s));
}

TEST(Compute, TheBlasIsThatOfTheSystemAndOpenBlasNamesItsKernels) {
  const std::string blas = blas_library();
  const std::string system = system_blas();
  EXPECT_TRUE(system.starts_with("openblas") ? blas.starts_with("OpenBLAS ") : blas == system) << blas << ", " << system;
}

}  // namespace
}  // namespace tbft
