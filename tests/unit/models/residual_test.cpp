// The families resnet-cifar and resnet without torch: what their checkpoints are recognised by, their blocks and their costs.
// families_test.cpp compares the networks with Python's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/cost.h"
#include "models/families/family.h"
#include "tests/unit/models/family_states.h"

namespace tbft::models {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::refusal;
using testing::state_for;

NetworkSpec cifar(int depth, const std::string& variant = "A-linear") {
  return {.depth = depth, .family = "resnet-cifar", .variant = variant};
}

NetworkSpec resnet(int depth) {
  return {.depth = depth, .classes = 1000, .pixels = 224, .family = "resnet", .variant = "large-stem"};
}

TEST(Recognition, EveryVariantOfEveryFamilyIsToldFromTheOthers) {
  for (const Family* family : families()) {
    std::vector<std::string_view> variants = family->variants;
    if (variants.empty()) variants.emplace_back();
    for (const auto variant : variants) {
      for (const double width : {1.0, 2.0}) {
        NetworkSpec spec = family->usual;
        spec.variant = variant;
        spec.width = width;
        NetworkSpec found = recognise(state_for(spec)).spec;
        found.pixels = spec.pixels;  // not in every checkpoint
        EXPECT_EQ(found, describe(spec).spec) << family->name << " " << variant;
      }
    }
  }
}

TEST(Recognition, DepthsAndWidthsAreInTheShapes) {
  for (const int depth : {8, 20, 32, 110}) EXPECT_EQ(recognise(state_for(cifar(depth))).spec.depth, depth);
  for (const int depth : {18, 26, 34, 50, 101, 152}) EXPECT_EQ(recognise(state_for(resnet(depth))).spec.depth, depth);
  NetworkSpec narrow = cifar(20, "B-downsample-fc");
  narrow.width = 0.5;
  EXPECT_EQ(recognise(state_for(narrow)).spec, narrow);
}

TEST(Recognition, ARefusalNamesTheFirstWrongTensorAndTheNearestFamily) {
  StateDict state = state_for(cifar(20));
  std::erase_if(state, [](const NamedTensor& tensor) { return tensor.name == "layer2.1.bn2.bias"; });
  EXPECT_EQ(refusal(state), "layer2.1.bn2.bias is missing (nearest family: resnet-cifar)");
  state = state_for(resnet(50));
  std::ranges::find(state, "layer4.2.conv3.weight", &NamedTensor::name)->shape = {2048, 512, 3, 3};
  EXPECT_EQ(refusal(state),
            "layer4.2.conv3.weight has the shape [2048, 512, 3, 3], the network [2048, 512, 1, 1] (nearest family: resnet)");
  state = state_for(resnet(18));
  std::erase_if(state, [](const NamedTensor& tensor) { return tensor.name.starts_with("layer4.1."); });
  EXPECT_THAT(refusal(state), HasSubstr("2, 2, 2, 1 residual blocks"));
  EXPECT_THAT(refusal(state), HasSubstr("nearest family: resnet)"));
}

TEST(Recognition, ForgedShapesAreRefusedBeforeAnythingIsBuilt) {
  StateDict state = state_for(cifar(20));
  std::ranges::find(state, "conv1.weight", &NamedTensor::name)->shape = {std::int64_t{1} << 60, 3, 3, 3};
  EXPECT_THAT(refusal(state), HasSubstr("conv1.weight has 1152921504606846976 channels"));
  std::ranges::find(state, "conv1.weight", &NamedTensor::name)->shape = {17, 3, 3, 3};
  EXPECT_THAT(refusal(state), HasSubstr("nearest family: resnet-cifar"));
  state = state_for(resnet(18));
  std::ranges::find(state, "fc.weight", &NamedTensor::name)->shape = {-1, 512};
  EXPECT_THAT(refusal(state), HasSubstr("fc.weight has the shape [-1, 512]"));
}

TEST(Recognition, ImpossibleSpecsAreRefused) {
  EXPECT_THROW(describe(cifar(21)), std::invalid_argument);
  EXPECT_THROW(describe(cifar(20, "C")), std::invalid_argument);
  EXPECT_THROW(describe(resnet(19)), std::invalid_argument);
  NetworkSpec odd = cifar(20);
  odd.width = 0.3;
  EXPECT_THROW(describe(odd), std::invalid_argument);
}

TEST(ResidualBlocks, AreTheLayersWithTheStemInTheFirst) {
  const Architecture network = describe(resnet(18));
  EXPECT_THAT(network.blocks(), ElementsAre("block1", "block2", "block3", "block4", "fc"));
  EXPECT_EQ(network.block_of("bn1.weight"), "block1");
  EXPECT_EQ(network.block_of("layer4.0.downsample.1.bias"), "block4");
  EXPECT_EQ(network.first_trained_stage({.blocks = {"fc"}}), 4);
  const Architecture small = describe(cifar(20));
  EXPECT_THAT(small.blocks(), ElementsAre("block1", "block2", "block3", "fc"));
  EXPECT_EQ(small.block_of("linear.weight"), "fc");
}

TEST(ResidualCosts, ParametersAndMacsAreThePublished) {
  EXPECT_EQ(parameter_count(describe(resnet(18))), 11'689'512);
  EXPECT_EQ(parameter_count(describe(resnet(34))), 21'797'672);
  EXPECT_EQ(parameter_count(describe(resnet(50))), 25'557'032);
  EXPECT_EQ(forward_macs(describe(resnet(18))), 1'814'073'344);
  EXPECT_EQ(forward_macs(describe(resnet(50))), 4'089'184'256);
  EXPECT_EQ(parameter_count(describe(cifar(20))), 269'722);
  // The network without its stem has 2n 3x3 convolutions of each size, and each size costs the same but the first of its layer.
  EXPECT_EQ(forward_macs(describe(cifar(20)), "fc"), 640);
  EXPECT_EQ(forward_macs(describe(cifar(20)), "block2"), 9 * 256 * (16 * 32 + 5 * 32 * 32));
}

// A block's first convolution and its shortcut's have the same input: neither needs its gradient where training begins there.
TEST(ResidualCosts, NoGradientRunsBelowTheFrontmostTrainedBlock) {
  const Architecture network = describe(cifar(8, "B-shortcut-linear"));
  const auto block2 = forward_macs(network, "block2");
  const std::int64_t entry = std::int64_t{256} * 16 * 32 * (9 + 1);
  EXPECT_EQ(training_macs(network, {.blocks = {"block2"}}),
            forward_macs(network) + block2 + (block2 - entry) + forward_macs(network, "block3") + forward_macs(network, "fc"));
}

}  // namespace
}  // namespace tbft::models
