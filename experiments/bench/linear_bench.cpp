// The linear layers of a ViT-tiny at batch 128, forward and backward: by oneDNN's products (models/linear.h) and by libtorch's
// BLAS, by turns, in processor time of one thread. Prints medians, the middle half of the paired ratios and the largest
// difference of a gradient; exits with 1 if oneDNN is slower or a gradient differs by more than 1e-4 of the largest. How the
// two compare depends on the processor for which OpenBLAS has its kernels; OPENBLAS_CORETYPE chooses it.
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/utils.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>
#include <vector>

#include "experiments/bench/clock.h"
#include "harness/training/compute.h"
#include "models/linear.h"
#include "models/product.h"

namespace {

using namespace tbft;
using torch::Tensor;

constexpr std::int64_t images = 128;
constexpr std::int64_t tokens = 65;

struct Side {
  std::function<Tensor(const Tensor&)> layer;
  std::vector<double> seconds{};
  std::vector<Tensor> gradients{};

  void run(const Tensor& x, const torch::nn::Linear& of, const Tensor& dy) {
    const double begin = bench::processor_s();
    gradients = torch::autograd::grad({layer(x)}, {x, of->weight, of->bias}, {dy});
    seconds.push_back(bench::processor_s() - begin);
  }
};

bool compare(std::int64_t in, std::int64_t out) {
  torch::manual_seed(1);
  torch::nn::Linear of(in, out);
  const Tensor x = torch::randn({images, tokens, in}).requires_grad_();
  const Tensor dy = torch::randn({images, tokens, out});
  Side own{[&](const Tensor& from) { return models::linear(from, *of); }};
  Side blas{[&](const Tensor& from) { return of(from); }};
  std::vector<double> ratios;
  constexpr int warm = 2;
  constexpr int turns = 21;
  for (int turn = 0; turn < warm + turns; ++turn) {
    own.run(x, of, dy);
    blas.run(x, of, dy);
    if (turn >= warm) ratios.push_back(blas.seconds.back() / own.seconds.back());
  }
  double difference = 0;
  for (std::size_t i = 0; i < own.gradients.size(); ++i)
    difference = std::max(difference, (own.gradients[i] - blas.gradients[i]).abs().max().item<double>() /
                                          blas.gradients[i].abs().max().item<double>());
  const double ratio = bench::median(ratios);
  std::ranges::sort(ratios);
  const auto gflops = [&](const Side& side) {
    return 1e-9 * static_cast<double>(3 * 2 * images * tokens * in * out) / bench::median(side.seconds);
  };
  fmt::print(
      "{} to {}: oneDNN {:.0f} GFLOP/s, BLAS {:.0f}, {:.2f} times as fast ({:.2f} to {:.2f}; asked: 1), difference {:.1e}\n",
      in, out, gflops(own), gflops(blas), ratio, ratios[turns / 4], ratios[turns - 1 - turns / 4], difference);
  return ratio >= 1 && difference <= 1e-4;
}

}  // namespace

int main() {
  if (!models::has_fast_products) {
    fmt::print(stderr, "skipped: oneDNN has no fast products on this processor, so linear layers are the BLAS's\n");
    return 77;
  }
  set_compute({1, "onednn"});
  fmt::print("BLAS: {}\n", blas_library());
  bool met = true;
  for (const auto& [in, out] : {std::pair{192, 576}, {192, 192}, {192, 768}, {768, 192}}) met = compare(in, out) && met;
  if (!met) fmt::print("MISSED\n");
  return met ? 0 : 1;
}
