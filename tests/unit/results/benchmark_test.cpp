#include "results/benchmark.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace tbft::results {
namespace {

using testing::HasSubstr;
using testing::Not;

// Runs of `joules` J in `seconds` s on a meter with 1 % of gain (k = 2), whose random part is `random_rel`.
BenchmarkedCommand command(const std::string& name, const std::vector<double>& joules, double seconds,
                           double random_rel = 0.001) {
  BenchmarkedCommand result{.name = name, .command = name};
  for (const double J : joules) {
    BenchmarkRun run{.duration_s = seconds * J / joules.front(), .user_s = 0.5, .system_s = 0.25};
    run.gross = {.J = J, .U_J = J * std::hypot(0.01, random_rel), .U_random_J = J * random_rel};
    result.runs.push_back(run);
  }
  return result;
}
Benchmark benchmark(std::vector<BenchmarkedCommand> commands) {
  return {.meter = "um34c:///dev/rfcomm0",
          .meter_scope = "board",
          .order = "interleaved",
          .seed = 7,
          .idle_s = 5,
          .commands = std::move(commands)};
}
const std::vector<double> wobble{10, 10.2, 9.9, 10.1, 9.8, 10};
std::vector<double> times(double factor) {
  auto values = wobble;
  for (double& value : values) value *= factor;
  return values;
}

TEST(BenchmarkSummary, UHasTheSpreadAndTheMeter) {
  const auto s = summarise(command("a", wobble, 2), Summarised::gross_J);
  EXPECT_NEAR(s.spread.mean, 10, 1e-12);
  EXPECT_NEAR(s.median, 10, 1e-12);
  EXPECT_EQ(s.min, 9.8);
  EXPECT_EQ(s.max, 10.2);
  // scipy.stats.t.ppf(0.975, 5) * std(ddof=1) / sqrt(6) = 0.1484; the gain is 0.1, the random part 0.001 * 10 / sqrt(6).
  const double half = 2.570581835636314 * std::sqrt(0.1 / 5) / std::sqrt(6.0);
  EXPECT_NEAR(s.U, std::hypot(half, 0.1, 0.01 / std::sqrt(6.0)), 1e-4);
  const auto edp = summarise(command("a", {10, 10}, 2), Summarised::edp_Js);
  EXPECT_NEAR(edp.spread.mean, 20, 1e-12);
  EXPECT_NEAR(edp.U, 20 * 0.01, 0.001);
  EXPECT_NEAR(summarise(command("a", wobble, 2), Summarised::mean_W).spread.mean, 5, 1e-12);
  EXPECT_NEAR(summarise(command("a", wobble, 2), Summarised::duration_s).U, half * 0.2, 1e-4);
}

TEST(BenchmarkSummary, AMeanIsOfAllRepetitionsOrOfNone) {
  auto a = command("a", wobble, 2);
  a.runs[2].gross = {};
  a.runs[2].reason = "no reading inside";
  EXPECT_TRUE(std::isnan(summarise(a, Summarised::gross_J).spread.mean));
  EXPECT_FALSE(std::isnan(summarise(a, Summarised::duration_s).spread.mean));
  EXPECT_TRUE(std::isnan(summarise({}, Summarised::gross_J).U));
}

TEST(BenchmarkRatios, TheGainCancelsAndTheOffsetDoesNot) {
  auto b = benchmark({command("big", times(1.3), 4), command("small", wobble, 2)});
  auto compared = compare_commands(b);
  ASSERT_EQ(compared.size(), 1U);
  EXPECT_EQ(compared[0].command, 0U) << "against the one of fewer joules";
  EXPECT_NEAR(compared[0].joules.value, 1.3, 1e-9);
  EXPECT_LT(compared[0].joules.U, 0.002) << "each pair has this ratio; 1 % of gain would be 0.013";
  EXPECT_NEAR(compared[0].seconds.value, 2, 1e-9);
  // 3.25 W against 5 W: an offset of 0.05 W shifts them by 1.5 and 1.0 %.
  for (auto& command : b.commands)
    for (auto& run : command.runs) run.u_offset_W = 0.025;
  compared = compare_commands(b);
  EXPECT_NEAR(compared[0].joules.U, 1.3 * 0.05 * (1 / 3.25 - 1 / 5.0), 0.0005);
}

TEST(BenchmarkRatios, TheSentenceSaysWhatIsKnown) {
  auto b = benchmark({command("big", times(1.32), 1.8), command("small", {10, 10.2, 9.9, 10.1, 9.8, 10.1}, 2)});
  const auto text = [&] { return sentence(b, compare_commands(b).at(0)); };
  EXPECT_THAT(text(), testing::MatchesRegex("big used 1.3[0-9]+ \\+- 0.0[0-9]+ times the joules of small \\(and 0.[0-9]+ \\+- "
                                            "0.0[0-9]+ times the seconds\\)\\."));
  b.commands[0] = command("same", {10.1, 9.9, 10, 10.2, 9.9, 10}, 2);
  EXPECT_THAT(text(), HasSubstr("; the joules do not differ significantly (p = "));
  for (auto& each : b.commands) each.runs.resize(3);
  EXPECT_THAT(text(), HasSubstr("too few repetitions to tell whether the joules differ (5 are needed)"));
  for (auto& each : b.commands) each.runs.resize(1);
  EXPECT_THAT(text(), HasSubstr("one repetition shows no spread"));
  b.commands[1].runs[0].gross = {};
  EXPECT_THAT(text(), HasSubstr("times the seconds of"));
  EXPECT_THAT(text(), Not(HasSubstr("joules")));
}

TEST(BenchmarkRatios, NetJoulesHaveTheirOwnWhereTheyAreAboveTheirUncertainty) {
  auto b = benchmark({command("big", times(2), 4), command("small", wobble, 2)});
  for (auto& each : b.commands)
    for (auto& run : each.runs) run.net = {.J = run.gross.J - 2 * run.duration_s, .U_J = 0.2, .U_random_J = 0.1};
  EXPECT_NEAR(compare_commands(b)[0].net_joules.value, 2, 0.01);
  EXPECT_THAT(sentence(b, compare_commands(b)[0]), HasSubstr("Net of idle: 2.0"));
  b.commands[1].runs[4].net.J = 0.05;
  EXPECT_TRUE(std::isnan(compare_commands(b)[0].net_joules.value)) << "one repetition may be 0";
}

TEST(BenchmarkExports, JsonHasHyperfinesNamesAndEveryRepetition) {
  auto b = benchmark({command("big", times(1.3), 4), command("small", wobble, 2)});
  b.commands[0].parameters = {{"n", "4"}};
  b.commands[0].runs[1].exit_code = 3;
  b.notes = {"a note"};
  const auto json = nlohmann::json::parse(to_json(b));
  const auto& first = json["results"][0];
  EXPECT_EQ(first["command"], "big");
  EXPECT_NEAR(first["mean"].get<double>(), 4, 1e-9);
  for (const char* name : {"stddev", "median", "min", "max", "user", "system"}) EXPECT_TRUE(first[name].is_number()) << name;
  EXPECT_EQ(first["times"].size(), 6U);
  EXPECT_EQ(first["exit_codes"], nlohmann::json({0, 3, 0, 0, 0, 0}));
  EXPECT_EQ(first["parameters"]["n"], "4");
  EXPECT_NEAR(first["median_gross_J"].get<double>(), 13, 1e-9);
  EXPECT_EQ(first["repetitions"][1]["gross_J"], 13.26);
  EXPECT_TRUE(first["repetitions"][0]["net_J"].is_null()) << "unknown is not 0";
  EXPECT_NEAR(json["ratios"][0]["gross_J"]["ratio"].get<double>(), 1.3, 1e-9);
  EXPECT_EQ(json["ratios"][0]["reference"], "small");
  EXPECT_EQ(json["seed"], 7);
  EXPECT_EQ(json["notes"][0], "a note");
}

TEST(BenchmarkExports, CsvHasARowForEachCommandAndAColumnForEachParameter) {
  auto b = benchmark({command("a, b", wobble, 2), command("c", {}, 2)});
  b.commands[0].parameters = {{"n", "4"}};
  const std::string csv = to_csv(b);
  EXPECT_THAT(csv, testing::StartsWith("command,mean,stddev,median,user,system,min,max,runs,mean_gross_J,U_mean_gross_J,"));
  EXPECT_THAT(csv, HasSubstr(",parameter_n\n\"a, b\",2"));
  EXPECT_THAT(csv, HasSubstr("\nc,,,,,,,,0,,"));
  EXPECT_EQ(std::ranges::count(csv, '\n'), 3);
}

TEST(BenchmarkExports, TheTableSaysWhatUIsAndWhatTheNotesAre) {
  auto b = benchmark({command("a|b", wobble, 2), command("c", times(2), 2)});
  b.notes = {"the meter failed"};
  const std::string text = to_text(b, {});
  EXPECT_THAT(text, HasSubstr("their spread and the meter's accuracy"));
  EXPECT_THAT(text, HasSubstr("interleaved in random order (seed 7), idle windows of 5 s between them"));
  EXPECT_THAT(text, HasSubstr("note: the meter failed"));
  EXPECT_THAT(to_markdown(b), HasSubstr("| a\\|b | 6 | 10.00 +- 0.18 |"));
  for (auto& each : b.commands)
    for (auto& run : each.runs) run.gross.U_J = unknown;
  EXPECT_THAT(to_text(b, {}), HasSubstr("the meter's random part, because its accuracy is unknown"));
  b.measured = false;
  b.meter = "estimate://";
  EXPECT_THAT(to_text(b, {}), HasSubstr("joules are an estimate, not a measurement"));
}

TEST(BenchmarkExports, ARepetitionWithoutJoulesDoesNotHideTheMetersAccuracy) {
  auto b = benchmark({command("short", wobble, 0.01), command("long", times(2), 2)});
  b.commands[0].runs[2].gross = {};
  EXPECT_TRUE(summarise(b.commands[0], Summarised::gross_J).has_accuracy);
  EXPECT_THAT(to_text(b, {}), HasSubstr("their spread and the meter's accuracy"));
  for (auto& run : b.commands[0].runs) run.gross = {};
  EXPECT_THAT(to_text(b, {}), HasSubstr("their spread and the meter's accuracy"));
  b.commands[1].runs[0].gross.U_J = unknown;
  EXPECT_THAT(to_text(b, {}), HasSubstr("the meter's random part, because its accuracy is unknown"));
}

}  // namespace
}  // namespace tbft::results
