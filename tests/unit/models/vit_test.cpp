// The vision transformer's description and what its checkpoints tell (models/families/vit.cpp).
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

NetworkSpec spec(double width, int pixels, int classes, std::string variant = {}) {
  return {.depth = 12, .width = width, .classes = classes, .pixels = pixels, .family = "vit", .variant = std::move(variant)};
}

TEST(Vit, ACheckpointsShapesGiveTheSpec) {
  auto shallow = spec(1, 32, 10);
  shallow.depth = 3;
  for (const NetworkSpec& wanted : {spec(1, 32, 10), spec(1, 224, 1000), spec(2, 224, 17), spec(4, 384, 1000), shallow,
                                    spec(1, 32, 10, "patch8"), spec(1, 224, 1000, "patch32"), spec(1, 64, 200)})
    EXPECT_EQ(recognise(state_for(wanted)).spec, wanted);
}

TEST(Vit, TheLargePatchesHavePublishedSizes) {
  const Architecture tiny = describe(spec(1, 224, 1000));
  EXPECT_EQ(tiny.title, "ViT-tiny/16");
  EXPECT_EQ(parameter_count(tiny), 5'717'416);
  EXPECT_EQ(parameter_count(describe(spec(2, 224, 1000))), 22'050'664);
  EXPECT_EQ(describe(spec(2, 32, 10)).title, "ViT-small/4");
}

TEST(Vit, BlocksAreThirdsOfTheLayersAndTheFinalNormIsInNone) {
  const Architecture network = describe(spec(1, 32, 10));
  EXPECT_THAT(network.blocks(), ElementsAre("block1", "block2", "block3", "fc"));
  for (const char* front :
       {"cls_token", "pos_embed", "patch_embed.proj.bias", "blocks.0.norm1.weight", "blocks.3.mlp.fc2.bias"})
    EXPECT_EQ(network.block_of(front), "block1") << front;
  EXPECT_EQ(network.block_of("blocks.4.norm1.weight"), "block2");
  EXPECT_EQ(network.block_of("blocks.11.attn.qkv.weight"), "block3");
  EXPECT_EQ(network.block_of("norm.weight"), "");
  EXPECT_EQ(network.block_of("head.weight"), "fc");
  EXPECT_FALSE(network.has(Layer::Kind::batchnorm));
}

TEST(Vit, GradientsOfAttentionCountBothInputsOfItsProducts) {
  const Architecture network = describe(spec(1, 32, 10));
  const std::int64_t attention = network.layer("blocks.11.attn").macs;
  EXPECT_EQ(attention, 2 * 192 * 65 * 65);
  // All of block3's layers pass a gradient on, since its first norm is trained.
  const std::int64_t all = forward_macs(network, "block3");
  const std::int64_t products = 4 * attention;
  const StepMacs macs = step_macs(network, trained_by(network, {.blocks = {"block3"}}));
  EXPECT_EQ(macs.weight_gradient, all - products);
  EXPECT_EQ(macs.input_gradient, all + products + network.classifier().macs);
}

TEST(Vit, OddTensorsAreNamed) {
  const StateDict whole = state_for(spec(1, 32, 10));
  const auto altered = [&](std::string_view name, std::vector<std::int64_t> shape) {
    StateDict state = whole;
    std::ranges::find(state, name, &NamedTensor::name)->shape = std::move(shape);
    return refusal(state);
  };
  EXPECT_THAT(altered("patch_embed.proj.weight", {200, 3, 4, 4}), HasSubstr("patch_embed.proj.weight has 200 channels"));
  EXPECT_THAT(altered("patch_embed.proj.weight", {192, 3, 5, 5}), HasSubstr("patches of 5 pixels"));
  EXPECT_THAT(altered("pos_embed", {1, 64, 192}), HasSubstr("pos_embed has 64 positions"));
  EXPECT_THAT(altered("blocks.7.mlp.fc1.bias", {767}), HasSubstr("blocks.7.mlp.fc1.bias has the shape [767]"));
  StateDict state = whole;
  std::erase_if(state, [](const NamedTensor& tensor) { return tensor.name.starts_with("blocks.11."); });
  EXPECT_THAT(refusal(state), HasSubstr("depth 11"));
}

TEST(Vit, ImpossibleValuesAreNamed) {
  const auto refused = [](const NetworkSpec& wrong) { return message_of<std::invalid_argument>([&] { describe(wrong); }); };
  EXPECT_THAT(refused(spec(0.5, 32, 10)), HasSubstr("width 0.5"));
  EXPECT_THAT(refused(spec(1, 30, 10)), HasSubstr("30 pixels"));
  EXPECT_THAT(refused(spec(1, 32, 10, "patch5")),
              HasSubstr("variant patch5: it must be one of patch4, patch8, patch16, patch32"));
}

}  // namespace
}  // namespace tbft::models
