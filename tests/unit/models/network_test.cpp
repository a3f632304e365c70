#include "models/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/functional/loss.h>
#include <torch/optim/sgd.h>
#include <torch/utils.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <ostream>

#include "models/cost.h"
#include "tests/unit/models/files.h"
#include "tests/unit/models/tensors.h"

namespace tbft::models {

// What GoogleTest prints, and names the tests by.
void PrintTo(const NetworkSpec& spec, std::ostream* out) {
  *out << spec.pixels << "px";
}

namespace {

using testing::distance;
using ::testing::HasSubstr;
using testing::read_tensors;
using testing::run_python;
using testing::TemporaryFolder;

constexpr auto script = TBFT_SOURCE_DIR "/tests/unit/models/network.py";
constexpr auto channels_last = torch::MemoryFormat::ChannelsLast;

std::vector<std::string> arguments(const char* command, const std::string& first, const NetworkSpec& spec,
                                   const std::string& out) {
  return {script, command, first, std::to_string(spec.pixels), std::to_string(spec.classes), out};
}

void expect_equal(const StateDict& a, const StateDict& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    EXPECT_EQ(a[i].dtype, b[i].dtype) << a[i].name;
    EXPECT_EQ(a[i].shape, b[i].shape) << a[i].name;
    EXPECT_EQ(a[i].bytes, b[i].bytes) << a[i].name;
  }
}

void use_layout(Network& model, torch::MemoryFormat layout) {
  for (torch::Tensor& parameter : model.parameters()) {
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(layout));
  }
}

const NetworkSpec small;  // 32 px, 10 classes
const NetworkSpec large{.classes = 17, .pixels = 128};

// A network here and in Python: network.py loads model.pth and leaves what it saw in seen.pth.
class NetworkAgainstPython : public ::testing::TestWithParam<NetworkSpec> {
 protected:
  NetworkPtr fresh(const char* command) {
    torch::manual_seed(3);
    NetworkPtr model = make_network(GetParam());
    const torch::NoGradGuard no_grad;
    // A fresh BatchNorm is the identity in eval mode; make it matter.
    for (auto& buffer : model->named_buffers()) {
      if (buffer.key().ends_with("running_mean")) buffer.value().normal_(0, 0.2);
      if (buffer.key().ends_with("running_var")) buffer.value().uniform_(0.5, 2);
    }
    write_state_dict(scratch_ / "model.pth", state_of(*model));
    run_python(arguments(command, scratch_ / "model.pth", GetParam(), scratch_ / "seen.pth"));
    return model;
  }
  TemporaryFolder scratch_;
};

INSTANTIATE_TEST_SUITE_P(Pixels, NetworkAgainstPython, ::testing::Values(small, large),
                         [](const auto& parameter) { return std::to_string(parameter.param.pixels); });

TEST_P(NetworkAgainstPython, SameSeedSameWeights) {
  run_python(arguments("init", "5", GetParam(), scratch_ / "python.pth"));
  torch::manual_seed(5);
  expect_equal(state_of(*make_network(GetParam())), read_state_dict(scratch_ / "python.pth"));
}

TEST_P(NetworkAgainstPython, StagesAndLogitsAgreeInBothLayouts) {
  const NetworkPtr model = fresh("forward");
  const auto seen = read_tensors(scratch_ / "seen.pth");
  const torch::NoGradGuard no_grad;
  for (const auto layout : {torch::MemoryFormat::Contiguous, channels_last}) {
    SCOPED_TRACE(layout);
    use_layout(*model, layout);
    const torch::Tensor input = seen.at("input").contiguous(layout);
    model->eval();
    EXPECT_LT(distance(model->forward(input), seen.at("eval.4")), 1e-4);
    torch::Tensor x = input;
    for (int stage = 0; stage < std::ssize(model->architecture().stages); ++stage) {
      x = model->forward_stage(stage, x);
      EXPECT_LT(distance(x, seen.at("eval." + std::to_string(stage))), 1e-4) << "stage " << stage;
      EXPECT_TRUE(x.dim() != 4 || x.is_contiguous(layout)) << "stage " << stage;
    }
    model->train();
    EXPECT_LT(distance(model->forward(input), seen.at("train")), 1e-4);
    load(*model, read_state_dict(scratch_ / "model.pth"));  // training mode moved the running statistics
  }
}

