// What a user says of a checkpoint that the file does not: the size of its images and their normalisation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/families/family.h"
#include "models/read_model.h"
#include "tests/support/message_of.h"
#include "tests/unit/models/family_states.h"

namespace tbft::models {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::state_for;

TEST(NetworkFile, TheSizeOfTheImagesIsTheUsersWhereTheWeightsFitAny) {
  const NetworkSpec mobile{.depth = 53, .width = 0.5, .classes = 10, .pixels = 224, .family = "mobilenet-v2", .variant = {}};
  EXPECT_EQ(recognise(state_for(mobile), NetworkFile{}).spec.pixels, 32) << "10 classes: the family's guess";
  const Architecture large = recognise(state_for(mobile), NetworkFile{.pixels = 224});
  EXPECT_EQ(large.spec, mobile);
  EXPECT_EQ(large.layers.front().convolution.stride, 2);
  const NetworkSpec resnet{.depth = 18, .classes = 5, .pixels = 96, .family = "resnet", .variant = "large-stem"};
  EXPECT_EQ(recognise(state_for(resnet), NetworkFile{.pixels = 96}).spec, resnet);
  const NetworkSpec cifar{.depth = 20, .pixels = 64, .family = "resnet-cifar", .variant = "A-linear"};
  EXPECT_EQ(recognise(state_for(cifar), NetworkFile{.pixels = 64}).spec, cifar);
}

TEST(NetworkFile, ASizeThatTheWeightsDoNotFitIsRefused) {
  const NetworkSpec vit{.depth = 12, .family = "vit", .variant = {}};
  EXPECT_EQ(recognise(state_for(vit), NetworkFile{.pixels = 32}).spec, vit);
  EXPECT_THAT(message_of<CheckpointError>([&] { recognise(state_for(vit), NetworkFile{.pixels = 64}); }),
              AllOf(HasSubstr("a vit of 32 px cannot be used at 64 px (model.pixels)"), HasSubstr("pos_embed")));
  EXPECT_THAT(message_of<CheckpointError>([&] { recognise(state_for({}), NetworkFile{.pixels = 64}); }),
              HasSubstr("fc.weight"));
}

TEST(NetworkFile, MeanAndDeviationReplaceTheFamilysOwn) {
  const NetworkFile file{.mean = {{0.1F, 0.2F, 0.3F}}};
  const auto network = recognise(state_for({}), file);
  EXPECT_EQ(network.normalisation.mean, *file.mean);
  EXPECT_EQ(network.normalisation.deviation, (std::array{0.5F, 0.5F, 0.5F})) << "the family's";
}

}  // namespace
}  // namespace tbft::models
