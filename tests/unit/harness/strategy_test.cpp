#include "harness/training/strategies/strategy.h"

#include <gmock/gmock.h>

#include "models/families/family.h"
#include "tests/support/message_of.h"

namespace tbft {
namespace {

using test::message_of;
using testing::ElementsAre;

TEST(Strategies, AreThoseOfThePapersTablesThenTheOthers) {
  std::vector<std::string_view> names;
  for (const auto* strategy : strategies()) names.push_back(strategy->name);
  EXPECT_THAT(names, ElementsAre("none", "bn-stats", "block1", "block2", "block3", "fc", "full", "bn-affine", "tent", "l1-sp",
                                 "auto-rgn", "rgn-top1", "elastic", "relabel", "bn-relabel", "diagnosed"));
}

TEST(Strategies, SayWhatTheyTrain) {
  const auto text = [](const char* name) { return blocks_text(find_strategy(name).tuned); };
  for (const auto* name : {"none", "bn-stats", "relabel", "bn-relabel", "elastic", "diagnosed"}) EXPECT_EQ(text(name), "");
  for (const auto* name : {"full", "l1-sp", "auto-rgn"}) EXPECT_EQ(text(name), "all");
  for (const auto* name : {"bn-affine", "tent"}) EXPECT_EQ(text(name), "bn");
  for (const auto* block : {"block1", "block2", "block3", "fc"}) EXPECT_EQ(text(block), block);
  EXPECT_EQ(blocks_text({.blocks = {"block1", "fc"}}), "block1+fc");
}

TEST(Strategies, NeedAGradientExactlyWhereAParameterIsTrained) {
  for (const auto* strategy : strategies()) {
    const bool trains = !blocks_text(strategy->tuned).empty() || strategy->chooses();
    EXPECT_EQ(strategy->uses_gradient(), trains) << strategy->name;
    EXPECT_EQ(strategy->adapts(), strategy->name != "none") << strategy->name;
  }
}

TEST(Strategies, OneThatFindsNothingToTuneIsRefused) {
  auto network = models::describe({});
  check_strategy(find_strategy("bn-affine"), network);
  for (auto& tensor : network.tensors) tensor.normalises = false;
  for (const auto* name : {"bn-affine", "tent"})
    EXPECT_THAT(message_of<std::invalid_argument>([&] { check_strategy(find_strategy(name), network); }),
                testing::HasSubstr("has no parameter for it to tune"));
  check_strategy(find_strategy("none"), network);
  check_strategy(find_strategy("full"), network);
}

TEST(Strategies, AnUnknownOneIsAnErrorThatListsTheKnown) {
  EXPECT_EQ(message_of<std::invalid_argument>([] { find_strategy("Block1"); }),
            "unknown strategy 'Block1'; known: none, bn-stats, block1, block2, block3, fc, full, bn-affine, tent, l1-sp, "
            "auto-rgn, rgn-top1, elastic, relabel, bn-relabel, diagnosed");
}

}  // namespace
}  // namespace tbft
