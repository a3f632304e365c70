#include "plots/accuracy_energy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>

namespace tbft::plots {
namespace {

using testing::HasSubstr;
using testing::Not;

results::CellRow row(const char* strategy, double accuracy_pct, std::optional<double> train_J) {
  results::CellRow r;
  r.dataset = "cifar-flip";
  r.drift = "output";
  r.train_size = 0.1;
  r.strategy = strategy;
  r.repetition = 0;
  r.status = "ok";
  r.accuracy_pct = accuracy_pct;
  r.train_gross_J = train_J;
  r.gross_J = train_J;
  r.meter = "estimate://";
  r.meter_scope = "board";
  r.measured = 0;
  return r;
}

// What gnuplot makes of a script.
std::string drawn(const std::string& script) {
  std::FILE* pipe = popen(("gnuplot - 2>&1 <<'SCRIPT'\n" + script + "SCRIPT\n").c_str(), "r");
  std::string output;
  std::array<char, 4096> buffer{};
  while (std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) output.append(buffer.data(), n);
  EXPECT_EQ(pclose(pipe), 0) << output.substr(0, 500);
  return output;
}

TEST(AccuracyEnergy, a_strategy_with_joules_is_a_point_and_none_is_a_line) {
  const auto script = accuracy_energy_script({row("none", 3, {}), row("fc", 85, 172.5), row("full", 53, 712)});
  EXPECT_THAT(script, HasSubstr("172.5 85 0 0 \"fc\""));
  EXPECT_THAT(script, HasSubstr("3 with lines dashtype 2 title \"none\""));
  EXPECT_THAT(script, HasSubstr("estimate, not a measurement"));
}

TEST(AccuracyEnergy, gnuplot_draws_it) {
  const auto svg = drawn(accuracy_energy_script({row("none", 3, {}), row("fc", 85, 172.5), row("full", 53, 712)}));
  EXPECT_THAT(svg, HasSubstr("<svg"));
  EXPECT_THAT(svg, HasSubstr("full"));
}

TEST(AccuracyEnergy, without_joules_it_still_draws_the_accuracies) {
  EXPECT_THAT(drawn(accuracy_energy_script({row("none", 3, {}), row("fc", 85, {})})), HasSubstr("<svg"));
}

TEST(AccuracyEnergy, text_of_a_file_cannot_leave_its_quotes) {
  auto hostile = row("fc", 85, 1);
  hostile.strategy = "x\"; system(\"touch /nowhere\") #`date`";
  const auto script = accuracy_energy_script({hostile});
  EXPECT_THAT(script, HasSubstr("x\\\"; system(\\\"touch"));
  EXPECT_THAT(script, Not(HasSubstr("`")));
}

TEST(AccuracyEnergy, nothing_to_plot_is_an_error) {
  EXPECT_THROW(accuracy_energy_script({}), std::invalid_argument);
}

}  // namespace
}  // namespace tbft::plots
