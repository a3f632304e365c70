// Fused passes against torch's own operations on the same tensors.
#include "models/fused.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/utils.h>

#include <limits>
#include <map>
#include <string>

namespace tbft::models {
namespace {

using torch::Tensor;
namespace nn = torch::nn;

constexpr auto channels_last = torch::MemoryFormat::ChannelsLast;

double relative(const Tensor& a, const Tensor& b) {
  return (a - b).abs().max().item<double>() / std::max(1e-3, b.abs().max().item<double>());
}

// A basic block, its modules and what went in.
struct Block {
  nn::BatchNorm2d bn1, bn2;
  nn::Conv2d conv1, conv2;
  Tensor x;

  Block(int in, int out, int stride)
      : bn1(in),
        bn2(out),
        conv1(nn::Conv2dOptions(in, out, 3).stride(stride).padding(1).bias(false)),
        conv2(nn::Conv2dOptions(out, out, 3).padding(1).bias(false)),
        x((torch::randn({6, in, 8, 8}) * 2 + 5).contiguous(channels_last)) {
    const torch::NoGradGuard guard;
    for (auto* bn : {&bn1, &bn2}) {
      (*bn)->weight.uniform_(-1, 2);  // negative ones, too
      (*bn)->bias.normal_(0, 0.5);
      (*bn)->running_mean.normal_(4, 1);
      (*bn)->running_var.uniform_(0.5, 3);
    }
    for (auto* conv : {&conv1, &conv2}) (*conv)->weight.set_data((*conv)->weight.contiguous(channels_last));
  }

