#include "results/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "results/tables/table_set.h"
#include "tests/unit/results/sample.h"

namespace tbft::results {
namespace {

using testing::HasSubstr;
using testing::Not;

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

}  // namespace
}  // namespace tbft::results
