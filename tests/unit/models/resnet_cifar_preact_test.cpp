
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "models/families/family.h"
#include "tests/unit/models/family_states.h"

namespace tbft::models {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::refusal;
using testing::state_for;

NamedTensor& find(StateDict& state, std::string_view name) {
  return *std::ranges::find(state, name, &NamedTensor::name);
}

TEST(Spec, AStateDictsShapesGiveTheSpec) {
  for (const NetworkSpec& spec : {NetworkSpec{}, NetworkSpec{.classes = 17, .pixels = 128},
                                  NetworkSpec{.depth = 8, .width = 4, .classes = 2, .pixels = 96}, NetworkSpec{.depth = 56}}) {
    EXPECT_EQ(recognise(state_for(spec)).spec, spec);
  }
}

TEST(Spec, TensorsStandInTorchsOrder) {
  const auto tensors = describe({}).tensors;
  ASSERT_EQ(tensors.size(), 152U);
  EXPECT_EQ(tensors[0].name, "conv1.weight");
  EXPECT_EQ(tensors[5].name, "layer1.0.bn1.num_batches_tracked");
  EXPECT_EQ(tensors[6].name, "layer1.0.conv1.weight");
  EXPECT_EQ(tensors.back().name, "fc.bias");
  std::int64_t values = 0;
  for (const TensorInfo& tensor : tensors) values += *element_count(tensor.shape);
  EXPECT_EQ(values, 368'787);
}

TEST(Spec, OddTensorsAreNamed) {
  const StateDict whole = state_for({});
  StateDict state = whole;
  std::erase_if(state, [](const NamedTensor& tensor) { return tensor.name == "layer2.1.bn2.running_var"; });
  EXPECT_THAT(refusal(state), HasSubstr("layer2.1.bn2.running_var is missing"));
  state = whole;
  state.push_back({.name = "head.weight", .dtype = DType::float32, .shape = {1}, .bytes = {}});
  EXPECT_THAT(refusal(state), HasSubstr("the network has no head.weight"));
  state = whole;
  find(state, "layer3.0.conv1.weight").shape = {64, 32, 1, 1};
  EXPECT_THAT(refusal(state), HasSubstr("layer3.0.conv1.weight has the shape [64, 32, 1, 1], the network [64, 32, 3, 3]"));
  state = whole;
  find(state, "fc.weight").shape = {10, 65};
  EXPECT_THAT(refusal(state), HasSubstr("fc.weight has the shape [10, 65]"));
  state = whole;
  find(state, "bn.weight").shape = {100};
  EXPECT_THAT(refusal(state), HasSubstr("bn.weight has 100 channels"));
  state = whole;
  find(state, "bn.weight").dtype = DType::uint8;
  EXPECT_THAT(refusal(state), HasSubstr("bn.weight is uint8"));
  EXPECT_THAT(refusal({}), HasSubstr("no tensor has a name as in a known network"));
}

TEST(Spec, NumbersThatNoTrainedNetworkHasAreNamed) {
  const auto with = [](const std::string& name, DType type, const std::vector<std::byte>& value) {
    StateDict state = state_for({});
    NamedTensor& tensor = find(state, name);
    tensor.dtype = type;
    tensor.bytes.assign(static_cast<std::size_t>(*element_count(tensor.shape)) * value.size(), std::byte{0});
    std::ranges::copy(value, tensor.bytes.end() - static_cast<std::ptrdiff_t>(value.size()));  // the last element
    return refusal(state);
  };
  const auto bytes = [](auto number) {
    std::vector<std::byte> result(sizeof(number));
    std::memcpy(result.data(), &number, sizeof(number));
    return result;
  };
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(), infinite = -std::numeric_limits<float>::infinity();
  EXPECT_THAT(with("fc.weight", DType::float32, bytes(nan)), HasSubstr("fc.weight holds a number that is not finite"));
  EXPECT_THAT(with("layer2.1.bn1.bias", DType::float32, bytes(infinite)),
              HasSubstr("layer2.1.bn1.bias holds a number that is not finite"));
  EXPECT_THAT(with("fc.bias", DType::float64, bytes(static_cast<double>(nan))), HasSubstr("fc.bias holds"));
  EXPECT_THAT(with("fc.bias", DType::float16, bytes(std::uint16_t{0x7E00})), HasSubstr("fc.bias holds"));
  EXPECT_THAT(with("fc.bias", DType::bfloat16, bytes(std::uint16_t{0x7FC0})), HasSubstr("fc.bias holds"));
  EXPECT_THAT(with("bn.running_var", DType::float32, bytes(-1e-30F)), HasSubstr("bn.running_var holds a negative variance"));
  EXPECT_THAT(with("bn.running_var", DType::float16, bytes(std::uint16_t{0x8001})),
              HasSubstr("bn.running_var holds a negative variance"));
  EXPECT_EQ(with("bn.running_var", DType::float32, bytes(-0.0F)), "accepted");
  EXPECT_EQ(with("bn.running_mean", DType::float32, bytes(-3.0F)), "accepted");
  EXPECT_EQ(with("fc.weight", DType::float32, bytes(std::numeric_limits<float>::max())), "accepted");
}

TEST(Spec, CountersMayBeMissing) {
  StateDict state = state_for({});
  std::erase_if(state, [](const NamedTensor& tensor) { return tensor.name.ends_with("num_batches_tracked"); });
  EXPECT_EQ(refusal(state), "accepted");
}

TEST(Spec, AForgedWidthIsRefusedByItsShapesBeforeTheNetworkIsBuilt) {
  StateDict state = state_for({});
  find(state, "bn.weight").shape = {std::int64_t{64} << 40};
  EXPECT_THAT(refusal(state), HasSubstr("channels"));
  find(state, "bn.weight").shape = {std::int64_t{64} * 1024};  // a network of this width would need 150 GB
  find(state, "fc.weight").shape = {10, std::int64_t{64} * 1024};
  EXPECT_THAT(refusal(state), HasSubstr("layer1.0.conv1.weight has the shape [16, 16, 3, 3], the network [16384, 16, 3, 3]"));
}

TEST(Spec, ImpossibleSpecsAreRefused) {
  EXPECT_THROW(describe({.depth = 27}), std::invalid_argument);
  EXPECT_THROW(describe({.depth = 2}), std::invalid_argument);
  EXPECT_THROW(describe({.width = 0}), std::invalid_argument);
  EXPECT_THROW(describe({.classes = 0}), std::invalid_argument);
  EXPECT_THROW(describe({.pixels = 48}), std::invalid_argument);
}

TEST(Blocks, AParameterBelongsToABlockByItsModuleAndNotBySubstring) {
  const Architecture network = describe({});
  EXPECT_THAT(network.blocks(), ElementsAre("block1", "block2", "block3", "fc"));
  EXPECT_EQ(network.block_of("conv1.weight"), "block1");
  EXPECT_EQ(network.block_of("layer1.3.bn2.bias"), "block1");
  EXPECT_EQ(network.block_of("layer2.0.conv1.weight"), "block2");
  EXPECT_EQ(network.block_of("layer3.0.conv1.weight"), "block3");
  EXPECT_EQ(network.block_of("fc.bias"), "fc");
  EXPECT_EQ(network.block_of("bn.weight"), "");
  EXPECT_THROW(static_cast<void>(network.block_of("layer1.0.bn")), std::out_of_range);
}

TEST(Blocks, TrainingBeginsAtTheStageOfTheFrontmostTrainedParameter) {
  const Architecture network = describe({});
  EXPECT_EQ(network.first_trained_stage({.blocks = {"block3", "fc"}}), 2);
  EXPECT_EQ(network.first_trained_stage({.blocks = {"fc"}}), 4);
  EXPECT_EQ(network.first_trained_stage({.blocks = {}, .batchnorm = true}), 0);
  EXPECT_EQ(network.first_trained_stage({}), 0);
}

}  // namespace
}  // namespace tbft::models
