#include "results/reproduction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "results/csv_table.h"
#include "tests/unit/results/sample.h"

namespace tbft::results {
namespace {

using test::published_cells;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

void add(std::vector<CellRow>& rows, const std::vector<CellRow>& more) {
  rows.insert(rows.end(), more.begin(), more.end());
}

std::vector<StepCostRow> published_steps() {
  std::vector<StepCostRow> rows;
  for (const Published& p : published()) {
    if (p.table != "system-cost" || p.metric != "energy_J" || p.strategy == "block-avg") continue;
    StepCostRow row;
    row.run_id = "run";
    row.variant = "tbft";
    row.strategy = p.strategy;
    row.pixels = p.condition == "32px-10out" ? 32 : 128;
    row.classes = p.condition == "32px-10out" ? 10 : 17;
    row.measured = 1;
    row.meter = "ina219:///dev/i2c-1";
    row.gross_J = row.net_J = p.value;
    const double saved = 100 * (1 - p.value / find_published("system-cost", p.condition, "full", "energy_J")->value);
    row.saving_time_pct = row.saving_gross_pct = row.saving_net_pct = saved;
    rows.push_back(row);
  }
  return rows;
}

Inputs whole_paper() {
  Inputs inputs;
  add(inputs.cells, published_cells("cifar10-c", "cifar10-c", "input"));
  add(inputs.cells, published_cells("living17", "living17", "feature"));
  add(inputs.cells, published_cells("cifar-flip", "cifar-flip", "output"));
  add(inputs.cells, published_cells("block-noise", "cifar10", ""));
  inputs.step_costs = published_steps();
  return inputs;
}

const ComparedTable& table(const Reproduction& reproduction, const std::string& name) {
  for (const ComparedTable& t : reproduction.tables) {
    if (t.paper_table == name) return t;
  }
  throw std::out_of_range(name);
}

TEST(Reproduction, ThePaperAgreesWithItself) {
  const Reproduction reproduction = reproduce(whole_paper(), {});
  std::vector<std::string> verdicts;
  for (const ComparedTable& t : reproduction.tables) verdicts.push_back(t.paper_table + ": " + verdict(t));
  EXPECT_THAT(verdicts, ElementsAre("cifar10-c: order agrees; best block agrees; 15 of 15 cells within 5 points",
                                    "living17: order agrees; best block agrees; 15 of 15 cells within 5 points",
                                    "cifar-flip: order agrees; best block agrees; 15 of 15 cells within 5 points",
                                    "block-noise: order agrees; best block agrees; 20 of 20 cells within 5 points",
                                    "system-cost: order agrees; best block agrees; 8 of 8 cells within 5 points"));
  for (const ComparedTable& t : reproduction.tables) {
    for (const ComparedColumn& column : t.columns) {
      std::vector<std::string> strategies;
      for (const ComparedCell& cell : column.cells) strategies.push_back(cell.strategy);
      EXPECT_THAT(strategies, Contains("none"));
      EXPECT_THAT(strategies, Contains("bn-stats"));
      EXPECT_NEAR(column.spearman, 1, 1e-9);
    }
  }
  EXPECT_EQ(reproduction.headlines.size(), 1U);
}

// Measured 70, 60, 65, 50 against the paper's 73.53, 70.18, 70.17, 68.24: ranks 4 2 3 1 against 4 3 2 1, so Spearman
// 1 - 6 (0 + 1 + 1 + 0) / (4 x 15) = 0.8. Differences -3.53, -10.18, -5.17, -18.24, and full 73.21 - 5 = just close.
TEST(Reproduction, DifferencesAreCountedByHand) {
  std::vector<CellRow> rows{test::row("block1", 0, 70, 1), test::row("block2", 0, 60, 1), test::row("block3", 0, 65, 1),
                            test::row("fc", 0, 50, 1), test::row("full", 0, 68.22, 1)};
  for (CellRow& row : rows) row.dataset = "cifar10-c-like";
  const Reproduction reproduction = reproduce({rows, {}, {}}, {});
  const ComparedTable& t = table(reproduction, "cifar10-c");
  EXPECT_EQ(t.data, "cifar10-c-like, a stand-in for cifar10-c");
  EXPECT_NEAR(t.columns.at(0).spearman, 0.8, 1e-9);
  EXPECT_EQ(
      verdict(t),
      "order agrees in 0 of 1 columns (Spearman 0.80); best block agrees; 2 of 5 cells within 5 points; 10 of the paper's "
      "15 not measured");
  EXPECT_EQ(verdict(table(reproduction, "living17")), "not measured");
  EXPECT_TRUE(std::isnan(t.columns.at(1).spearman));
  const std::string text = render(reproduction, Format::text);
  EXPECT_THAT(text, HasSubstr("cifar10-c: cifar10-c-like, a stand-in for cifar10-c: order agrees in 0 of 1"));
  EXPECT_THAT(text, HasSubstr("70.00  73.53       -3.53"));
  EXPECT_THAT(text, HasSubstr("system-cost: not measured"));
}

TEST(Reproduction, AMeanSaysHowManyConditionsItIsOf) {
  std::vector<CellRow> rows;
  for (const char* condition : {"fog-5", "frost-5", "snow-5"})
    for (const char* strategy : {"block1", "block2", "block3", "fc"}) {
      if (std::string_view(condition) == "snow-5" && std::string_view(strategy) == "block2") continue;  // a cell that failed
      rows.push_back(test::row(strategy, 0, 70, 1));
      rows.back().dataset = "cifar10-c-like";
      rows.back().condition = condition;
    }
  EXPECT_THAT(table(reproduce({rows, {}, {}}, {}), "cifar10-c").captions, Contains(HasSubstr("mean over 2 of 3 conditions")));
}

TEST(Reproduction, AnotherNetworkDoesNotStandBesideThePaper) {
  Inputs inputs;
  inputs.cells = published_cells("cifar-flip", "cifar-flip", "output");
  for (CellRow& row : inputs.cells) row.network = "MobileNetV2";
  EXPECT_EQ(verdict(table(reproduce(inputs, {}), "cifar-flip")), "not measured");
}

TEST(Reproduction, WithoutAllFourBlocksNoOrderIsClaimed) {
  std::vector<CellRow> rows{test::row("block1", 0, 73, 1), test::row("none", 0, 30, 1)};
  for (CellRow& row : rows) row.dataset = "cifar10-c-like";
  const ComparedTable t = table(reproduce({rows, {}, {}}, {}), "cifar10-c");
  EXPECT_EQ(verdict(t), "no column has all four blocks; 1 of 1 cells within 5 points; 14 of the paper's 15 not measured");
}

TEST(Reproduction, EstimatesAndOtherSizesAreTold) {
  Inputs inputs = whole_paper();
  for (CellRow& row : inputs.cells) {
    row.measured = 0;
    row.meter = "estimate://";
    if (row.dataset == "living17") row.train_size = 0.15;
  }
  for (StepCostRow& row : inputs.step_costs) row.measured = 0;
  const Reproduction reproduction = reproduce(inputs, {});
  EXPECT_THAT(table(reproduction, "cifar10-c").captions, Contains(HasSubstr("joules are an estimate (estimate://)")));
  EXPECT_EQ(verdict(table(reproduction, "living17")), "not measured");
  EXPECT_THAT(table(reproduction, "living17").captions, Contains(HasSubstr("left out here: 15 %")));
  EXPECT_THAT(table(reproduction, "system-cost").captions, Contains(HasSubstr("savings of time; joules not measured")));
}

TEST(Reproduction, WhatIsMissingIsListedWithItsPlace) {
  const Reproduction reproduction = reproduce({}, {{"living17", "ImageNet's images", "ask image-net.org, then tbft data"}});
  for (const ComparedTable& t : reproduction.tables) EXPECT_EQ(verdict(t), "not measured");
  EXPECT_THAT(
      render(reproduction, Format::md),
      HasSubstr(
          "## what is missing, and where to get it\n\n- living17: ImageNet's images: ask image-net.org, then tbft data\n"));
  EXPECT_THAT(render(reproduction, Format::md), Not(HasSubstr("headline")));
}

TEST(Reproduction, EveryFormatHoldsEveryCell) {
  const Reproduction reproduction = reproduce(whole_paper(), {{"a", "b", "c"}});
  const auto json = nlohmann::json::parse(render(reproduction, Format::json));
  EXPECT_EQ(json.at("tables").size(), 5U);
  EXPECT_EQ(json.at("tables").at(0).at("columns").at(0).at("cells").at(0).at("strategy"), "none");
  EXPECT_TRUE(json.at("tables").at(0).at("columns").at(0).at("cells").at(0).at("measured_pct").is_null());
  EXPECT_EQ(json.at("headlines").size(), 1U);
  EXPECT_EQ(json.at("missing").at(0).at("where"), "c");
  const std::string csv = render(reproduction, Format::csv);
  CsvReader reader(csv, "csv");
  std::size_t lines = 0;
  while (const auto fields = reader.next()) {
    EXPECT_EQ(fields->size(), 13U);
    ++lines;
  }
  // Header; 9 columns of accuracies and 4 of noise with 8 strategies; 2 of step costs with 8.
  EXPECT_EQ(lines, 1U + 13 * 8 + 2 * 8);
  EXPECT_THAT(csv, HasSubstr("cifar-flip,cifar-flip,,,20%,block-avg,53.4"));
}

}  // namespace
}  // namespace tbft::results
