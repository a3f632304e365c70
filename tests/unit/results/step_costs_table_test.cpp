#include "results/tables/step_costs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <utility>

namespace tbft::results {
namespace {

using testing::HasSubstr;

// Four blocks and full of the 32 px network with these savings, 10 J and 1 s for full.
std::vector<StepCostRow> run() {
  std::vector<StepCostRow> rows;
  for (const auto& [strategy, saved] :
       {std::pair{"block1", 16.0}, {"block2", 32.0}, {"block3", 48.0}, {"fc", 64.0}, {"full", 0.0}}) {
    StepCostRow row;
    row.variant = "tbft";
    row.strategy = strategy;
    row.pixels = 32;
    row.classes = 10;
    row.step_s = 1 - saved / 100;
    row.saving_time_pct = saved;
    row.gross_J = row.net_J = 10 - saved / 10;
    row.saving_gross_pct = row.saving_net_pct = strategy == std::string("full") ? 0 : saved + 1;
    row.measured = 1;
    row.meter = "ina219:///dev/i2c-1";
    row.meter_scope = "board";
    rows.push_back(row);
  }
  return rows;
}

TEST(StepCostTables, MeasuredStandsBesideThePaper) {
  const auto tables = step_cost_tables(run());
  ASSERT_EQ(tables.size(), 1U);
  const StepCostTable& table = tables[0];
  EXPECT_EQ(table.size, "32px-10out");
  EXPECT_EQ(table.basis, StepBasis::net);
  EXPECT_DOUBLE_EQ(saving(table, "block-avg"), 41);
  EXPECT_DOUBLE_EQ(table.lines.at("block-avg").saving_time_pct, 40);
  EXPECT_DOUBLE_EQ(table.lines.at("block-avg").J, 6);
  EXPECT_TRUE(std::isnan(saving(table, "full")));
  EXPECT_TRUE(std::isnan(saving(table, "none")));
  EXPECT_EQ(published_step(table, "block-avg", "energy_saving_pct"), 41.51);
  const std::string text = to_text(std::vector{section_of(table)});
  EXPECT_THAT(text, HasSubstr("one training step of one image, 32px-10out, tbft"));
  EXPECT_THAT(text, HasSubstr("board joules of one step, net of idle, ina219"));
  EXPECT_THAT(text, HasSubstr("67.9    0.034"));
}

TEST(StepCostTables, OtherNetworksStandBesideNoPublishedNumber) {
  auto rows = run();
  auto others = run();
  for (StepCostRow& row : rows) row.network = "ResNet-26";
  for (StepCostRow& row : others) row.network = "MobileNetV2";
  rows.insert(rows.end(), others.begin(), others.end());
  const auto tables = step_cost_tables(rows);
  ASSERT_EQ(tables.size(), 2U);
  EXPECT_EQ(tables[0].first.network, "MobileNetV2");
  EXPECT_TRUE(std::isnan(published_step(tables[0], "block-avg", "energy_saving_pct")));
  EXPECT_EQ(published_step(tables[1], "block-avg", "energy_saving_pct"), 41.51);
}

TEST(StepCostTables, NoSavingIsFormedWithJoulesWhoseUncertaintyHoldsZero) {
  auto rows = run();
  rows[3].U_net_J = 5;  // fc: 3.6 J
  StepCostTable table = step_cost_tables(rows)[0];
  EXPECT_TRUE(std::isnan(table.lines.at("fc").saving_J_pct));
  EXPECT_DOUBLE_EQ(table.lines.at("block1").saving_J_pct, 17);
  EXPECT_EQ(table.basis, StepBasis::time) << "the mean of the blocks has no joules";
  rows[3].U_net_J = 1;
  rows[4].U_net_J = 11;  // full: 10 J
  table = step_cost_tables(rows)[0];
  EXPECT_TRUE(std::isnan(table.lines.at("block1").saving_J_pct));
}

TEST(StepCostTables, JoulesThatAreNotMeasuredAreNotCompared) {
  auto rows = run();
  for (StepCostRow& row : rows) row.net_J.reset();
  EXPECT_EQ(step_cost_tables(rows)[0].basis, StepBasis::gross);
  rows[1].measured = 0;
  const StepCostTable table = step_cost_tables(rows)[0];
  EXPECT_EQ(table.basis, StepBasis::time);
  EXPECT_DOUBLE_EQ(saving(table, "block-avg"), 40);
  EXPECT_THAT(section_of(table).captions.at(0), HasSubstr("an estimate"));
  for (StepCostRow& row : rows) row.gross_J.reset();
  EXPECT_THAT(section_of(step_cost_tables(rows)[0]).captions.at(0), HasSubstr("no joules"));
}

TEST(StepCostTables, VariantsAndNetworksNeverShareATable) {
  auto rows = run();
  rows.push_back(rows[0]);
  rows.back().variant = "published-quirk";
  rows.push_back(rows[0]);
  rows.back().pixels = 128;
  const auto tables = step_cost_tables(rows);
  EXPECT_EQ(tables.size(), 3U);
  for (const StepCostTable& table : tables) EXPECT_EQ(table.lines.contains("block-avg"), table.lines.size() > 1);
}

}  // namespace
}  // namespace tbft::results
