// To what the time of our own operations is attributed, as libtorch names them.
#include "harness/step_cost/operation_recorder.h"

// First of torch's, because clang 14 cannot compile its headers in another order.
#include <ATen/core/ivalue.h>

#include <gtest/gtest.h>
#include <torch/utils.h>

#include "models/linear.h"

namespace tbft {
namespace {

TEST(OperationRecorder, LinearLayersAreProductsInBothPasses) {
  const torch::nn::Linear layer(64, 96);
  const torch::Tensor x = torch::randn({200, 64}).requires_grad_();
  const torch::Tensor gradient = torch::ones({200, 96});
  const OperationRecorder recorder;
  models::linear(x, *layer).backward(gradient);
  const auto& times = recorder.times();
  EXPECT_GT(times.forward, 0);
  EXPECT_GT(times.products_backward, 0);
  EXPECT_EQ(times.elementwise, 0);
}

}  // namespace
}  // namespace tbft
