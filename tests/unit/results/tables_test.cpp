#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "results/report.h"
#include "results/tables/summary.h"
#include "tests/unit/results/sample.h"

namespace tbft::results {
namespace {

using test::row;
using testing::ElementsAre;
using testing::HasSubstr;

Table only_table(const std::vector<CellRow>& rows) {
  return make_table(group_rows(rows).at(0));
}

const Line& line(const Table& table, const std::string& strategy) {
  for (const Line& line : table.lines) {
    if (line.strategy == strategy) return line;
  }
  throw std::out_of_range("no line " + strategy);
}

std::vector<CellRow> one_repetition(std::int64_t repetition) {
  return {row("full", repetition, 72, 20),   row("fc", repetition, 40, 6),       row("block3", repetition, 60, 11),
          row("zeta", repetition, 1, 1),     row("block1", repetition, 70, 17),  row("none", repetition, 30, 0.5),
          row("block2", repetition, 66, 14), row("bn-stats", repetition, 50, 2), row("alpha", repetition, 1, 1)};
}

TEST(Tables, StrategiesStandInTheOrderOfTheNetwork) {
  std::vector<std::string> names;
  for (const Line& line : only_table(one_repetition(0)).lines) names.push_back(line.strategy);
  EXPECT_THAT(names, ElementsAre("none", "bn-stats", "block1", "block2", "block3", "fc", "block-avg", "full", "alpha", "zeta"));
}

TEST(Tables, RowsAreGroupedByDataDriftConditionAndSize) {
  std::vector<CellRow> rows;
  for (const char* drift : {"output", "input", "feature"}) {
    for (const char* condition : {"b", "a"}) {
      for (const double size : {0.2, 0.1}) {
        rows.push_back(row("full", 0, 50, 1));
        rows.back().drift = drift;
        rows.back().condition = condition;
        rows.back().train_size = size;
      }
    }
  }
  std::vector<std::string> keys;
  for (const Group& group : group_rows(rows)) {
    keys.push_back(group.key.drift.substr(0, 1) + group.key.condition +
                   std::to_string(std::lround(10 * *group.key.train_size)));
  }
  EXPECT_THAT(keys, ElementsAre("ia1", "ia2", "ib1", "ib2", "fa1", "fa2", "fb1", "fb2", "oa1", "oa2", "ob1", "ob2"));
}

TEST(Tables, BoardsProtocolsNetworksAndPointsNeverShareATable) {
  std::vector<CellRow> rows{row("full", 0, 50, 1), row("full", 0, 60, 2), row("full", 0, 70, 3), row("full", 0, 80, 4),
                            row("full", 0, 90, 5)};
  rows[1].board = "Raspberry Pi 4";
  rows[2].protocol = "efficient";
  rows[3].network = "MobileNetV2";
  rows[4].point = "batch=16";
  EXPECT_EQ(group_rows(rows).size(), 5U);
}

// Two runs: one without further axes, one with.
TEST(Tables, ALinkToItsCellsNamesWhatTheTableDoesNotHave) {
  std::vector<CellRow> rows{row("full", 0, 50, 1), row("full", 0, 60, 2), row("full", 0, 70, 3)};
  rows[1].network = "ResNet-26";
  rows[1].point = "threads=2";
  rows[2].train_size.reset();
  std::vector<std::string> links;  // from the network on
  for (const Group& group : group_rows(rows)) {
    const std::string link = section_of(make_table(group)).links.at(0);
    links.push_back(link.substr(link.find("network=")));
  }
  EXPECT_THAT(links, ElementsAre("network=&point=&condition=&train_size=&strategy=full",
                                 "network=&point=&condition=&train_size=0.1&strategy=full",
                                 "network=ResNet-26&point=threads%3D2&condition=&train_size=0.1&strategy=full"));
}

TEST(Tables, BlockAverageIsPerRepetitionAndOnlyWhereAllFourExist) {
  std::vector<CellRow> rows = one_repetition(0);
  rows.push_back(row("block1", 1, 80, 1000));  // without its three neighbours
  const Table table = only_table(rows);
  EXPECT_EQ(line(table, "block-avg").accuracy_pct.n, 1U);
  EXPECT_DOUBLE_EQ(line(table, "block-avg").accuracy_pct.mean, 59);
  EXPECT_DOUBLE_EQ(line(table, "block-avg").train.spread.mean, 12);
  EXPECT_DOUBLE_EQ(line(table, "block-avg").saving.percent, 40);
  rows = one_repetition(0);
  std::erase_if(rows, [](const CellRow& row) { return row.strategy == "fc"; });
  EXPECT_THROW(line(only_table(rows), "block-avg"), std::out_of_range);
}

TEST(Tables, SavingIsAgainstFullOverCommonRepetitions) {
  std::vector<CellRow> rows{row("full", 0, 70, 20), row("full", 1, 70, 30), row("fc", 0, 40, 6), row("fc", 2, 40, 600)};
  const Table table = only_table(rows);
  EXPECT_DOUBLE_EQ(line(table, "fc").saving.percent, 70);
  EXPECT_TRUE(std::isnan(line(table, "full").saving.percent));
}

// 12 J of 20 J; random parts 0.6 J and 0.8 J (k = 2); a gain that moves both by 10 % leaves the ratio alone.
TEST(Tables, TheGainOfOneMeterIsLeftOutOfSavings) {
  std::vector<CellRow> rows{row("full", 0, 70, 20), row("block1", 0, 69, 12)};
  rows[0].U_random_train_net_J = 0.8;
  rows[0].U_train_net_J = std::hypot(0.8, 2.0);
  rows[1].U_random_train_net_J = 0.6;
  rows[1].U_train_net_J = std::hypot(0.6, 1.2);
  const Line one = line(only_table(rows), "block1");
  EXPECT_DOUBLE_EQ(one.saving.percent, 40);
  EXPECT_NEAR(one.saving.U_percent, 100 * std::hypot(0.6, 0.6 * 0.8) / 20, 1e-9);
  EXPECT_NEAR(one.train.U_J, std::hypot(0.6, 1.2), 1e-9);
  rows[1].meter = "ina219:///dev/i2c-2";
  const Table two = only_table(rows);
  EXPECT_NEAR(line(two, "block1").saving.U_percent, 100 * std::hypot(std::hypot(0.6, 1.2), 0.6 * std::hypot(0.8, 2.0)) / 20,
              1e-9);
  EXPECT_THAT(two.energy.caption, HasSubstr("several meters, so savings include their gains"));
}

// Four cells: the random part halves, the part common to the meter does not.
TEST(Tables, RandomUncertaintyAveragesOutAndTheGainDoesNot) {
  const std::vector<Joules> cells(4, Joules{10, std::hypot(0.3, 0.4), 0.4});
  EXPECT_NEAR(mean_joules(cells).U_random_J, 0.2, 1e-12);
  EXPECT_NEAR(mean_joules(cells).U_J, std::hypot(0.3, 0.2), 1e-12);
  EXPECT_TRUE(std::isnan(mean_joules(std::vector<Joules>{{10, unknown, 0.4}}).U_J));
  EXPECT_DOUBLE_EQ(mean_joules(std::vector<Joules>{{10, unknown, 0.4}}).U_random_J, 0.4);
}

TEST(Tables, GrossJoulesServeWhereNetIsUnknownAndTheCaptionSaysWhich) {
  std::vector<CellRow> rows{row("full", 0, 70, 20), row("fc", 0, 40, 5)};
  EXPECT_EQ(only_table(rows).energy.caption, "board joules of training, net of idle, ina219:///dev/i2c-1");
  rows[1].train_net_J.reset();
  rows[1].train_gross_J = 20;
  const Table table = only_table(rows);
  EXPECT_EQ(table.energy.caption, "board joules of training, gross (idle power included), ina219:///dev/i2c-1");
  EXPECT_DOUBLE_EQ(line(table, "full").train.spread.mean, 40);
  EXPECT_DOUBLE_EQ(line(table, "fc").saving.percent, 50);
}

// 0.5 J of 20 J, known to 0.6 J; the mean of four such cells is known to 0.3 J.
TEST(Tables, NoSavingIsFormedWithJoulesWhoseUncertaintyHoldsZero) {
  std::vector<CellRow> rows{row("full", 0, 70, 20), row("fc", 0, 40, 0.5), row("block1", 0, 60, 10)};
  rows[1].U_random_train_net_J = 0.6;
  const Table table = only_table(rows);
  EXPECT_TRUE(std::isnan(line(table, "fc").saving.percent));
  EXPECT_DOUBLE_EQ(line(table, "fc").train.spread.mean, 0.5) << "the joules are shown";
  EXPECT_DOUBLE_EQ(line(table, "block1").saving.percent, 50);
  EXPECT_THAT(table.captions, testing::Contains(HasSubstr("no saving is formed with the joules of fc:")));
  for (CellRow& r : rows) {
    r.measured = 0;
    r.meter = "estimate://";
  }
  EXPECT_DOUBLE_EQ(line(only_table(rows), "fc").saving.percent, 97.5) << "estimates are exempt";
  rows = {};
  for (std::int64_t i = 0; i < 4; ++i) {
    rows.push_back(row("full", i, 70, 20));
    rows.push_back(row("fc", i, 40, 0.5));
    rows.back().U_random_train_net_J = 0.6;
  }
  EXPECT_DOUBLE_EQ(line(only_table(rows), "fc").saving.percent, 97.5);
}

TEST(Tables, AnUncertaintyOfZeroRoundsNothingAway) {
  EXPECT_EQ(with_uncertainty(1.15, 0), "1.150");
  EXPECT_EQ(with_uncertainty(1.15, unknown), "1.150");
  EXPECT_EQ(with_uncertainty(1.15, 0.1), "1.15 +- 0.10");
}

TEST(Tables, AValueIsRoundedToThePlaceOfItsUncertainty) {
  EXPECT_EQ(with_uncertainty(1.00123, 7.2e-5), "1.001230 +- 0.000072");
  EXPECT_EQ(with_uncertainty(1.00123, 7e-4), "1.00123 +- 0.00070");
  EXPECT_EQ(with_uncertainty(1234.2, 12.3), "1234 +- 12");
  EXPECT_EQ(with_uncertainty(1234.2, 123), "1234 +- 123");
  EXPECT_EQ(with_uncertainty(1.15, 2e-16), "1.150 +- 2e-16") << "what rounding leaves of 0";
  EXPECT_EQ(with_uncertainty(2e9, 3e7), "2e+09 +- 3e+07");
}

TEST(Tables, NegativeJoulesGiveNoSaving) {
  std::vector<CellRow> rows{row("full", 0, 70, -20), row("fc", 0, 40, 4.38), row("block1", 0, 60, -3)};
  rows[2].U_random_train_net_J = 4;
  const Table table = only_table(rows);
  EXPECT_EQ(table.energy.basis, Basis::net) << "gross is no way out";
  EXPECT_TRUE(std::isnan(line(table, "fc").saving.percent)) << "121.9 % otherwise";
  EXPECT_THAT(table.captions, testing::Contains(HasSubstr("joules of 1 cell are negative")));
  EXPECT_THAT(table.captions, testing::Contains(HasSubstr("joules of block1, full:")));
  rows = {row("full", 0, 70, 20), row("fc", 0, 40, 5), row("fc", 1, 40, -3), row("full", 1, 70, 20)};
  EXPECT_TRUE(std::isnan(line(only_table(rows), "fc").saving.percent)) << "the mean, 1 J, rests on a cell that cannot be";
}

TEST(Tables, ContendedCellsAreLeftOutOfJoulesAndSaidSo) {
  std::vector<CellRow> rows{row("full", 0, 70, 20), row("full", 1, 70, 380), row("fc", 0, 40, 5), row("fc", 1, 40, 5)};
  for (CellRow& r : rows) r.train_s = 1;
  rows[1].other_cpu_pct = 45;
  rows[0].other_cpu_pct = 29;
  EXPECT_NEAR(line(only_table(rows), "fc").saving.percent, 97.5, 1e-9) << "kept: what the user asked for";
  EXPECT_THAT(only_table(rows).captions, testing::Contains(HasSubstr("1 cell ran while other programs took over 30 %")));
  leave_out_contended(rows);
  EXPECT_EQ(rows[1].train_s, std::nullopt);
  EXPECT_EQ(rows[0].train_s, 1);
  const Table table = only_table(rows);
  EXPECT_DOUBLE_EQ(line(table, "fc").saving.percent, 75);
  EXPECT_EQ(line(table, "full").accuracy_pct.n, 2U);
  EXPECT_THAT(table.captions, testing::Contains(HasSubstr("of 1 cell left out: other programs took over 30 %")));
}

TEST(Tables, InvalidRowsCountForAccuracyAndNotForJoules) {
  std::vector<CellRow> rows{row("full", 0, 70, 20), row("full", 1, 80, 999)};
  rows[1].status = "invalid";
  rows[1].reason = "gap of 2 s";
  const Table table = only_table(rows);
  EXPECT_DOUBLE_EQ(line(table, "full").accuracy_pct.mean, 75);
  EXPECT_DOUBLE_EQ(line(table, "full").train.spread.mean, 20);
  EXPECT_THAT(table.captions, testing::Contains(HasSubstr("1 cell without valid energy")));
  EXPECT_THAT(summarize({.cells = rows}).invalid,
              ElementsAre("invalid: synthetic, input, 10 %, full, repetition 1, cell full1: gap of 2 s"));
}

TEST(Tables, FailedRowsCountForNothingAndAreListed) {
  std::vector<CellRow> rows{row("full", 0, 70, 20), row("full", 1, 1, 1), row("full", 2, 1, 1)};
  rows[1].status = "failed";
  rows[1].reason = "loss is \x1b[31mnan";
  rows[2].status = "odd";
  const Summary summary = summarize({.cells = rows});
  EXPECT_EQ(line(summary.tables.at(0), "full").accuracy_pct.n, 1U);
  EXPECT_THAT(summary.failures,
              ElementsAre("failed: synthetic, input, 10 %, full, repetition 1, cell full1: loss is ?[31mnan",
                          "failed (status 'odd'): synthetic, input, 10 %, full, repetition 2, cell full2: no reason given"));
}

TEST(Tables, JoulesOfSomeRepetitionsAloneAreSaidSo) {
  std::vector<CellRow> rows{row("full", 0, 70, 20), row("full", 1, 71, 20), row("fc", 0, 40, 5), row("fc", 1, 41, 5)};
  EXPECT_THAT(only_table(rows).captions, testing::Not(testing::Contains(HasSubstr("some repetitions only"))));
  rows[3].train_net_J = rows[3].train_gross_J = std::nullopt;
  EXPECT_THAT(only_table(rows).captions, testing::Contains("joules are known in some repetitions only: fc in 1 of 2"));
}

TEST(Tables, CellsOfOtherSettingsAreSaidSo) {
  std::vector<CellRow> rows{row("full", 0, 70, 20), row("fc", 0, 40, 5)};
  EXPECT_THAT(only_table(rows).captions, testing::Not(testing::Contains(HasSubstr("settings"))));
  rows[1].config_hash = "cafe";
  EXPECT_THAT(only_table(rows).captions, testing::Contains(HasSubstr("2 different sets of settings")));
  rows[1].dataset = "another";
  EXPECT_THAT(only_table(rows).captions, testing::Not(testing::Contains(HasSubstr("settings")))) << "each table has one";
}

TEST(Tables, ARepeatedRepetitionCountsOnce) {
  const Table table = only_table({row("full", 0, 10, 1), row("full", 0, 20, 3)});
  EXPECT_EQ(line(table, "full").accuracy_pct.n, 1U);
  EXPECT_EQ(line(table, "full").accuracy_pct.mean, 20);
  EXPECT_THAT(table.captions, testing::Contains(HasSubstr("1 row left out: a later one")));
}

// An estimate, a contended cell and an invalid one, which then were measured in peace.
TEST(Tables, ARowThatWasReplacedDecidesNothing) {
  std::vector<CellRow> rows{row("full", 0, 70, 90), row("fc", 0, 40, -9), row("fc", 1, 40, 9)};
  rows[0].measured = 0;
  rows[0].meter = "estimate://";
  rows[1].meter_scope = "package";
  rows[1].other_cpu_pct = 45;
  rows[2].status = "invalid";
  for (CellRow& r : rows) r.config_hash = "earlier";
  rows.insert(rows.end(), {row("full", 0, 70, 20), row("fc", 0, 40, 5), row("fc", 1, 40, 5)});
  const Table table = only_table(rows);
  EXPECT_THAT(table.captions, ElementsAre("board joules of training, net of idle, ina219:///dev/i2c-1",
                                          HasSubstr("3 rows left out: a later one")));
  EXPECT_DOUBLE_EQ(line(table, "fc").saving.percent, 75);
}

// A rail is part of the board: the two are never added up or averaged.
TEST(PeerErrors, E15JoulesOfRailAndBoardAreNotMixed) {
  std::vector<CellRow> rows{row("full", 0, 70, 20), row("fc", 0, 40, 5)};
  rows[1].meter_scope = "package";
  const Table table = only_table(rows);
  EXPECT_THAT(table.energy.caption, HasSubstr("joules left out: the cells were metered at different scopes (board, package)"));
  EXPECT_TRUE(std::isnan(line(table, "full").train.spread.mean));
  EXPECT_TRUE(std::isnan(line(table, "fc").saving.percent));
  EXPECT_EQ(line(table, "fc").accuracy_pct.mean, 40);
}

TEST(Tables, MeasuredAndEstimatedJoulesAreNotAveraged) {
  std::vector<CellRow> rows{row("full", 0, 70, 20), row("fc", 0, 40, 5)};
  rows[1].measured = 0;
  rows[1].meter = "estimate://";
  EXPECT_THAT(only_table(rows).energy.caption, HasSubstr("joules left out: some were measured and some were not"));
  EXPECT_TRUE(std::isnan(line(only_table(rows), "full").train.spread.mean));
}

TEST(Tables, AnEstimateIsCalledOne) {
  std::vector<CellRow> rows{row("full", 0, 70, 20)};
  rows[0].measured = 0;
  rows[0].meter = "estimate://?idle_W=2.2";
  EXPECT_THAT(only_table(rows).energy.caption, HasSubstr("joules are an estimate (estimate://?idle_W=2.2), not a measurement"));
  rows[0].meter = "replay://trace.csv";
  EXPECT_THAT(only_table(rows).energy.caption, HasSubstr("joules are a replay (replay://trace.csv), not a measurement"));
  rows[0].measured.reset();
  EXPECT_THAT(only_table(rows).energy.caption, HasSubstr("is not recorded"));
}

TEST(Tables, ThePapersNumbersStandBeside) {
  std::vector<CellRow> rows = one_repetition(0);
  for (CellRow& r : rows) {
    r.dataset = "cifar-flip";
    r.drift = "output";
    r.train_size = 0.2;
  }
  const Table table = only_table(rows);
  EXPECT_EQ(table.paper->label, "paper");
  EXPECT_EQ(line(table, "block-avg").paper_accuracy_pct, 53.65);
  EXPECT_EQ(line(table, "fc").paper_sd_pct, 0.17);
  EXPECT_EQ(line(table, "fc").paper_saving_pct, 67.92);
  EXPECT_EQ(line(table, "none").paper_accuracy_pct, std::nullopt);
  EXPECT_EQ(line(table, "full").paper_saving_pct, std::nullopt);
  for (CellRow& r : rows) r.network = "ResNet-26";
  EXPECT_EQ(line(only_table(rows), "fc").paper_sd_pct, 0.17);
  for (CellRow& r : rows) r.network = "MobileNetV2 x0.5";
  EXPECT_EQ(only_table(rows).paper, std::nullopt);
  EXPECT_EQ(line(only_table(rows), "fc").paper_saving_pct, std::nullopt);
  EXPECT_THAT(report({.cells = rows}, Format::text), testing::Not(HasSubstr("paper")));
}

std::string winner_line(const std::vector<CellRow>& rows) {
  return to_line(summarize({.cells = rows}).winners.at(0), false);
}

TEST(Tables, ConditionsAreAveragedOverTheCellsThatEveryBlockHas) {
  std::vector<CellRow> rows;
  for (const char* condition : {"fog-5", "snow-5"}) {
    for (CellRow r : one_repetition(0)) {
      r.condition = condition;
      r.dataset = "cifar10-c";
      if (r.condition == "snow-5") r.accuracy_pct = *r.accuracy_pct + 10;
      rows.push_back(r);
    }
  }
  const Summary summary = summarize({.cells = rows});
  ASSERT_EQ(summary.tables.size(), 3U);
  EXPECT_EQ(summary.tables[0].paper->label, "paper (mean of 15)");
  const Table& mean = summary.tables[2];
  EXPECT_EQ(mean.key.condition, "mean of 2 conditions");
  EXPECT_EQ(mean.paper->label, "paper");
  EXPECT_DOUBLE_EQ(line(mean, "block1").accuracy_pct.mean, 75);
  EXPECT_DOUBLE_EQ(line(mean, "block-avg").accuracy_pct.mean, 64);
  // Full without one of the cells that the blocks are averaged over would not compare with them.
  std::erase_if(rows, [](const CellRow& r) { return r.condition == "fog-5" && r.strategy == "full"; });
  EXPECT_THROW(line(summarize({.cells = rows}).tables[2], "full"), std::out_of_range);
  // One block fails under snow: all are averaged over fog alone, so that they stay comparable.
  std::erase_if(rows, [](const CellRow& r) { return r.condition == "snow-5" && r.strategy == "fc"; });
  const Table fog = summarize({.cells = rows}).tables[2];
  EXPECT_DOUBLE_EQ(line(fog, "block1").accuracy_pct.mean, 70);
  EXPECT_DOUBLE_EQ(line(fog, "fc").accuracy_pct.mean, 40);
  EXPECT_EQ(fog.key.condition, "mean of 1 of 2 conditions");
  EXPECT_EQ(fog.pooled, 1U);
  EXPECT_THAT(fog.captions, testing::Contains("means over 1 of 2 tables: cells of the others are missing"));
  EXPECT_THAT(winner_line(rows), HasSubstr("; mean of 1 of 2 tables"));
  EXPECT_EQ(summarize({.cells = rows}).winners.at(0).pooled, 1U);
}

// Snow is 20 points below fog, and only fog was repeated: the mean over both has one repetition, not 60 and 70 as two of them.
TEST(Tables, RepetitionsOfAMeanAreOverTheSameTables) {
  std::vector<CellRow> rows;
  const auto add = [&](const char* condition, std::int64_t repetition, double points) {
    for (CellRow r : one_repetition(repetition)) {
      r.condition = condition;
      *r.accuracy_pct += points;
      rows.push_back(r);
    }
  };
  add("fog-5", 0, 0);
  add("snow-5", 0, -20);
  add("fog-5", 1, 0);
  const Table mean = summarize({.cells = rows}).tables.at(2);
  EXPECT_EQ(line(mean, "block1").accuracy_pct.n, 1U);
  EXPECT_DOUBLE_EQ(line(mean, "block1").accuracy_pct.mean, 60);
  EXPECT_THAT(mean.captions, ElementsAre(HasSubstr("board joules"), HasSubstr("1 repetition left out of the means")));
  add("snow-5", 1, -20);
  EXPECT_EQ(line(summarize({.cells = rows}).tables.at(2), "block1").accuracy_pct.n, 2U);
}

TEST(Winner, OneLineSaysWhoWonAgainstWhat) {
  EXPECT_EQ(
      winner_line(one_repetition(0)),
      "input drift: the best block is block1 with 70.0 % (block-avg 59.0 %, full 72.0 %), 17.0 J against 20.0 J for full; one "
      "repetition, so no interval");
}

TEST(Winner, NamesNoJoulesWhoseUncertaintyHoldsZero) {
  std::vector<CellRow> rows = one_repetition(0);
  for (CellRow& r : rows) {
    if (r.strategy == "block1") r.train_net_J = -5.55e-17;
  }
  EXPECT_THAT(winner_line(rows), HasSubstr("full 72.0 %); one repetition"));
  rows = one_repetition(0);
  for (CellRow& r : rows) {
    if (r.strategy == "full") r.U_train_net_J = r.U_random_train_net_J = 21;
  }
  EXPECT_THAT(winner_line(rows), HasSubstr("17.0 J; one repetition"));
}

TEST(Winner, IsAmongTheFourBlocksWhateverFullDoes) {
  std::vector<CellRow> rows = one_repetition(0);
  for (CellRow& r : rows) {
    if (r.strategy == "fc") r.accuracy_pct = 71;
  }
  EXPECT_THAT(winner_line(rows), testing::StartsWith("input drift: the best block is fc with 71.0 %"));
}

TEST(Winner, OverlappingIntervalsAreANearTie) {
  std::vector<CellRow> rows;
  for (const std::int64_t repetition : {0, 1, 2}) {
    for (CellRow r : one_repetition(repetition)) {
      *r.accuracy_pct += 0.1 * static_cast<double>(repetition);
      if (r.strategy == "block2") r.accuracy_pct = 69.5 + static_cast<double>(repetition) / 2;
      rows.push_back(r);
    }
  }
  EXPECT_THAT(winner_line(rows), HasSubstr("the best block is block1 with 70.1 %"));
  EXPECT_THAT(winner_line(rows), HasSubstr("; near tie with block2 (intervals overlap)"));
  for (CellRow& r : rows) {
    if (r.strategy == "block2") *r.accuracy_pct -= 5;
  }
  EXPECT_THAT(winner_line(rows), testing::Not(HasSubstr("near tie")));
}

TEST(Winner, NeedsAllFourBlocks) {
  EXPECT_EQ(winner_line({row("block1", 0, 70, 1), row("block3", 0, 70, 1), row("full", 0, 70, 1)}),
            "input drift: no best block: no result of block2, fc");
  std::vector<CellRow> rows = one_repetition(0);
  for (CellRow& r : rows) {
    if (r.strategy == "block2") r.accuracy_pct.reset();
  }
  EXPECT_EQ(winner_line(rows), "input drift: no best block: no result of block2");
  // Each block has a result, but no table all of them.
  for (CellRow r : one_repetition(0)) {
    r.train_size = 0.3;
    if (r.strategy != "fc") rows.push_back(r);
  }
  EXPECT_EQ(winner_line(rows), "input drift: no best block: no table has results of all blocks in one repetition");
}

TEST(Winner, OnePerDriftLevelInOrderAndNoneWithoutDrift) {
  std::vector<CellRow> rows;
  for (const char* drift : {"output", "", "feature", "input", "none"}) {
    for (CellRow r : one_repetition(0)) {
      r.drift = drift;
      rows.push_back(r);
    }
  }
  std::vector<std::string> drifts;
  for (const Winner& winner : summarize({.cells = rows}).winners) drifts.push_back(winner.key.drift);
  EXPECT_THAT(drifts, ElementsAre("input", "feature", "output"));
}

TEST(Winner, AnEstimateIsNotCalledMeasured) {
  std::vector<CellRow> rows = one_repetition(0);
  for (CellRow& r : rows) r.measured = 0;
  EXPECT_THAT(winner_line(rows), HasSubstr("17.0 J against 20.0 J for full (not measured)"));
}

}  // namespace
}  // namespace tbft::results
