#include "results/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "results/tables/table_set.h"
#include "tests/unit/results/sample.h"

namespace tbft::results {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Latex, SignsOfItsOwnAreEscaped) {
  const Section section{.title = "a_b & 10 % #1 {x} \\input $y$ ~^",
                        .captions = {},
                        .cells = {{"k", "v"}, {"m", "1.0 +- 0.2"}, {"[n]", "[1, 2]"}},
                        .legend = "",
                        .lines = {}};
  const std::string text = to_latex({&section, 1});
  EXPECT_THAT(text, HasSubstr(R"(\caption{a\_b \& 10 \% \#1 \{x\} \textbackslash{}input \$y\$ \~{}\^{}})"));
  EXPECT_THAT(text, HasSubstr(R"(m & 1.0 $\pm$ 0.2 \\)"));
  EXPECT_THAT(text, HasSubstr(R"({[n]} & {[1, 2]} \\)"));
  EXPECT_THAT(text, HasSubstr("\\toprule"));
}

TEST(Latex, ThePapersTableHasAColumnATrainingSize) {
  std::vector<CellRow> rows;
  for (const double size : {0.1, 0.2}) {
    for (const char* strategy : {"block1", "block2", "block3", "fc", "full"}) {
      rows.push_back(test::row(strategy, 0, 60 + 100 * size, strategy == std::string("full") ? 20 : 10));
      rows.back().train_size = size;
    }
  }
  const std::string text = render_latex(summarize({.cells = rows}));
  EXPECT_THAT(text, HasSubstr(R"(strategy & 10 \%: accuracy \% & saving \% & 20 \%: accuracy \% & saving \% \\)"));
  EXPECT_THAT(text, HasSubstr(R"(fc & 70.00 & 50.0 & 80.00 & 50.0 \\)"));
}

TEST(Latex, SeveralConditionsStandAsTheirMean) {
  std::vector<CellRow> rows;
  for (const char* condition : {"fog-5", "snow-5"}) {
    rows.push_back(test::row("full", 0, 60, 20));
    rows.back().condition = condition;
  }
  const Summary summary = summarize({.cells = rows});
  const auto sets = table_sets(summary);
  ASSERT_EQ(sets.size(), 1U);
  ASSERT_EQ(sets[0].tables.size(), 1U);
  EXPECT_EQ(sets[0].key.condition, "mean of 2 conditions");
}

// "fog-5: 10 %, 20 %" for each set.
std::vector<std::string> set_texts(const std::vector<CellRow>& rows) {
  const Summary summary = summarize({.cells = rows});
  std::vector<std::string> result;
  for (const TableSet& set : table_sets(summary)) {
    std::string text = set.key.condition + ":";
    for (const Table* table : set.tables) text += (text.ends_with(':') ? " " : ", ") + size_text(table->key);
    result.push_back(text);
  }
  return result;
}

TEST(Latex, AConditionWithoutAMeanStandsUnderItsOwnName) {
  const auto cell = [](const char* condition, double size, const char* strategy = "full") {
    CellRow row = test::row(strategy, 0, 60, 20);
    row.condition = condition;
    row.train_size = size;
    return row;
  };
  EXPECT_THAT(set_texts({cell("fog-5", 0.1), cell("snow-5", 0.2)}), ElementsAre("fog-5: 10 %", "snow-5: 20 %"));
  EXPECT_THAT(set_texts({cell("fog-5", 0.1), cell("snow-5", 0.1), cell("snow-5", 0.2)}),
              ElementsAre("mean of 2 conditions: 10 %", "snow-5: 20 %"))
      << "what no mean has is not lost";
  EXPECT_THAT(set_texts({cell("fog-5", 0.1, "block1"), cell("snow-5", 0.1, "block2")}),
              ElementsAre("fog-5: 10 %", "snow-5: 10 %"))
      << "no table is complete, so there is no mean";
  EXPECT_THAT(set_texts({cell("", 0.1), cell("fog-5", 0.1), cell("snow-5", 0.1)}),
              ElementsAre(": 10 %", "mean of 2 conditions: 10 %"))
      << "cells without a condition are in no mean";
}

}  // namespace
}  // namespace tbft::results
