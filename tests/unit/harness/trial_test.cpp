#include "harness/sweep/trial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "harness/experiment/settings.h"
#include "tests/support/temporary_folder.h"

namespace tbft {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr double infinity = std::numeric_limits<double>::infinity();

TEST(Trial, TriesWhatTheSettingsLeaveOpen) {
  EXPECT_THAT(compute_paths("auto", "auto"), SizeIs(4));
  EXPECT_EQ(compute_paths("auto", "auto").front(), (ComputePath{"onednn", default_layout()})) << "the usual choice first";
  EXPECT_THAT(compute_paths("native", "contiguous"), ElementsAre(ComputePath{"native", "contiguous"}));
  for (const auto& kernels : compute_paths("auto", "contiguous")) EXPECT_EQ(kernels.layout, "contiguous");
}

TEST(Trial, PicksTheFastest) {
  const auto trial =
      try_out(compute_paths("auto", "auto"), [](const ComputePath& k, double) { return k.backend == "native" ? 0.5 : 1.0; });
  EXPECT_EQ(trial.picked, (ComputePath{"native", default_layout()}));
  EXPECT_THAT(trial.times, SizeIs(4));
}

TEST(Trial, StaysWithTheUsualWhereNothingIsClearlyFaster) {
  const auto all = compute_paths("auto", "auto");
  EXPECT_EQ(try_out(all, [&](const ComputePath& k, double) { return k == all.front() ? 1.0 : 0.97; }).picked, all.front());
  // Something else ran while the first was timed: the second time counts.
  int times = 0;
  EXPECT_EQ(
      try_out(all, [&](const ComputePath& k, double) { return k == all.front() ? (times++ == 0 ? 3.0 : 1.0) : 1.0; }).picked,
      all.front());
}

TEST(Trial, TellsWhatIsHopeless) {
  std::vector<double> told;
  try_out(compute_paths("auto", "auto"), [&](const ComputePath&, double enough_s) {
    told.push_back(enough_s);
    return 2.0;
  });
  EXPECT_THAT(told, ElementsAre(infinity, 6.0, 6.0, 6.0, 6.0));
}

TEST(Trial, PassesOverWhatThisLibtorchHasNot) {
  const auto all = compute_paths("auto", "auto");
  EXPECT_EQ(try_out(all, [](const ComputePath& k, double) { return k.backend == "onednn" ? infinity : 1.0; }).picked.backend,
            "native");
  EXPECT_THROW(try_out(all, [](const ComputePath&, double) { return infinity; }), std::runtime_error);
}

TEST(Trial, TimesNothingWhereNothingIsOpen) {
  const auto trial = try_out(compute_paths("onednn", "contiguous"),
                             [](const ComputePath&, double) -> double { throw std::logic_error("timed"); });
  EXPECT_EQ(trial.picked, (ComputePath{"onednn", "contiguous"}));
  EXPECT_THAT(trial.times, SizeIs(0));
}

TEST(Trial, AResumedRunKnowsItsChoice) {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "run.json";
  EXPECT_EQ(picked_before(file), std::nullopt);
  std::ofstream(file) << R"({"effective": {"backend": "native", "layout": "contiguous"}})";
  EXPECT_EQ(picked_before(file), (ComputePath{"native", "contiguous"}));
  std::ofstream(file) << R"({"effective": {"backend": 3}})";
  EXPECT_EQ(picked_before(file), std::nullopt);
}

}  // namespace
}  // namespace tbft
