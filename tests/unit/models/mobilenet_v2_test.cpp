// MobileNetV2's description and what its checkpoints tell (models/families/mobilenet_v2.cpp).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/cost.h"
#include "models/families/family.h"
#include "tests/support/message_of.h"
#include "tests/unit/models/family_states.h"

namespace tbft::models {
namespace {

using test::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::refusal;
using testing::state_for;

NetworkSpec spec(double width, int pixels, int classes) {
  return {.depth = 53, .width = width, .classes = classes, .pixels = pixels, .family = "mobilenet-v2", .variant = {}};
}

TEST(MobileNetV2, ACheckpointsShapesGiveItsWidthAndItsClassesTheSizeOfItsImages) {
  for (const double width : {0.1, 0.25, 0.35, 0.5, 0.75, 1.0, 1.01, 1.26, 1.4, 2.0})
    EXPECT_EQ(recognise(state_for(spec(width, 224, 1000))).spec, spec(width, 224, 1000)) << width;
  EXPECT_EQ(recognise(state_for(spec(0.5, 32, 10))).spec, spec(0.5, 32, 10));
  EXPECT_EQ(recognise(state_for(spec(1, 224, 17))).spec, spec(1, 32, 17)) << "the shapes do not tell, and 17 is not ImageNet's";
}

TEST(MobileNetV2, AWidthThatNoCheckpointWouldTellIsRefused) {
  EXPECT_THAT(message_of<std::invalid_argument>([] { describe(spec(1.005, 32, 10)); }), HasSubstr("at most two decimals"));
}

TEST(MobileNetV2, BlocksBeginWhereTheLargeNetworkHalvesItsMap) {
  const Architecture network = describe(spec(0.5, 32, 10));
  EXPECT_THAT(network.blocks(), ElementsAre("block1", "block2", "block3", "block4", "block5", "fc"));
  EXPECT_EQ(network.block_of("features.1.conv.1.weight"), "block1");
  EXPECT_EQ(network.block_of("features.2.conv.0.0.weight"), "block2");
  EXPECT_EQ(network.block_of("features.4.conv.0.0.weight"), "block3");
  EXPECT_EQ(network.block_of("features.7.conv.0.0.weight"), "block4");
  EXPECT_EQ(network.block_of("features.14.conv.0.0.weight"), "block5");
  EXPECT_EQ(network.block_of("features.18.1.bias"), "block5");
  EXPECT_EQ(network.classifier().name, "classifier.1");
}

// The sides of the maps at the end of each block.
std::vector<std::int64_t> sides(int pixels) {
  const Architecture network = describe(spec(1, pixels, 10));
  std::vector<std::int64_t> found;
  for (const char* last :
       {"features.1.conv.1", "features.3.conv.2", "features.6.conv.2", "features.13.conv.2", "features.18.0"})
    found.push_back(network.layer(last).convolution.out_side());
  return found;
}

TEST(MobileNetV2, SmallImagesKeepTheirSizeThroughTheFirstTwoBlocks) {
  EXPECT_THAT(sides(32), ElementsAre(32, 32, 16, 8, 4));
  EXPECT_THAT(sides(64), ElementsAre(64, 64, 32, 16, 8));
  EXPECT_THAT(sides(224), ElementsAre(112, 56, 28, 14, 7));
}

TEST(MobileNetV2, TheLargeNetworkHasThePublishedSize) {
  const Architecture network = describe(spec(1, 224, 1000));
  EXPECT_EQ(parameter_count(network), 3'504'872);
  EXPECT_NEAR(static_cast<double>(forward_macs(network)) / 1e6, 300.8, 0.1);
}

TEST(MobileNetV2, OddTensorsAreNamed) {
  const StateDict whole = state_for(spec(1, 32, 10));
  const auto altered = [&](std::string_view name, std::vector<std::int64_t> shape) {
    StateDict state = whole;
    std::ranges::find(state, name, &NamedTensor::name)->shape = std::move(shape);
    return refusal(state);
  };
  EXPECT_THAT(altered("features.0.0.weight", {33, 3, 3, 3}), HasSubstr("features.0.0.weight has 33"));
  EXPECT_THAT(altered("features.5.conv.1.0.weight", {192, 2, 3, 3}), HasSubstr("features.5.conv.1.0.weight has the shape"));
  EXPECT_THAT(altered("classifier.1.weight", {10, 1000}), HasSubstr("classifier.1.weight has the shape [10, 1000]"));
  StateDict state = whole;
  std::erase_if(state, [](const NamedTensor& tensor) { return tensor.name == "features.18.1.running_var"; });
  EXPECT_THAT(refusal(state), HasSubstr("features.18.1.running_var is missing"));
}

TEST(MobileNetV2, ImpossibleValuesAreNamed) {
  const auto refused = [](NetworkSpec wrong) { return message_of<std::invalid_argument>([&] { describe(wrong); }); };
  EXPECT_THAT(refused(spec(0, 32, 10)), HasSubstr("width 0"));
  EXPECT_THAT(refused(spec(1, 48, 10)), HasSubstr("48 pixels"));
  auto deep = spec(1, 32, 10);
  deep.depth = 20;
  EXPECT_THAT(refused(deep), HasSubstr("depth 20: mobilenet-v2 has 53 layers"));
}

}  // namespace
}  // namespace tbft::models