TEST_P(NetworkAgainstPython, GradientsAndOneStepAgreeInBothLayouts) {
  const NetworkPtr model = fresh("step");
  const auto seen = read_tensors(scratch_ / "seen.pth");
  model->to(torch::kFloat64);
  for (const auto layout : {torch::MemoryFormat::Contiguous, channels_last}) {
    SCOPED_TRACE(layout);
    load(*model, read_state_dict(scratch_ / "model.pth"));
    use_layout(*model, layout);
    torch::optim::SGD sgd(model->parameters(), torch::optim::SGDOptions(0.01).momentum(0.9).weight_decay(5e-4));
    sgd.zero_grad();
    const torch::Tensor logits = model->forward(seen.at("input").contiguous(layout));
    const torch::Tensor loss = torch::nn::functional::cross_entropy(logits, seen.at("labels"));
    EXPECT_LT(distance(loss, seen.at("loss")), 1e-12);
    loss.backward();
    for (const auto& parameter : model->named_parameters()) {
      EXPECT_LT(distance(parameter.value().grad(), seen.at("grad." + parameter.key())), 1e-10) << parameter.key();
    }
    sgd.step();
    for (const auto& parameter : model->named_parameters()) {
      EXPECT_LT(distance(parameter.value(), seen.at("after." + parameter.key())), 1e-10) << parameter.key();
    }
    for (const auto& buffer : model->named_buffers()) {
      EXPECT_LT(distance(buffer.value(), seen.at("after." + buffer.key())), 1e-10) << buffer.key();
    }
  }
}

TEST_P(NetworkAgainstPython, StateAndLoadAreInverse) {
  torch::manual_seed(1);
  const StateDict state = state_of(*make_network(GetParam()));
  const NetworkPtr other = make_network(GetParam());
  use_layout(*other, channels_last);  // the layout in memory is nobody's business but the network's
  load(*other, state);
  expect_equal(state_of(*other), state);
}

TEST(Network, WidthsAndDepthsKeepTheirLayoutAndParameterCount) {
  for (const NetworkSpec& spec : {NetworkSpec{.depth = 8}, NetworkSpec{.depth = 8, .width = 2, .classes = 3, .pixels = 64}}) {
    const NetworkPtr model = make_network(spec);
    std::int64_t count = 0;
    for (const torch::Tensor& parameter : model->parameters()) count += parameter.numel();
    EXPECT_EQ(count, parameter_count(model->architecture()));
    torch::Tensor x = torch::randn({2, 3, spec.pixels, spec.pixels}).contiguous(channels_last).requires_grad_();
    const torch::Tensor logits = model->forward(x);
    EXPECT_EQ(logits.sizes(), (std::vector<std::int64_t>{2, spec.classes}));
    logits.sum().backward();
    EXPECT_TRUE(x.grad().is_contiguous(channels_last));
  }
}

TEST(Network, AWrongInputOrStageIsNamed) {
  const NetworkPtr model = make_network(small);
  try {
    model->forward(torch::zeros({1, 3, 128, 128}));
    FAIL() << "accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("[N, 3, 32, 32], not [1, 3, 128, 128]"));
  }
  EXPECT_THROW(model->forward_stage(5, torch::zeros({1, 64})), std::invalid_argument);
}

TEST(Network, LoadNamesTheFileAndTheOddTensor) {
  const TemporaryFolder scratch;
  StateDict state = state_of(*make_network(small));
  state.pop_back();
  write_state_dict(scratch / "x.pth", state);
  try {
    load_network(scratch / "x.pth");
    FAIL() << "accepted";
  } catch (const CheckpointError& error) {
    EXPECT_EQ(error.what(), (scratch / "x.pth").string() + ": fc.bias is missing (nearest family: resnet-cifar-preact)");
  }
  const NetworkPtr other = make_network(large);
  EXPECT_THROW(load(*other, state_of(*make_network(small))), CheckpointError);
}

// Checkpoints that the paper's authors released.
TEST(Network, ReleasedCheckpointsLoadAndComeBackByteForByte) {
  const char* shared = std::getenv("TBFT_SHARED");
  const auto folder = std::filesystem::path(shared == nullptr ? TBFT_SOURCE_DIR "/../shared" : shared) / "data/checkpoints";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "../shared is absent: no released checkpoints";
  const std::map<std::string, NetworkSpec> wanted{{"resnet26_cifar10_tbft.pth", small}, {"resnet26_living17_tbft.pth", large}};
  for (const auto& [name, spec] : wanted) {
    SCOPED_TRACE(name);
    const NetworkPtr model = load_network(folder / name);
    EXPECT_EQ(model->architecture().spec, spec);
    expect_equal(state_of(*model), read_state_dict(folder / name));
    const TemporaryFolder scratch;
    run_python(arguments("forward", folder / name, spec, scratch / "seen.pth"));
    auto seen = read_tensors(scratch / "seen.pth");
    model->eval();
    const torch::NoGradGuard no_grad;
    EXPECT_LT(distance(model->forward(seen.at("input")), seen.at("eval.4")), 1e-4);
  }
}

}  // namespace
}  // namespace tbft::models
