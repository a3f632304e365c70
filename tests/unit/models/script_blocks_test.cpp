// The table of blocks of one's own network.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/script/blocks.h"
#include "tests/support/message_of.h"

namespace tbft::models {
namespace {

using test::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string refusal(const BlockTable& table, const std::vector<TensorInfo>& tensors = {}) {
  return message_of<std::invalid_argument>(
      [&] { tensors.empty() ? static_cast<void>(blocks_in(table)) : static_cast<void>(blocks_of(table, tensors)); });
}

TEST(ScriptBlocks, AStarStandsForAnyCharacters) {
  EXPECT_TRUE(matches("conv1.*", "conv1.weight"));
  EXPECT_TRUE(matches("conv1.*", "conv1.0.bias"));
  EXPECT_FALSE(matches("conv1.*", "conv10.weight"));
  EXPECT_FALSE(matches("conv1.*", "other.conv1.weight"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("*.bn*.weight", "layer1.0.bn2.weight"));
  EXPECT_FALSE(matches("*.bn*.weight", "layer1.0.bn2.bias"));
  EXPECT_TRUE(matches("*aab", "aaaab"));
  EXPECT_TRUE(matches("cls_token", "cls_token"));
  EXPECT_FALSE(matches("cls_token", "cls_token2"));
  EXPECT_FALSE(matches("", "x"));
}

TEST(ScriptBlocks, KeysAreBlocksInOrderAndTheClassifier) {
  BlockTable table{{"fc", {}}, {"none", {}}};
  for (int number = 1; number <= 11; ++number) table["block" + std::to_string(number)] = {};
  const auto names = blocks_in(table);
  EXPECT_EQ(names.size(), 12U);
  EXPECT_EQ(names[1], "block2");
  EXPECT_EQ(names[10], "block11");
  EXPECT_EQ(names[11], "fc");
  EXPECT_THAT(refusal({{"block1", {}}, {"block3", {}}, {"fc", {}}}), HasSubstr("block3 cannot follow 1 blocks"));
  EXPECT_THAT(refusal({{"block1", {}}, {"head", {}}, {"fc", {}}}), HasSubstr("head"));
  EXPECT_THAT(refusal({{"block1", {}}}), HasSubstr("fc is missing"));
  EXPECT_THAT(refusal({{"fc", {}}}), HasSubstr("block1 is missing"));
}

TEST(ScriptBlocks, ABufferFollowsItsModule) {
  const std::vector<TensorInfo> tensors{
      {.name = "a.weight"}, {.name = "a.running_mean", .is_parameter = false}, {.name = "b.weight"}, {.name = "c.weight"}};
  EXPECT_THAT(blocks_of({{"block1", {"a.weight"}}, {"none", {"b.*"}}, {"fc", {"c.*"}}}, tensors), ElementsAre(0, 0, -1, 1));
}

TEST(ScriptBlocks, ATensorInNoBlockOrInTwoIsNamed) {
  const std::vector<TensorInfo> tensors{{.name = "mean", .is_parameter = false}, {.name = "a.weight"}, {.name = "c.weight"}};
  EXPECT_THAT(refusal({{"block1", {"a.*"}}, {"fc", {"c.*"}}}, tensors), HasSubstr("the buffer mean is in no block"));
  EXPECT_THAT(refusal({{"block1", {"mean"}}, {"fc", {"c.*"}}}, tensors), HasSubstr("the parameter a.weight is in no block"));
  EXPECT_THAT(refusal({{"block1", {"mean", "a.*"}}, {"fc", {"*.weight"}}}, tensors),
              HasSubstr("a.weight is in block1 and in fc"));
}

}  // namespace
}  // namespace tbft::models
