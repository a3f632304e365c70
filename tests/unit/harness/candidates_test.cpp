// From a level to strategies: every one exists, and none is offered twice.
#include "harness/adaptive/diagnosis.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "harness/training/strategies/strategy.h"

namespace tbft::adaptive {
namespace {

std::vector<std::string_view> names(const Diagnosis& diagnosis) {
  std::vector<std::string_view> result;
  for (const auto& candidate : candidates(diagnosis)) result.push_back(candidate.strategy);
  return result;
}

TEST(Candidates, AreKnownStrategiesEachOnce) {
  for (const auto level : {Level::none, Level::input, Level::feature, Level::output, Level::mixture, Level::unsure})
    for (const bool one_to_one : {false, true})
      for (const auto front : {Level::input, Level::feature}) {
        auto offered = names({.level = level, .parts = {front, Level::output}, .one_to_one = one_to_one});
        ASSERT_FALSE(offered.empty());
        for (const auto name : offered) EXPECT_NO_THROW(find_strategy(name)) << name;
        std::ranges::sort(offered);
        EXPECT_EQ(std::ranges::adjacent_find(offered), offered.end());
      }
}

TEST(Candidates, FollowTheLevel) {
  EXPECT_EQ(names({.level = Level::none}).front(), "none");
  EXPECT_EQ(names({.level = Level::input}).front(), "bn-stats");
  EXPECT_EQ(names({.level = Level::unsure}).front(), "bn-stats");
  EXPECT_EQ(names({.level = Level::feature}).front(), "block3");
  EXPECT_EQ(names({.level = Level::output, .one_to_one = true}).front(), "relabel");
  EXPECT_EQ(names({.level = Level::output}).front(), "fc") << "a renaming that merges is none";
  EXPECT_EQ(names({.level = Level::mixture, .parts = {Level::input, Level::output}}).front(), "bn-relabel");
  EXPECT_EQ(names({.level = Level::mixture, .parts = {Level::feature, Level::output}}).front(), "relabel");
}

TEST(Candidates, AreWhatThePaperTunesOrCheaper) {
  const auto input = names({.level = Level::input});
  EXPECT_THAT(input, testing::Contains("block1"));
  EXPECT_EQ(input.back(), "full") << "the dearest last";
}

}  // namespace
}  // namespace tbft::adaptive
