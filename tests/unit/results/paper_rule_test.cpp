#include "results/tables/paper_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "results/report.h"
#include "results/tables/summary.h"
#include "tests/unit/results/sample.h"

namespace tbft::results {
namespace {

using test::row;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Two repetitions of a network whose blocks have these accuracies; the second repetition's are 2 points lower.
std::vector<CellRow> cells(const std::string& network, const std::string& drift, const std::vector<double>& accuracies) {
  std::vector<CellRow> rows;
  for (std::size_t block = 0; block < accuracies.size(); ++block) {
    const std::string name = block + 1 == accuracies.size() ? "fc" : "block" + std::to_string(block + 1);
    for (const std::int64_t repetition : {0, 1}) {
      rows.push_back(row(name, repetition, accuracies[block] - 2 * static_cast<double>(repetition), 1));
      rows.back().network = network;
      rows.back().drift = drift;
    }
  }
  return rows;
}

std::vector<CellRow> operator+(std::vector<CellRow> a, const std::vector<CellRow>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<std::size_t> parts(const std::vector<std::string>& blocks) {
  std::vector<std::size_t> result;
  for (const std::string& block : blocks) result.push_back(part_of(blocks, block));
  return result;
}

TEST(PaperRule, PartsAreThirdsOfTheBlocksBeforeTheClassifier) {
  EXPECT_THAT(parts({"block1", "fc"}), ElementsAre(0, 2));
  EXPECT_THAT(parts({"block1", "block2", "fc"}), ElementsAre(0, 1, 2));
  EXPECT_THAT(parts({"block1", "block2", "block3", "fc"}), ElementsAre(0, 1, 1, 2));
  EXPECT_THAT(parts({"block1", "block2", "block3", "block4", "fc"}), ElementsAre(0, 0, 1, 1, 2));
  EXPECT_THAT(parts({"block1", "block2", "block3", "block4", "block5", "fc"}), ElementsAre(0, 0, 1, 1, 1, 2));
}

TEST(PaperRule, IsCheckedOnEachNetworkByTheBestBlockOfEachPart) {
  // On the paper's network block1 wins by 4; on the other, block2 of the front wins against fc by 5.
  const auto rows = cells("ResNet-26", "input", {70, 66, 60, 50}) + cells("ResNet-18", "input", {60, 80, 70, 65, 75});
  const auto checks = check_rule(group_rows(rows));
  ASSERT_EQ(checks.size(), 2U);
  EXPECT_EQ(checks[0].key.network, "ResNet-18");
  EXPECT_THAT(checks[0].best, ElementsAre("block2", "block3", "fc"));
  EXPECT_DOUBLE_EQ(checks[0].lead_points, 5);
  EXPECT_EQ(checks[0].repetitions, 2U);
  EXPECT_EQ(verdict(checks[0]), "holds");
  EXPECT_THAT(checks[1].best, ElementsAre("block1", "block2", "fc"));
  EXPECT_DOUBLE_EQ(checks[1].accuracy_pct[0], 69) << "the mean of both repetitions";
  EXPECT_DOUBLE_EQ(checks[1].lead_points, 4);
}

TEST(PaperRule, FailsWhereAnotherPartIsBetterAndIsOpenWhereTheIntervalHoldsZero) {
  auto rows = cells("A", "output", {90, 60, 60, 80}) + cells("B", "output", {70, 60, 60, 71});
  for (CellRow& r : rows) {
    if (r.network == "B" && r.strategy == "fc") r.accuracy_pct = r.repetition == 0 ? 80 : 60;  // +10 and -8 points
  }
  const auto checks = check_rule(group_rows(rows));
  ASSERT_EQ(checks.size(), 2U);
  EXPECT_EQ(verdict(checks[0]), "fails");
  EXPECT_DOUBLE_EQ(checks[0].lead_points, -10);
  EXPECT_DOUBLE_EQ(checks[1].lead_points, 1);
  EXPECT_EQ(verdict(checks[1]), "open");
  const std::string text = to_text(std::vector{section_of(checks)});
  EXPECT_THAT(text, HasSubstr("The rule holds in 0 of 2 rows, fails in 1, and is open in 1"));
}

TEST(PaperRule, TwoRepetitionsThatDifferLeaveItOpen) {
  auto rows = cells("A", "input", {70, 65, 60, 50}) + cells("B", "input", {70, 60, 60, 50});
  for (CellRow& r : rows) {
    if (r.strategy == "block2") r.accuracy_pct = *r.accuracy_pct + (r.repetition == 0 ? 4 : -4);  // A: +1 and +9 points
  }
  const RuleCheck check = check_rule(group_rows(rows)).at(0);
  EXPECT_DOUBLE_EQ(check.lead_points, 5);
  EXPECT_NEAR(check.lead.low, 5 - 12.7062 * 4, 1e-3) << "Student's t; a bootstrap would say [1, 9]";
  EXPECT_EQ(verdict(check), "open");
}

TEST(PaperRule, OneRepetitionHasAnIntervalWhereTheTestImagesAreKnown) {
  auto rows = cells("A", "input", {75, 50, 50, 50}) + cells("B", "input", {75, 50, 50, 50});
  std::erase_if(rows, [](const CellRow& r) { return r.repetition != 0; });
  EXPECT_EQ(verdict(check_rule(group_rows(rows)).at(0)), "open");
  Correctness correctness;
  for (CellRow& r : rows) {
    r.run_id = r.network;
    const std::size_t right = r.strategy == "block1" ? 150 : 100;
    std::vector<float> scores(200);
    std::fill_n(scores.begin(), right, 1.0F);
    correctness[{r.run_id, r.cell_id}] = std::make_shared<const std::vector<float>>(scores);
    r.n_test = 200;
    r.correct = static_cast<std::int64_t>(right);
  }
  const RuleCheck check = check_rule(group_rows(rows, correctness)).at(0);
  EXPECT_EQ(verdict(check), "holds");
  EXPECT_LT(check.lead.low, 25);
  EXPECT_GT(check.lead.high, 25);
}

TEST(PaperRule, NothingIsSaidOfOneNetworkOrOfBlocksWithoutResults) {
  EXPECT_TRUE(check_rule(group_rows(cells("A", "input", {70, 60, 50, 40}))).empty());
  auto rows = cells("A", "input", {70, 60, 50, 40}) + cells("B", "input", {70, 60, 50, 40});
  std::erase_if(rows, [](const CellRow& r) { return r.network == "B" && r.strategy == "block2"; });
  EXPECT_TRUE(check_rule(group_rows(rows)).empty()) << "block2 of B is not known";
  const auto one_block = cells("A", "feature", {70, 60}) + cells("B", "feature", {70, 60});
  EXPECT_TRUE(check_rule(group_rows(one_block)).empty()) << "no middle";
}

TEST(PaperRule, StandsInTheReport) {
  const auto rows = cells("ResNet-26", "input", {70, 66, 60, 50}) + cells("CIFAR ResNet-20", "input", {70, 66, 60, 50});
  const std::string text = report({.cells = rows}, Format::text);
  EXPECT_THAT(text, HasSubstr("the paper's rule by network\ninput drift: tune the front"));
  EXPECT_THAT(text, HasSubstr("10 % of the data for training, CIFAR ResNet-20"));
  EXPECT_THAT(report({.cells = rows}, Format::json), HasSubstr("\"paper_rule\""));
  EXPECT_THAT(report({.cells = cells("ResNet-26", "input", {70, 66, 60, 50})}, Format::json), Not(HasSubstr("\"paper_rule\"")));
}

}  // namespace
}  // namespace tbft::results