  std::map<std::string, Tensor> trained() {
    return {{"x", x},
            {"bn1.weight", bn1->weight},
            {"bn1.bias", bn1->bias},
            {"conv1.weight", conv1->weight},
            {"bn2.weight", bn2->weight},
            {"bn2.bias", bn2->bias},
            {"conv2.weight", conv2->weight}};
  }
  std::map<std::string, Tensor> statistics() {
    return {{"bn1.mean", bn1->running_mean},
            {"bn1.var", bn1->running_var},
            {"bn2.mean", bn2->running_mean},
            {"bn2.var", bn2->running_var},
            {"bn1.n", bn1->num_batches_tracked}};
  }
  void training(bool on) {
    bn1->train(on);
    bn2->train(on);
  }
  // How near to zero a value comes that goes into a ReLU. Two correct passes may round such a value to
  // either side of zero, and so differ by all of its gradient.
  double nearest_to_kink() {
    const torch::NoGradGuard guard;
    const auto first = bn1(x);
    const auto second = bn2(conv1(torch::relu(first)));
    return std::min(first.abs().min().item<double>(), second.abs().min().item<double>());
  }
  Tensor plain() {
    const auto y = conv2(torch::relu(bn2(conv1(torch::relu(bn1(x))))));
    auto shortcut = x;
    if (conv1->options.stride()->at(0) != 1) shortcut = torch::avg_pool2d(shortcut, 2);
    const auto added = y.size(1) - x.size(1);
    if (added != 0) shortcut = torch::constant_pad_nd(shortcut, {0, 0, 0, 0, 0, added});
    return shortcut + y;
  }
  Tensor fused(bool wanted = false) {
    std::optional<Moments> moments;
    auto y = basic_block(x, {*bn1, *conv1, *bn2, *conv2}, moments, wanted);
    if (wanted) {
      EXPECT_TRUE(moments.has_value());
      EXPECT_LT(relative(torch::tensor(moments->mean), y.mean({0, 2, 3})), 1e-5);
      EXPECT_LT(relative(torch::tensor(moments->variance), y.var({0, 2, 3}, false)), 1e-5);
    }
    return y;
  }
};

struct Shape {
  int in, out, stride;
};

class BasicBlock : public ::testing::TestWithParam<Shape> {
 protected:
  // The seed comes before the block: libtorch's own is another one in each process.
  static Block seeded(const Shape& shape) {
    torch::manual_seed(38);
    return {shape.in, shape.out, shape.stride};
  }
  Block block = seeded(GetParam());
};
INSTANTIATE_TEST_SUITE_P(Shapes, BasicBlock,
                         ::testing::Values(Shape{16, 16, 1}, Shape{16, 32, 2}, Shape{64, 64, 1}, Shape{16, 32, 1}),
                         [](const auto& p) {
                           return std::to_string(p.param.in) + "to" + std::to_string(p.param.out) + "by" +
                                  std::to_string(p.param.stride);
                         });

// Of one image, too, where libtorch itself takes another way.
TEST(ConvolutionGradients, AreThoseOfTorchForAnyBatch) {
  torch::manual_seed(4);
  for (const std::int64_t n : {1, 6})
    for (const std::int64_t stride : {1, 2}) {
      const auto x = torch::randn({n, 16, 8, 8}).contiguous(channels_last);
      const auto w = torch::randn({32, 16, 3, 3}).contiguous(channels_last);
      const auto dy = torch::randn({n, 32, 8 / stride, 8 / stride}).contiguous(channels_last);
      const auto [dx, dw, db] = torch::convolution_backward(dy, x, w, at::OptionalIntArrayRef(), {stride, stride}, {1, 1},
                                                            {1, 1}, false, {0, 0}, 1, {true, true, false});
      const auto both = convolution_gradients(dy, x, w, stride, true, true);
      EXPECT_LT(relative(both.first, dx), 1e-5) << n << " images, stride " << stride;
      EXPECT_LT(relative(both.second, dw), 1e-5) << n << " images, stride " << stride;
      EXPECT_FALSE(convolution_gradients(dy, x, w, stride, false, true).first.defined());
      EXPECT_FALSE(convolution_gradients(dy, x, w, stride, true, false).second.defined());
    }
}

TEST_P(BasicBlock, GivesTheOutputAndMovesTheStatisticsOfTorch) {
  const torch::NoGradGuard guard;
  for (const bool training : {true, false}) {
    SCOPED_TRACE(training ? "train" : "eval");
    block.training(training);
    std::map<std::string, Tensor> before, after;
    for (const auto& [name, t] : block.statistics()) before[name] = t.clone();
    const auto expected = block.plain();
    for (const auto& [name, t] : block.statistics()) after[name] = t.clone();
    for (const auto& [name, t] : block.statistics()) t.copy_(before[name]);
    const auto x = block.x.clone();
    EXPECT_LT(relative(block.fused(true), expected), 1e-5);
    EXPECT_TRUE(torch::equal(block.x, x)) << "the input is not ours to change";
    for (const auto& [name, t] : block.statistics()) EXPECT_LT(relative(t.to(torch::kDouble), after[name]), 1e-5) << name;
  }
}

// Of what requires one, whatever else is frozen.
TEST_P(BasicBlock, GivesTheGradientsOfTorch) {
  const std::vector<std::vector<std::string>> choices{
      {"x", "bn1.weight", "bn1.bias", "conv1.weight", "bn2.weight", "bn2.bias", "conv2.weight"},
      {"bn1.weight", "bn1.bias", "conv1.weight", "bn2.weight", "bn2.bias", "conv2.weight"},
      {"x"},
      {"conv2.weight"},
      {"bn2.bias"},
      {"conv1.weight"}};
  for (const bool training : {false, true})
    for (const auto& chosen : choices) {
      SCOPED_TRACE((training ? "train, from " : "eval, from ") + chosen.front() + ", " + std::to_string(chosen.size()));
      block.training(training);
      ASSERT_GT(block.nearest_to_kink(), 1e-5) << "choose another seed";
      auto all = block.trained();
      for (auto& [name, t] : all) t.set_requires_grad(std::count(chosen.begin(), chosen.end(), name) > 0);
      const auto gradient = torch::randn_like(block.plain());
      std::map<std::string, Tensor> expected;
      block.plain().backward(gradient);
      for (auto& [name, t] : all) {
        if (t.grad().defined()) expected[name] = t.grad().clone();
        t.mutable_grad() = Tensor();
      }
      const auto kept = gradient.clone();
      block.fused(true).backward(gradient);
      EXPECT_TRUE(torch::equal(gradient, kept)) << "the gradient given is not ours to change";
      EXPECT_EQ(expected.size(), chosen.size());
      for (auto& [name, t] : all) {
        ASSERT_EQ(t.grad().defined(), expected.contains(name)) << name;
        if (t.grad().defined()) {
          EXPECT_LT(relative(t.grad(), expected[name]), 1e-4) << name;
        }
        t.mutable_grad() = Tensor();
      }
    }
}

// Without a gradient a block runs on parts of the batch; the last part is smaller here.
TEST_P(BasicBlock, GivesTheOutputOfTorchInParts) {
  const torch::NoGradGuard guard;
  block.x = torch::randn({37, GetParam().in, 32, 32}).contiguous(channels_last);
  for (const bool first : {true, false})
    for (const bool second : {true, false}) {
      SCOPED_TRACE(std::string(first ? "bn1 by the batch" : "bn1 in eval") + (second ? ", bn2 by the batch" : ", bn2 in eval"));
      block.bn1->train(first);
      block.bn2->train(second);
      EXPECT_LT(relative(block.fused(true), block.plain()), 1e-5);
    }
  block.conv1->weight.set_data(block.conv1->weight.contiguous());
  EXPECT_LT(relative(block.fused(), block.plain()), 1e-5) << "of a weight in the other order";
}

// A network that diverged must not look sound.
TEST_P(BasicBlock, KeepsNaNInEvalMode) {
  const torch::NoGradGuard guard;
  block.training(false);
  block.conv1->weight[0][0][0][0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(block.fused().isnan().all().item<bool>());
}

TEST_P(BasicBlock, DoesNotDependOnTheNumberOfThreads) {
  const torch::NoGradGuard guard;
  block.x = torch::randn({32, GetParam().in, 32, 32}).contiguous(channels_last);  // several chunks
  block.training(true);
  const int before = at::get_num_threads();
  std::vector<Tensor> means;
  for (const int threads : {1, 2}) {
    at::set_num_threads(threads);
    block.bn1->running_mean.zero_();
    block.fused();
    means.push_back(block.bn1->running_mean.clone());
  }
  at::set_num_threads(before);
  EXPECT_TRUE(torch::equal(means[0], means[1]));
}

TEST(BatchNormRelu, AgreesWithTorchInBothDirections) {
  torch::manual_seed(4);
  nn::BatchNorm2d bn(64);
  for (const bool training : {true, false}) {
    bn->train(training);
    auto x = torch::randn({4, 64, 8, 8}).contiguous(channels_last).requires_grad_();
    const auto gradient = torch::randn({4, 64, 8, 8}).contiguous(channels_last);
    torch::relu(bn(x)).backward(gradient);
    const std::vector<Tensor> expected{x.grad().clone(), bn->weight.grad().clone(), bn->bias.grad().clone()};
    for (auto* t : {&x, &bn->weight, &bn->bias}) t->mutable_grad() = Tensor();
    const auto kept = gradient.clone();
    batchnorm_relu(x, *bn).backward(gradient);
    EXPECT_TRUE(torch::equal(gradient, kept));
    EXPECT_LT(relative(x.grad(), expected[0]), 1e-4);
    EXPECT_LT(relative(bn->weight.grad(), expected[1]), 1e-4);
    EXPECT_LT(relative(bn->bias.grad(), expected[2]), 1e-4);
    for (auto* t : {&x, &bn->weight, &bn->bias}) t->mutable_grad() = Tensor();
  }
}

// Squares of values far from zero cancel; the sums are about a value near the mean.
TEST(BatchNormRelu, FindsASmallDeviationOfALargeMean) {
  torch::manual_seed(5);
  nn::BatchNorm2d bn(16);
  bn->train();
  const auto x = (torch::randn({32, 16, 32, 32}) * 0.01 + 1000).contiguous(channels_last);
  const torch::NoGradGuard guard;
  batchnorm_relu(x, *bn);
  EXPECT_LT(relative((bn->running_var - 0.9) / 0.1, x.to(torch::kDouble).var({0, 2, 3})), 1e-2);
}

TEST(Fusable, TakesChannelsLastFloatMapsOfSixteens) {
  EXPECT_TRUE(fusable(torch::zeros({2, 16, 4, 4}).contiguous(channels_last)));
  EXPECT_FALSE(fusable(torch::zeros({2, 16, 4, 4})));
  EXPECT_FALSE(fusable(torch::zeros({2, 8, 4, 4}).contiguous(channels_last)));
  EXPECT_FALSE(fusable(torch::zeros({2, 16, 4, 4}, torch::kFloat64).contiguous(channels_last)));
}

}  // namespace
}  // namespace tbft::models
