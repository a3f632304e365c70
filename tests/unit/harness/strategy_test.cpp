#include "harness/strategy/strategy.h"

#include <gmock/gmock.h>

#include "tests/unit/harness/temporary_folder.h"

namespace tbft {
namespace {

using test::message_of;
using testing::ElementsAre;

TEST(Strategies, AreThoseOfThePapersTables) {
  std::vector<std::string_view> names;
  for (const auto& strategy : strategies()) names.push_back(strategy.name);
  EXPECT_THAT(names, ElementsAre("none", "bn-stats", "block1", "block2", "block3", "fc", "full"));
}

TEST(Strategies, SayWhatTheyTrain) {
  EXPECT_EQ(blocks_text(find_strategy("none")), "");
  EXPECT_EQ(blocks_text(find_strategy("bn-stats")), "");
  EXPECT_EQ(blocks_text(find_strategy("full")), "all");
  for (const auto* block : {"block1", "block2", "block3", "fc"}) EXPECT_EQ(blocks_text(find_strategy(block)), block);
  EXPECT_EQ(blocks_text({.name = "two", .tuned = {.blocks = {models::Block::fc, models::Block::block1}}}), "block1+fc");
}

TEST(Strategies, NeedAGradientExactlyWhereAParameterIsTrained) {
  for (const auto& strategy : strategies()) {
    const bool trains = !blocks_text(strategy).empty();
    EXPECT_EQ(strategy.uses_gradient(), trains) << strategy.name;
    EXPECT_EQ(strategy.adapts(), trains || strategy.name == "bn-stats") << strategy.name;
  }
}

TEST(Strategies, AnUnknownOneIsAnErrorThatListsTheKnown) {
  EXPECT_EQ(message_of<std::invalid_argument>([] { find_strategy("Block1"); }),
            "unknown strategy 'Block1'; known: none, bn-stats, block1, block2, block3, fc, full");
}

}  // namespace
}  // namespace tbft
