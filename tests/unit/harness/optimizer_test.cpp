// The optimisers' steps equal those of libtorch's classes to a rounding. (With libtorch 1.13 on a processor with fused
// multiply-add they were seen equal in every bit.)
#include "harness/training/optimizer.h"

#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/optim/sgd.h>
#include <torch/utils.h>

#include <memory>
#include <vector>

namespace tbft {
namespace {

// Shapes whose values are fewer than a vector, no multiple of one, and many; the last is in channels_last.
std::vector<torch::Tensor> parameters() {
  torch::manual_seed(3);
  std::vector<torch::Tensor> all;
  const std::vector<std::vector<std::int64_t>> shapes{{1}, {10}, {16}, {10, 67}, {64, 32, 3, 3}};
  for (const auto& shape : shapes) {
    auto tensor = torch::randn(shape);
    if (shape.size() == 4) tensor = tensor.contiguous(torch::MemoryFormat::ChannelsLast);
    all.push_back(tensor.set_requires_grad(true));
  }
  return all;
}

struct Pair {
  explicit Pair(const OptimizerSettings& settings) : own(parameters()), theirs(parameters()), optimizer(own, settings) {
    if (settings.adam)
      reference = std::make_unique<torch::optim::Adam>(
          theirs, torch::optim::AdamOptions(settings.rate).weight_decay(settings.weight_decay));
    else
      reference = std::make_unique<torch::optim::SGD>(
          theirs, torch::optim::SGDOptions(settings.rate).momentum(settings.momentum).weight_decay(settings.weight_decay));
  }
  // The same gradients of many magnitudes for both.
  void step() {
    for (std::size_t i = 0; i < own.size(); ++i) {
      const auto gradient = torch::randn_like(own[i]) * torch::randn_like(own[i]).exp();
      own[i].mutable_grad() = gradient.clone();
      theirs[i].mutable_grad() = gradient.clone();
    }
    optimizer.step();
    reference->step();
  }

  std::vector<torch::Tensor> own, theirs;
  Optimizer optimizer;
  std::unique_ptr<torch::optim::Optimizer> reference;
};

class Steps : public testing::TestWithParam<OptimizerSettings> {};
INSTANTIATE_TEST_SUITE_P(Optimizers, Steps,
                         testing::Values(OptimizerSettings{.rate = 0.1, .momentum = 0.9, .weight_decay = 5e-4},
                                         OptimizerSettings{.rate = 0.1, .momentum = 0, .weight_decay = 0},
                                         OptimizerSettings{.adam = true, .rate = 1e-2, .weight_decay = 5e-4},
                                         OptimizerSettings{.adam = true, .rate = 1e-2, .weight_decay = 0}));

TEST_P(Steps, EqualLibtorchs) {
  Pair pair(GetParam());
  for (int step = 0; step < 20; ++step) {
    pair.step();
    for (std::size_t i = 0; i < pair.own.size(); ++i)
      ASSERT_TRUE(torch::allclose(pair.own[i], pair.theirs[i], 1e-6, 1e-8))
          << "step " << step << ", parameter " << i << ": " << (pair.own[i] - pair.theirs[i]).abs().max().item<double>();
  }
}

TEST(Optimizer, AParameterWithoutAGradientStays) {
  auto own = parameters();
  const auto before = own[0].detach().clone();
  own[1].mutable_grad() = torch::ones_like(own[1]);
  const auto other = own[1].detach().clone();
  Optimizer(own, {.adam = true, .rate = 0.1}).step();
  EXPECT_TRUE(torch::equal(own[0], before));
  EXPECT_FALSE(torch::equal(own[1], other));
}

TEST(Optimizer, AGradientInAnotherLayoutGivesTheSameStep) {
  Pair pair({.rate = 0.1, .momentum = 0.9, .weight_decay = 0});
  for (std::size_t i = 0; i < pair.own.size(); ++i) {
    pair.own[i].mutable_grad() = torch::arange(pair.own[i].numel(), torch::kFloat).view(pair.own[i].sizes());
    pair.theirs[i].mutable_grad() = pair.own[i].grad().clone();
  }
  ASSERT_NE(pair.own.back().grad().strides(), pair.own.back().strides());
  pair.optimizer.step();
  pair.reference->step();
  for (std::size_t i = 0; i < pair.own.size(); ++i) EXPECT_TRUE(torch::equal(pair.own[i], pair.theirs[i])) << i;
}

TEST(Optimizer, ARateOfItsOwnChangesOneParameterAlone) {
  Pair pair({.rate = 0.1, .momentum = 0, .weight_decay = 0});
  const auto before = pair.own[1].detach().clone();
  pair.optimizer.set_rate(1, 0);
  pair.step();
  EXPECT_TRUE(torch::equal(pair.own[1], before));
  EXPECT_TRUE(torch::equal(pair.own[2], pair.theirs[2]));
}

TEST(Optimizer, WhatItCannotStepIsRefused) {
  EXPECT_THROW(Optimizer({torch::zeros({3}, torch::kFloat64)}, {}), std::invalid_argument);
  EXPECT_THROW(Optimizer({torch::zeros({3, 4}).slice(1, 0, 2)}, {}), std::invalid_argument);
}

}  // namespace
}  // namespace tbft
