#include "results/tables/block_noise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "results/report.h"
#include "results/tables/summary.h"
#include "tests/unit/results/sample.h"

namespace tbft::results {
namespace {

using test::published_cells;
using test::row;
using testing::HasSubstr;
using testing::Not;

TEST(BlockNoise, ThePapersTableComesBackAsOneMatrix) {
  const auto rows = published_cells("block-noise", "cifar10", "");
  const Summary summary = summarize({.cells = rows});
  ASSERT_EQ(summary.block_noise.size(), 1U);
  const BlockNoise& noise = summary.block_noise[0];
  for (std::size_t column = 0; column < block_names.size(); ++column) {
    ASSERT_TRUE(noise.noised[column]);
    EXPECT_EQ(best_measured(noise, column), block_names[column]);
    EXPECT_EQ(best_published(noise.blocks[column]), block_names[column]);
    for (const Line& line : noise.noised[column]->lines) {
      ASSERT_TRUE(line.paper_accuracy_pct) << line.strategy;
      EXPECT_NEAR(line.accuracy_pct.mean, *line.paper_accuracy_pct, 0.01) << line.strategy;
    }
  }
  EXPECT_EQ(find_line(*noise.noised[2], "block1")->accuracy_pct.mean, 43.44);
  EXPECT_EQ(diagonal(noise).best, 4U);
  EXPECT_EQ(diagonal(noise).of, 4U);
}

TEST(BlockNoise, HasTheBlocksOfTheNetwork) {
  std::vector<CellRow> rows;
  for (const char* noised : {"noise-block2", "noise-block4"}) {
    for (const char* tuned : {"block1", "block2", "block3", "block4", "fc"}) {
      rows.push_back(row(tuned, 0, std::string("noise-") + tuned == noised ? 80 : 60, 1));
      rows.back().dataset = "cifar10";
      rows.back().condition = noised;
      rows.back().drift = "";
    }
  }
  const Summary summary = summarize({.cells = rows});
  EXPECT_TRUE(summary.tables.empty());
  const BlockNoise& noise = summary.block_noise.at(0);
  EXPECT_THAT(noise.blocks, testing::ElementsAre("block1", "block2", "block3", "block4", "fc"));
  EXPECT_EQ(best_measured(noise, 3), "block4");
  EXPECT_EQ(diagonal(noise).best, 2U);
  EXPECT_EQ(diagonal(noise).of, 2U);
  EXPECT_EQ(best_published("block4"), "");
  const std::string text = report({.cells = rows}, Format::text);
  EXPECT_THAT(text, HasSubstr("noise in block4"));
  EXPECT_THAT(text, HasSubstr("in 2 of 2 columns (paper: 4 of 4)"));
  for (CellRow& cell : rows) cell.dataset = "synthetic";
  const std::string other = report({.cells = rows}, Format::text);
  EXPECT_THAT(other, HasSubstr("in 2 of 2 columns\n"));
  EXPECT_THAT(other, Not(HasSubstr("paper"))) << "its numbers stand beside its data alone";
}

TEST(BlockNoise, ItsCellsAreNoOrdinaryTablesMeansOrWinners) {
  auto rows = published_cells("block-noise", "cifar10", "");
  auto drifted = published_cells("block-noise", "synthetic", "input");
  rows.insert(rows.end(), drifted.begin(), drifted.end());
  const Summary summary = summarize({.cells = rows});
  EXPECT_TRUE(summary.tables.empty());
  EXPECT_TRUE(summary.winners.empty());
  EXPECT_TRUE(summary.headlines.empty());
  EXPECT_EQ(summary.block_noise.size(), 2U);
  EXPECT_EQ(all_tables(summary).size(), 8U) << "the long form still holds every cell";
  EXPECT_THAT(report({.cells = rows}, Format::csv), HasSubstr("cifar10,,noise-fc,0.1,"));
}

TEST(BlockNoise, BestIsAmongFourAndMarkedOnceAColumn) {
  std::vector<CellRow> rows{row("none", 0, 15, 0),   row("block1", 0, 60, 1), row("block2", 0, 70, 1),
                            row("block3", 0, 50, 1), row("fc", 0, 40, 1),     row("full", 0, 90, 1)};
  for (CellRow& r : rows) {
    r.dataset = "cifar10";
    r.drift = "";
    r.condition = "noise-block1";
  }
  rows.push_back(rows[1]);
  rows.back().condition = "noise-fc";
  const BlockNoise noise = summarize({.cells = rows}).block_noise.at(0);
  EXPECT_EQ(best_measured(noise, 0), "block2") << "not full";
  EXPECT_EQ(best_measured(noise, 3), "") << "three blocks are missing";
  EXPECT_EQ(diagonal(noise).best, 0U);
  EXPECT_EQ(diagonal(noise).of, 1U);
  const std::string text = to_text(std::vector{section_of(noise)});
  EXPECT_THAT(text, HasSubstr("70.00 * | 72.38"));
  EXPECT_THAT(text, HasSubstr("60.00 | 84.88 *"));
  EXPECT_THAT(text, HasSubstr("best one to tune in 0 of 1 columns (paper: 4 of 4)"));
  EXPECT_THAT(text, HasSubstr("no cells with noise in block2, block3"));
  EXPECT_THAT(text, HasSubstr("\nnone "));
  EXPECT_THAT(text, HasSubstr("\nbn-stats "));
}

TEST(BlockNoise, OnlyBlocksAreNoised) {
  Key key;
  for (const char* condition : {"noise-block1", "noise-block12", "noise-fc"}) {
    key.condition = condition;
    EXPECT_TRUE(is_block_noise(key));
  }
  for (const char* condition : {"", "noise-", "noise-block0", "noise-block100", "gaussian_noise-5", "noise-block1x"}) {
    key.condition = condition;
    EXPECT_FALSE(is_block_noise(key)) << condition;
  }
}

}  // namespace
}  // namespace tbft::results
