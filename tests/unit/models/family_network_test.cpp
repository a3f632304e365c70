// The families' networks against Python's (family_oracle.py), with random weights that Python wrote.
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <cstring>
#include <limits>
#include <utility>

#include "models/network.h"
#include "tests/unit/models/family_states.h"

namespace tbft::models {
namespace {

NetworkSpec mobilenet(double width, int pixels, int classes) {
  return {.depth = 53, .width = width, .classes = classes, .pixels = pixels, .family = "mobilenet-v2", .variant = {}};
}
NetworkSpec vit(int depth, double width, int pixels, int classes) {
  return {.depth = depth, .width = width, .classes = classes, .pixels = pixels, .family = "vit", .variant = {}};
}

const std::vector<NetworkSpec> networks{mobilenet(0.5, 32, 10), mobilenet(1, 224, 1000), vit(12, 1, 32, 10),
                                        vit(3, 2, 224, 1000)};

torch::Tensor tensor_of(const StateDict& state, std::string_view name) {
  const NamedTensor& from = *std::ranges::find(state, name, &NamedTensor::name);
  torch::Tensor tensor = torch::empty(from.shape);
  std::memcpy(tensor.data_ptr(), from.bytes.data(), from.bytes.size());
  return tensor;
}

double distance(const torch::Tensor& a, const torch::Tensor& b) {
  return a.sizes() == b.sizes() ? (a - b).abs().max().item<double>() : std::numeric_limits<double>::infinity();
}

void expect_same(const StateDict& a, const StateDict& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    EXPECT_EQ(a[i].bytes, b[i].bytes) << a[i].name;
  }
}

// In both layouts: the logits in eval mode, stage by stage, then those in training mode.
void expect_logits(Network& network, const StateDict& seen) {
  const torch::NoGradGuard no_grad;
  const StateDict before = state_of(network);
  const auto& stages = network.architecture().stages;
  for (const auto layout : {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast}) {
    SCOPED_TRACE(layout);
    load(network, before);  // training mode moves running statistics
    for (torch::Tensor& parameter : network.parameters())
      if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(layout));
    const torch::Tensor input = tensor_of(seen, "input").contiguous(layout);
    network.eval();
    torch::Tensor x = input;
    for (std::size_t stage = 0; stage < stages.size(); ++stage) {
      x = network.forward_stage(static_cast<int>(stage), x);
      EXPECT_EQ(x.numel() / x.size(0), stages[stage].output_values) << "stage " << stage;
    }
    EXPECT_LT(distance(x, tensor_of(seen, "eval")), 1e-4);
    network.train();
    EXPECT_LT(distance(network.forward(input), tensor_of(seen, "train")), 1e-4);
  }
}

// Of folded BatchNorms, too: a network that diverged must not look sound.
TEST(FamilyNetwork, KeepsNaNWithoutAGradient) {
  const torch::NoGradGuard no_grad;
  const NetworkSpec cifar{.depth = 8, .classes = 10, .pixels = 32, .family = "resnet-cifar", .variant = "B-shortcut-fc"};
  for (const auto& [spec, weight] :
       {std::pair{cifar, "layer2.0.conv1.weight"}, {mobilenet(0.5, 32, 10), "features.3.conv.0.0.weight"}}) {
    const NetworkPtr network = make_network(spec);
    network->eval();
    for (torch::Tensor& parameter : network->parameters())
      if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
    const auto images = torch::randn({2, 3, 32, 32}).contiguous(torch::MemoryFormat::ChannelsLast);
    EXPECT_FALSE(network->forward(images).isnan().any().item<bool>()) << spec.family;
    network->named_parameters()[weight][0][0][0][0] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(network->forward(images).isnan().all().item<bool>()) << spec.family;
  }
}

TEST(FamilyNetwork, ReadsPythonsWeightsAgreesInTheLogitsAndIsReadBackStrictly) {
  const testing::TemporaryFolder scratch;
  testing::oracle("make", scratch.path(), networks);
  for (std::size_t i = 0; i < networks.size(); ++i) {
    SCOPED_TRACE(fmt::format("{} x{}, {} px", networks[i].family, networks[i].width, networks[i].pixels));
    const StateDict python = read_state_dict(scratch / fmt::format("{}.pth", i));
    const NetworkPtr network = load_network(scratch / fmt::format("{}.pth", i));
    EXPECT_EQ(network->architecture().spec, networks[i]);
    expect_same(state_of(*network), python);
    write_state_dict(scratch / fmt::format("{}.ours.pth", i), state_of(*network));
    expect_logits(*network, read_state_dict(scratch / fmt::format("{}.seen.pth", i)));
  }
  testing::oracle("strict", scratch.path(), networks);
}

// timm is in none of Debian's packages, so a fresh ViT is compared with nothing.
TEST(FamilyNetwork, ASeedGivesMobileNetTorchvisionsWeights) {
  const testing::TemporaryFolder scratch;
  const NetworkSpec spec = mobilenet(0.35, 32, 10);
  testing::oracle("fresh", scratch.path(), {spec});
  torch::manual_seed(5);
  expect_same(state_of(*make_network(spec)), read_state_dict(scratch / "0.fresh.pth"));
}

}  // namespace
}  // namespace tbft::models
