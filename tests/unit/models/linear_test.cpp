// Linear layers by oneDNN's products against torch's own on the same tensors.
#include "models/linear.h"

#include <ATen/Context.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/function.h>
#include <torch/utils.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "models/product.h"

namespace tbft::models {
namespace {

using torch::Tensor;
namespace nn = torch::nn;

double relative(const Tensor& a, const Tensor& b) {
  return a.sizes() == b.sizes() ? (a - b).abs().max().item<double>() / b.abs().max().item<double>()
                                : std::numeric_limits<double>::infinity();
}

// The output of a layer, and the gradients of those of x, weight and bias that require one (undefined: it does not).
std::vector<Tensor> passed(const std::function<Tensor(const Tensor&)>& layer, const Tensor& x, nn::Linear& of, bool for_x,
                           bool for_weight, bool for_bias) {
  const Tensor input = x.detach().requires_grad_(for_x);
  of->weight.requires_grad_(for_weight);
  of->bias.requires_grad_(for_bias);
  for (Tensor& parameter : of->parameters()) parameter.mutable_grad() = Tensor();
  const Tensor y = layer(input);
  // Of the strides that a transposition leaves.
  if (y.requires_grad()) y.backward(y.detach().sin().transpose(0, -1).contiguous().transpose(0, -1));
  std::vector<Tensor> result{y.detach(), input.grad(), of->weight.grad(), of->bias.grad()};
  for (Tensor& tensor : result)
    if (tensor.defined()) tensor = tensor.clone();
  return result;
}

void expect_torchs(const Tensor& x, nn::Linear of) {
  for (int choice = 0; choice < 8; ++choice) {
    SCOPED_TRACE(choice);
    const bool for_x = (choice & 1) != 0, for_weight = (choice & 2) != 0, for_bias = (choice & 4) != 0;
    const auto ours = passed([&](const Tensor& in) { return linear(in, *of); }, x, of, for_x, for_weight, for_bias);
    const auto torchs = passed([&](const Tensor& in) { return of(in); }, x, of, for_x, for_weight, for_bias);
    ASSERT_EQ(ours.size(), torchs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
      ASSERT_EQ(ours[i].defined(), torchs[i].defined()) << i;
      if (!ours[i].defined()) continue;
      EXPECT_LT(relative(ours[i], torchs[i]), 1e-5) << i;
    }
  }
}

TEST(Linear, GivesTheOutputAndTheGradientsOfTorch) {
  torch::manual_seed(1);
  expect_torchs(torch::randn({3, 65, 48}), nn::Linear(48, 80));
  expect_torchs(torch::randn({7, 48}), nn::Linear(48, 80));
  expect_torchs(torch::randn({48, 5, 3}).permute({2, 1, 0}), nn::Linear(48, 80));  // not contiguous
  expect_torchs(torch::randn({1, 1, 1}), nn::Linear(1, 1));
}

TEST(Linear, LeavesOthersToTorch) {
  nn::Linear without_bias(nn::LinearOptions(4, 2).bias(false));
  EXPECT_TRUE(linear(torch::ones({3, 4}), *without_bias).equal(without_bias(torch::ones({3, 4}))));
  nn::Linear of(4, 2);
  EXPECT_EQ(linear(torch::empty({0, 4}), *of).sizes(), (std::vector<std::int64_t>{0, 2}));
  EXPECT_THROW(linear(torch::ones({3, 5}), *of), c10::Error);
  of->to(torch::kFloat64);
  const Tensor x = torch::randn({3, 4}, torch::kFloat64);
  EXPECT_TRUE(linear(x, *of).equal(of(x)));
}

// By the name of the gradient's node, which only torch's own has.
TEST(Linear, IsTorchsWithoutOneDnn) {
  nn::Linear of(4, 2);
  const Tensor x = torch::randn({3, 4});
  const auto is_torchs = [&] { return linear(x, *of).grad_fn()->name().find("Addmm") != std::string::npos; };
  EXPECT_EQ(is_torchs(), !has_fast_products);
  at::globalContext().setUserEnabledMkldnn(false);
  EXPECT_TRUE(is_torchs());
  at::globalContext().setUserEnabledMkldnn(true);
}

// A frozen layer below a tuned one keeps nothing, and one above it keeps its weight alone.
TEST(Linear, KeepsItsInputOnlyForTheGradientOfItsWeight) {
  nn::Linear of(4, 2);
  const auto kept = [&](bool for_x, bool for_weight) {
    of->weight.requires_grad_(for_weight);
    of->bias.requires_grad_(for_weight);
    const Tensor x = torch::randn({3, 4}).requires_grad_(for_x) * 1;
    const Tensor y = linear(x, *of);
    return x.use_count();
  };
  EXPECT_GT(kept(true, true), kept(true, false));
  EXPECT_GT(kept(false, true), kept(false, false));
  EXPECT_EQ(kept(true, false), kept(false, false));
}

TEST(Linear, KeepsNaN) {
  nn::Linear of(4, 2);
  Tensor x = torch::randn({3, 4});
  x[1][2] = std::numeric_limits<float>::quiet_NaN();
  const Tensor nan = linear(x, *of).isnan();
  EXPECT_TRUE(nan[1].all().item<bool>());
  EXPECT_FALSE(nan[0].any().item<bool>());
}

}  // namespace
}  // namespace tbft::models
