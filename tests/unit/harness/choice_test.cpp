// What picks blocks and rates from the first gradients: arithmetic.
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "harness/training/strategies/elastic.h"
#include "harness/training/strategies/rgn.h"
#include "models/families/family.h"

namespace tbft {
namespace {

const auto network = models::describe({});

using testing::DoubleEq;
using testing::ElementsAre;
using testing::Pair;

TEST(Rgn, ABlockIsOneVectorAndMiniBatchesAreAveraged) {
  // layer2: |theta| = 5, |g| = 5 then 0; layer3: |theta| = 2, |g| = 1.5 twice; fc: |theta| = 100. bn belongs to no block.
  const std::vector<ProbedParameter> probed{{"layer2.0.conv1.weight", 9, {16, 0}},
                                            {"layer2.0.bn1.weight", 16, {9, 0}},
                                            {"layer3.0.conv1.weight", 4, {2.25, 2.25}},
                                            {"fc.weight", 1e4, {100, 100}},
                                            {"bn.weight", 1, {1e6, 1e6}}};
  EXPECT_EQ(block_of_largest_rgn(probed, network), "block3");
  auto first = probed;
  first[0].gradient_sq = {16, 40};  // (1 + 7/5) / 2 > 0.75
  EXPECT_EQ(block_of_largest_rgn(first, network), "block2");
}

TEST(Rgn, RatesAreThoseOfEachTensorOverTheLargest) {
  const std::vector<ProbedParameter> probed{{"conv1.weight", 4, {1, 9}}, {"fc.weight", 1, {16, 16}}, {"fc.bias", 0, {1, 1}}};
  EXPECT_THAT(relative_rates(probed), ElementsAre(DoubleEq(0.25), DoubleEq(1), 0));
}

TEST(Rgn, GradientsThatSayNothingAreRefused) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<ProbedParameter> broken{{"fc.weight", 1, {nan}}};
  EXPECT_THROW(block_of_largest_rgn(broken, network), std::invalid_argument);
  EXPECT_THROW(relative_rates(broken), std::invalid_argument);
  EXPECT_THROW(block_of_largest_rgn(std::vector<ProbedParameter>{{"bn.weight", 1, {1}}}, network), std::invalid_argument);
}

TEST(Elastic, ImportanceIsSummedByBlock) {
  const std::vector<ProbedStep> probed{{"conv1.weight", 1}, {"layer1.0.conv1.weight", 2}, {"fc.bias", -3}, {"bn.weight", 9}};
  EXPECT_THAT(importance_of_blocks(probed, network), ElementsAre(Pair("block1", 3), Pair("fc", -3)));
}

TEST(Elastic, TakesWhatIsMostImportantWithinTheBudget) {
  const auto chosen = [&](std::map<std::string, double> importance, double budget) {
    return most_important_blocks(importance, network, budget).blocks;
  };
  const std::map<std::string, double> all{{"block1", 4}, {"block2", 3}, {"block3", 2}, {"fc", 1}};
  EXPECT_THAT(chosen(all, 1), ElementsAre("block1", "block2", "block3", "fc"));
  // At 32 px block2 costs 65.9 % of full, block3 55.0 %, fc 33.4 % (models/cost.h); fc beside another costs next to nothing.
  EXPECT_THAT(chosen(all, 2.0 / 3), ElementsAre("block2", "fc"));
  EXPECT_THAT(chosen(all, 0.6), ElementsAre("block3", "fc"));
  EXPECT_THAT(chosen(all, 0.35), ElementsAre("fc"));
  // What would raise the loss, or do nothing, is left out.
  EXPECT_THAT(chosen({{"block2", 1}, {"fc", -1}}, 2.0 / 3), ElementsAre("block2"));
  EXPECT_THAT(chosen({{"block3", 1}}, 2.0 / 3), ElementsAre("block3"));
  EXPECT_THROW(chosen(all, 0.3), std::invalid_argument);
}

}  // namespace
}  // namespace tbft
