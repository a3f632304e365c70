// Meters that measured the same windows: their ratio, and the table of a run with several.
#include "results/meter_ratio.h"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "results/report.h"
#include "results/tables/meters_beside.h"

namespace tbft::results {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Joules joules(double J, double U_rel, double U_random_rel = 1e-4) {
  return {.J = J, .U_J = J * U_rel, .U_random_J = J * U_random_rel};
}

TEST(MeterRatio, IsTheGeometricMeanWithStudentsInterval) {
  std::vector<PairedJoules> windows;
  const std::vector<double> ratios{1.01, 1.02, 1.03, 1.02};
  for (const double r : ratios) windows.push_back({joules(10, 0.01), joules(10 * r, 0.02)});
  const auto ratio = meter_ratio(windows);
  EXPECT_EQ(ratio.windows, 4U);
  EXPECT_NEAR(ratio.ratio, std::pow(1.01 * 1.02 * 1.03 * 1.02, 0.25), 1e-12);
  // scipy.stats.t.ppf(0.975, 3) * numpy.std(numpy.log(ratios), ddof=1) / 2
  double mean = 0, squares = 0;
  for (const double r : ratios) mean += std::log(r) / 4;
  for (const double r : ratios) squares += (std::log(r) - mean) * (std::log(r) - mean);
  EXPECT_NEAR(std::log(ratio.high / ratio.low) / 2, 3.182446305284263 * std::sqrt(squares / 3) / 2, 1e-12);
  EXPECT_NEAR(ratio.U_first_rel, 0.01, 1e-12);
  EXPECT_NEAR(ratio.U_further_rel, 0.02, 1e-12);
}

TEST(MeterRatio, OneWindowHasTheRandomPartsOfBoth) {
  const std::vector<PairedJoules> one{{joules(10, 0.01, 0.003), joules(10, 0.01, 0.004)}};
  const auto ratio = meter_ratio(one);
  EXPECT_NEAR(std::log(ratio.high / ratio.low) / 2, 0.005, 1e-9);
  // Windows that happen to be equal do not show that the meters resolve nothing finer.
  const std::vector<PairedJoules> four(4, one.front());
  EXPECT_NEAR(std::log(meter_ratio(four).high), 0.005 / 2, 1e-9);
}

TEST(MeterRatio, WindowsWithoutJoulesOfBothAreLeftOut) {
  const std::vector<PairedJoules> windows{{joules(10, 0.01), {}}, {{}, joules(10, 0.01)}, {joules(10, 0.01), joules(11, 0.01)}};
  EXPECT_EQ(meter_ratio(windows).windows, 1U);
  EXPECT_NEAR(meter_ratio(windows).ratio, 1.1, 1e-12);
  EXPECT_EQ(meter_ratio({}).windows, 0U);
  EXPECT_EQ(sentence(meter_ratio({}), "A", "B"), "B: no window in which it and A both have joules");
}

TEST(MeterRatio, ItsSentenceJudgesByBothAccuracies) {
  const auto of = [](double r, double U_first, double U_further) {
    const std::vector<PairedJoules> windows(3, {joules(10, U_first, 1e-3), joules(10 * r, U_further, 1e-3)});
    return meter_ratio(windows);
  };
  EXPECT_EQ(verdict_of(of(1.02, 0.015, 0.015)), MeterVerdict::agree);  // 2.1 % in all
  EXPECT_EQ(verdict_of(of(1.025, 0.015, 0.015)), MeterVerdict::differ);
  EXPECT_EQ(verdict_of(of(1 / 1.025, 0.015, 0.015)), MeterVerdict::differ);
  EXPECT_EQ(verdict_of(of(1.3, unknown, 0.015)), MeterVerdict::not_stated);
  EXPECT_THAT(sentence(of(1.02, 0.015, 0.02), "A", "B"),
              AllOf(HasSubstr("B: 1.02000 +- 0.00083 times the joules of A over 3 windows"),
                    HasSubstr("; accuracies stated (k=2): 2.0 % and 1.5 %, so they agree")));
  EXPECT_THAT(sentence(of(1.3, 0.015, 0.02), "A", "B"), HasSubstr("they differ by more than both allow"));
  EXPECT_THAT(sentence(of(1.3, unknown, 0.02), "A", "B"), AllOf(HasSubstr("2.0 % and unknown"), Not(HasSubstr("agree"))));
}

CellRow row(const std::string& cell, const std::string& meter, const std::string& scope, std::optional<double> J) {
  CellRow result;
  result.run_id = "r";
  result.cell_id = cell;
  result.started_utc = "2026-01-31T12:00:00Z";
  result.dataset = "d";
  result.strategy = "fc";
  result.repetition = 0;
  result.status = J ? "ok" : "invalid";
  result.meter = meter;
  result.meter_scope = scope;
  result.measured = 1;
  result.gross_J = J;
  if (J) result.U_gross_J = *J * 0.01;
  if (J) result.U_random_gross_J = *J * 1e-4;
  return result;
}

TEST(MetersBeside, ARowBelongsToItsExecutionOfTheCell) {
  const std::vector cells{row("a", "A", "board", 10), row("b", "A", "board", 20)};
  std::vector meters{row("a", "B", "board", 10.1), row("a", "C", "rail", 3),    row("b", "B", "board", std::nullopt),
                     row("b", "C", "rail", 4),     row("b", "B", "board", 100), row("z", "B", "board", 1)};
  meters[4].started_utc = "2026-01-30T12:00:00Z";  // of an execution whose row was replaced
  const auto beside = meters_beside(cells, meters);
  ASSERT_EQ(beside.size(), 2U);
  EXPECT_EQ(beside[0].meter, "B");
  EXPECT_EQ(beside[0].cells, 2U);
  EXPECT_EQ(beside[0].invalid, 1U);
  EXPECT_EQ(beside[0].ratio.windows, 1U);
  EXPECT_NEAR(beside[0].ratio.ratio, 1.01, 1e-12);
  EXPECT_EQ(beside[1].meter, "C");
  EXPECT_EQ(beside[1].ratio.windows, 0U) << "a rail has other joules than the board";
}

TEST(MetersBeside, AReportHasThemWhereThereAreSome) {
  Inputs inputs{.cells = {row("a", "A", "board", 10)}};
  EXPECT_THAT(report(inputs, Format::text), Not(HasSubstr("beside")));
  EXPECT_FALSE(nlohmann::json::parse(report(inputs, Format::json)).contains("meters"));
  inputs.meters = {row("a", "B", "\x1b[31mrail", 10.1)};
  EXPECT_THAT(report(inputs, Format::text), AllOf(HasSubstr("?[31mrail"), Not(HasSubstr("\x1b"))));
  inputs.meters = {row("a", "B", "board", 10.1), row("a", "C", "rail", 3)};
  const auto text = report(inputs, Format::text);
  EXPECT_THAT(text, AllOf(HasSubstr("Meters beside the first one"), HasSubstr("B: 1.01000 +- 0.00014 times the joules of A"),
                          HasSubstr("C measures the rail, the first meter the board: no ratio")));
  const auto json = nlohmann::json::parse(report(inputs, Format::json));
  EXPECT_NEAR(json.at("meters").at(0).at("ratio").get<double>(), 1.01, 1e-12);
  EXPECT_TRUE(json.at("meters").at(1).at("ratio").is_null());
}

}  // namespace
}  // namespace tbft::results
