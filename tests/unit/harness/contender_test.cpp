#include "harness/step_cost/contender.h"
#include "models/families/family.h"

#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <string>

namespace tbft {
namespace {

std::map<std::string, Contender> by_label() {
  std::map<std::string, Contender> result;
  for (const auto& c : contenders({"none", "bn-stats", "block1", "block2", "block3", "fc"}, true))
    result.emplace(std::string(c.variant) + "/" + std::string(c.strategy->name), c);
  return result;
}

TEST(Contenders, TrainTheParametersOfTheirBlocks) {
  const auto all = by_label();
  const std::map<std::string, std::int64_t> expected{
      {"tbft/none", 0},         {"tbft/bn-stats", 0}, {"tbft/block1", 19'120}, {"tbft/block2", 69'600},
      {"tbft/block3", 277'440}, {"tbft/fc", 650},     {"tbft/full", 366'938},  {"published-quirk/block1", 180'400}};
  const auto network = models::describe({});
  std::map<std::string, std::int64_t> counted;
  for (const auto& [label, contender] : all) counted[label] = models::parameter_count(network, contender.trained(network));
  EXPECT_EQ(counted, expected);
}

TEST(Contenders, OfTheQuirkTrainTheFirstConvolutionOfEveryBasicBlock) {
  const auto network = models::describe({});
  const auto contender = by_label().at("published-quirk/block1");
  const auto trained = contender.trained(network);
  EXPECT_TRUE(trained("layer3.2.conv1.weight"));
  EXPECT_FALSE(trained("layer3.2.conv2.weight"));
  EXPECT_FALSE(trained("layer3.2.bn1.weight"));
  EXPECT_FALSE(trained("fc.weight"));
  EXPECT_TRUE(trained("layer1.3.bn2.bias"));
}

TEST(Contenders, CostWhatTheModelSaysAndTheQuirkItsWeightGradientsMore) {
  const auto all = by_label();
  const auto network = models::describe({});
  EXPECT_EQ(step_macs(network, all.at("tbft/full")), models::training_macs(network, {.blocks = {}, .everything = true}));
  EXPECT_EQ(step_macs(network, all.at("tbft/none")), models::forward_macs(network));
  EXPECT_EQ(step_macs(network, all.at("tbft/bn-stats")), models::forward_macs(network));
  // layer2: 16->32 and three 32->32 at 16 x 16; layer3: 32->64 and three 64->64 at 8 x 8; each 3 x 3.
  const std::int64_t extra = 9 * ((16 * 32 + 3 * 32 * 32) * 256 + (32 * 64 + 3 * 64 * 64) * 64);
  EXPECT_EQ(step_macs(network, all.at("published-quirk/block1")), step_macs(network, all.at("tbft/block1")) + extra);
}

TEST(Contenders, AlwaysHoldFullOnce) {
  const auto labels = [](const std::vector<std::string_view>& names, bool quirk) {
    std::string text;
    for (const auto& c : contenders(names, quirk)) text += std::string(c.variant) + "/" + std::string(c.strategy->name) + " ";
    return text;
  };
  EXPECT_EQ(labels({"fc"}, true), "tbft/fc tbft/full ");
  EXPECT_EQ(labels({"full", "block1"}, true), "tbft/block1 tbft/full published-quirk/block1 ");
  EXPECT_EQ(labels({"block1"}, false), "tbft/block1 tbft/full ");
  EXPECT_THROW(labels({"block0"}, false), std::invalid_argument);
  EXPECT_THROW(labels({"fc", "fc"}, false), std::invalid_argument);
}

}  // namespace
}  // namespace tbft
