#include "results/tables/frontier.h"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "results/json.h"
#include "results/report.h"
#include "results/tables/summary.h"
#include "tests/unit/results/sample.h"

namespace tbft::results {
namespace {

using test::row;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

CellRow at(const std::string& point, CellRow row) {
  row.point = point;
  return row;
}

// fc is cheap, full accurate; small batches are better and dearer, but for full, where they are worse as well.
std::vector<CellRow> two_points() {
  return {at("batch=8", row("none", 0, 40, 0)),    at("batch=8", row("fc", 0, 50, 6)),
          at("batch=8", row("full", 0, 70, 40)),   at("batch=128", row("none", 0, 40, 0)),
          at("batch=128", row("fc", 0, 45, 4)),    at("batch=128", row("full", 0, 72, 30)),
          at("batch=128", row("block1", 0, 44, 9))};
}

std::vector<std::string> names(const Frontier& frontier) {
  std::vector<std::string> result;
  for (const auto& point : frontier.points) result.push_back(point.strategy + " " + point.point);
  return result;
}

std::vector<Frontier> of(const std::vector<CellRow>& rows) {
  return summarize({.cells = rows}).frontiers;
}

TEST(Frontier, HoldsWhatNothingBeatsInBothByRisingJoules) {
  const auto all = of(two_points());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_THAT(names(all[0]), ElementsAre("fc batch=128", "fc batch=8", "full batch=128"));
}

TEST(Frontier, JoulesAPointAreOverNoneOfTheSamePoint) {
  const auto points = of(two_points()).at(0).points;
  EXPECT_DOUBLE_EQ(points[0].J_per_point, 4 / 5.0);
  EXPECT_DOUBLE_EQ(points[1].J_per_point, 6 / 10.0);
  auto rows = two_points();
  for (auto& cell : rows)
    if (cell.strategy == "none") cell.accuracy_pct = cell.point == "batch=8" ? 50 : 40;
  const auto without_gain = of(rows).at(0).points;
  EXPECT_TRUE(std::isnan(without_gain[1].J_per_point)) << "fc gains nothing at that point";
}

TEST(Frontier, AnUncertainGainHasNoJoulesAPoint) {
  auto rows = two_points();
  for (auto cell : two_points()) {
    cell.repetition = 1;
    if (cell.strategy == "fc") cell.accuracy_pct = *cell.accuracy_pct - 9;  // below none, or nearly
    rows.push_back(cell);
  }
  const auto all = of(rows);
  for (const auto& point : all.at(0).points) {
    EXPECT_EQ(std::isnan(point.J_per_point), point.strategy == "fc") << point.strategy;
  }
}

TEST(Frontier, OnePointHasNone) {
  auto rows = two_points();
  std::erase_if(rows, [](const CellRow& cell) { return cell.point == "batch=8"; });
  EXPECT_THAT(of(rows), IsEmpty());
  EXPECT_THAT(report({.cells = rows}, Format::text), Not(HasSubstr("Best points")));
}

TEST(Frontier, JoulesOfTwoKindsAreNotCompared) {
  auto rows = two_points();
  for (auto& cell : rows)
    if (cell.point == "batch=8") cell.train_net_J.reset();
  const auto all = of(rows);
  EXPECT_THAT(all.at(0).points, IsEmpty());
  EXPECT_THAT(all.at(0).obstacle, HasSubstr("net and gross"));
}

TEST(Frontier, TheReportShowsItAsTextAndJson) {
  const auto text = report({.cells = two_points()}, Format::text);
  EXPECT_THAT(text, HasSubstr("Best points: synthetic, input drift"));
  EXPECT_THAT(text, testing::ContainsRegex("fc +batch=128 +1 +45\\.0 +4[^\n]* 0\\.80"));
  const auto json = nlohmann::json::parse(report({.cells = two_points()}, Format::json));
  EXPECT_EQ(json.at("frontiers").at(0).at("points").size(), 3U);
  EXPECT_EQ(json.at("frontiers").at(0).at("points").at(2).at("point"), "batch=128");
}

}  // namespace
}  // namespace tbft::results
