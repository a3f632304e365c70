#include "results/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "results/csv_table.h"
#include "results/json.h"
#include "tests/unit/results/sample.h"

namespace tbft::results {
namespace {

using nlohmann::json;
using test::row;
using testing::HasSubstr;

std::vector<CellRow> small_run() {
  std::vector<CellRow> rows;
  for (const std::int64_t r : {0, 1}) {
    const auto shift = static_cast<double>(r);
    rows.push_back(row("none", r, 40, 0));
    rows.back().train_net_J.reset();
    rows.back().train_gross_J.reset();
    rows.push_back(row("block1", r, 70 + shift, 17));
    rows.push_back(row("block2", r, 66 + shift, 14));
    rows.push_back(row("block3", r, 60 + shift, 11));
    rows.push_back(row("fc", r, 44 + shift, 6));
    rows.push_back(row("full", r, 72 + shift, 20));
  }
  for (CellRow& cell : rows) {
    cell.epochs = cell.strategy == "none" ? 0 : cell.strategy == "block1" ? 12 + *cell.repetition : 10;
    if (!cell.train_net_J) continue;
    cell.U_train_net_J = 0.05 * *cell.train_net_J;
    cell.U_random_train_net_J = 0.01 * *cell.train_net_J;
  }
  return rows;
}

TEST(Report, TextIsAnAlignedTable) {
  EXPECT_EQ(report({.cells = small_run()}, Format::text), R"(Summary
input drift: the best block is block1 with 70.5 % (block-avg 60.5 %, full 72.5 %), 17.0 J against 20.0 J for full; near tie with block2, block3 (intervals overlap)
input drift: full is better but not cheaper than block1: 72.5 % (+2.0 points [2.0, 2.0]), 1.176 +- 0.012 times the joules of block1

synthetic, input drift, 10 % of the data for training
board joules of training, net of idle, ina219:///dev/i2c-1
strategy   n       accuracy %   95 % interval    train J net     saving %  epochs
none       2  40.00 +- 0.00    [40.00, 40.00]              -            -       0
block1     2  70.50 +- 0.71 *  [64.15, 76.85]  17.00 +- 0.84  15.0 +- 0.8    12.5
block2     2  66.50 +- 0.71    [60.15, 72.85]  14.00 +- 0.69  30.0 +- 0.7      10
block3     2  60.50 +- 0.71    [54.15, 66.85]  11.00 +- 0.54  45.0 +- 0.6      10
fc         2  44.50 +- 0.71    [38.15, 50.85]   6.00 +- 0.30  70.0 +- 0.3      10
block-avg  2  60.50 +- 0.71    [54.15, 66.85]  12.00 +- 0.59  40.0 +- 0.5    10.6
full       2  72.50 +- 0.71 ^  [66.15, 78.85]  20.00 +- 0.99            -      10

accuracy: mean +- standard deviation over n repetitions; train J: mean +- expanded uncertainty (k=2) of the meter;
saving: training joules saved against full; its +- excludes the meter's gain error, which cancels in the ratio.
epochs: mean number of epochs trained; the strategy that stops later can cost more, even if its steps cost less.
block-avg: mean of all blocks, fc included.
*: best block, the block of the highest mean accuracy; ^: the most accurate strategy, where that is not the best block

input drift: block1 used 1.176 +- 0.012 times fewer joules than full at -2.0 points
)");
}

TEST(Report, TextIsAsciiWhateverTheRowsHold) {
  std::vector<CellRow> rows = small_run();
  for (CellRow& cell : rows) cell.condition = "caf\xc3\xa9 \x1b[31m\n|";
  for (const Format format : {Format::text, Format::md}) {
    const std::string text = report({.cells = rows}, format);
    EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
  }
}

TEST(Report, MarkdownHasAsManyCellsInEveryLine) {
  std::vector<CellRow> rows = small_run();
  for (CellRow& cell : rows) {
    if (cell.strategy == "none") cell.strategy = "a|b";
  }
  const std::string text = report({.cells = rows}, Format::md);
  EXPECT_THAT(text, HasSubstr("## synthetic, input drift, 10 % of the data for training\n\nboard joules"));
  EXPECT_THAT(text, HasSubstr("| strategy | n | accuracy % |"));
  EXPECT_THAT(text, HasSubstr("|---|---:|---:|"));
  EXPECT_THAT(text, HasSubstr("| a\\|b | 2 |"));
  EXPECT_THAT(text, HasSubstr("- input drift: the best block is block1"));
}

TEST(Report, CsvIsLongFormUnderAConstantHeader) {
  const std::string header =
      "dataset,drift,condition,train_size,protocol,board,tables_averaged,strategy,n,accuracy_pct,accuracy_sd_pct,accuracy_low_"
      "pct,"
      "accuracy_high_pct,energy_basis,n_energy,train_J,train_sd_J,train_low_J,train_high_J,U_train_J,saving_pct,U_saving_pct,"
      "meter,"
      "meter_scope,measured,paper_table,paper_accuracy_pct,paper_sd_pct,paper_saving_pct,network,epochs,point\n";
  EXPECT_EQ(report(Inputs(), Format::csv), header);
  std::vector<CellRow> rows = small_run();
  for (CellRow& cell : rows) cell.dataset = "cifar10-c";
  const std::string text = report({.cells = rows}, Format::csv);
  EXPECT_TRUE(text.starts_with(header));
  CsvReader reader(text, "report");
  const auto names = *reader.next();
  std::size_t lines = 0;
  while (const auto fields = reader.next()) {
    ++lines;
    ASSERT_EQ(fields->size(), names.size());
    const auto at = [&](const char* name) {
      return (*fields)[static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin())];
    };
    if (at("strategy") == "none") {
      EXPECT_EQ(at("train_J"), "") << "unknown is empty";
      EXPECT_EQ(at("n_energy"), "0");
    }
    if (at("strategy") == "fc") {
      EXPECT_EQ(at("accuracy_pct"), "44.5");
      EXPECT_EQ(at("train_J"), "6");
      EXPECT_EQ(at("saving_pct"), "70");
      EXPECT_EQ(at("paper_saving_pct"), "67.92");
      EXPECT_EQ(at("measured"), "1");
      EXPECT_EQ(at("epochs"), "10");
    }
  }
  EXPECT_EQ(lines, 7U);
}

TEST(Report, JsonHasNumbersAsNumbersAndUnknownAsNull) {
  std::vector<CellRow> rows = small_run();
  rows[0].reason = "bad byte \xff";
  rows[0].lr = std::numeric_limits<double>::quiet_NaN();
  const json report_json = json::parse(report({.cells = rows}, Format::json));
  const json& cell = report_json.at("cells").at(0);
  EXPECT_EQ(cell.size(), columns().size());
  EXPECT_EQ(cell.at("accuracy_pct"), 40.0);
  EXPECT_TRUE(cell.at("repetition").is_number_integer());
  EXPECT_TRUE(cell.at("train_net_J").is_null());
  EXPECT_TRUE(cell.at("lr").is_null());
  EXPECT_TRUE(cell.at("board").is_null());
  EXPECT_EQ(cell.at("reason"), "bad byte \xef\xbf\xbd");
  EXPECT_EQ(report_json.at("summary").size(), 7U);
  EXPECT_TRUE(report_json.at("summary").at(0).at("train_J").is_null());
  EXPECT_EQ(report_json.at("winners").at(0).at("winner"), "block1");
}

TEST(Report, JsonRowIsOneLineInTheOrderOfTheColumns) {
  const std::string text = json_row(row("fc", 3, 61.5, 2));
  EXPECT_EQ(text.find('\n'), std::string::npos);
  std::size_t last = 0;
  for (const Column& column : columns()) {
    const std::size_t at = text.find("\"" + std::string(column.name) + "\":");
    ASSERT_NE(at, std::string::npos) << column.name;
    EXPECT_GE(at, last) << column.name;
    last = at;
  }
  EXPECT_THAT(text, HasSubstr("\"accuracy_pct\":61.5,\"val_loss\":null,"));
}

TEST(Report, ManyFailuresAreListedShortly) {
  std::vector<CellRow> rows = small_run();
  for (int i = 0; i < 30; ++i) {
    rows.push_back(row("full", 100 + i, 0, 0));
    rows.back().status = "failed";
    rows.back().reason = "no memory";
  }
  const std::string text = report({.cells = rows}, Format::text);
  EXPECT_THAT(text, HasSubstr("repetition 119, cell full119: no memory\n... and 10 more\n"));
}

TEST(Report, SeveralDataSetsOfOneDriftAreTold) {
  std::vector<CellRow> rows = small_run();
  for (CellRow cell : small_run()) {
    cell.dataset = "cifar10-c";
    rows.push_back(cell);
  }
  const std::string text = report({.cells = rows}, Format::text);
  EXPECT_THAT(text, HasSubstr("input drift, cifar10-c: the best block is block1"));
  EXPECT_THAT(text, HasSubstr("paper: block1\n"));
  EXPECT_THAT(text, HasSubstr("input drift, synthetic: the best block is block1"));
  EXPECT_THAT(text, HasSubstr("input drift, synthetic: block1 used"));
}

TEST(Report, AnUnknownFormatListsTheKnownOnes) {
  EXPECT_EQ(parse_format("md"), Format::md);
  try {
    parse_format("xml");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "unknown format 'xml': text, md, csv, json or latex");
  }
}

}  // namespace
}  // namespace tbft::results
