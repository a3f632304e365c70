// A step of Adam and of SGD over all parameters of the paper's network: our Optimizer and libtorch's classes by turns, in
// processor time of one thread. Before each step the gradients are written anew, as a backward pass would leave them. Prints
// the medians; exits with 1 if Adam takes more than a fifth of libtorch's time.
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/optim/adam.h>
#include <torch/optim/sgd.h>
#include <torch/utils.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "experiments/bench/clock.h"
#include "harness/training/optimizer.h"
#include "models/network.h"

namespace {

using namespace tbft;

template <class Step>
double time_step(const std::vector<torch::Tensor>& parameters, Step& optimizer) {
  for (const auto& parameter : parameters) parameter.mutable_grad() = torch::randn_like(parameter.detach());
  const double begin = bench::processor_s();
  optimizer.step();
  return bench::processor_s() - begin;
}

// Seconds of a step: ours, libtorch's.
std::array<double, 2> compare(bool adam) {
  constexpr double decay = 5e-4;
  const auto networks = std::array{models::make_network({}), models::make_network({})};
  const std::array parameters{networks[0]->parameters(), networks[1]->parameters()};
  Optimizer own(parameters[0], {.adam = adam, .weight_decay = decay});
  std::unique_ptr<torch::optim::Optimizer> theirs;
  if (adam)
    theirs = std::make_unique<torch::optim::Adam>(parameters[1], torch::optim::AdamOptions(1e-3).weight_decay(decay));
  else
    theirs =
        std::make_unique<torch::optim::SGD>(parameters[1], torch::optim::SGDOptions(1e-3).momentum(0.9).weight_decay(decay));
  std::array<std::vector<double>, 2> seconds;
  for (int turn = 0; turn < 300; ++turn) {
    seconds[0].push_back(time_step(parameters[0], own));
    seconds[1].push_back(time_step(parameters[1], *theirs));
  }
  return {bench::median(seconds[0]), bench::median(seconds[1])};
}

}  // namespace

int main() {
  at::set_num_threads(1);
  constexpr double most = 0.2;
  bool met = true;
  for (const bool adam : {true, false}) {
    const auto [own, theirs] = compare(adam);
    fmt::print("{}: {:.3f} ms, libtorch {:.3f} ms, {:.2f} of it{}\n", adam ? "Adam" : "SGD", 1e3 * own, 1e3 * theirs,
               own / theirs, adam ? fmt::format(" (asked: at most {})", most) : "");
    met = met && (!adam || own <= most * theirs);
  }
  return met ? 0 : 1;
}
