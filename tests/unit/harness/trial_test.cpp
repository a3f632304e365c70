#include "harness/sweep/trial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "harness/experiment/settings.h"
#include "tests/unit/harness/temporary_folder.h"

namespace tbft {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr double infinity = std::numeric_limits<double>::infinity();

TEST(Trial, TriesWhatTheSettingsLeaveOpen) {
  EXPECT_THAT(candidates("auto", "auto"), SizeIs(4));
  EXPECT_EQ(candidates("auto", "auto").front(), (Kernels{"onednn", default_layout()})) << "the usual choice first";
  EXPECT_THAT(candidates("native", "contiguous"), ElementsAre(Kernels{"native", "contiguous"}));
  for (const auto& kernels : candidates("auto", "contiguous")) EXPECT_EQ(kernels.layout, "contiguous");
}

TEST(Trial, PicksTheFastest) {
  const auto trial =
      try_out(candidates("auto", "auto"), [](const Kernels& k, double) { return k.backend == "native" ? 0.5 : 1.0; });
  EXPECT_EQ(trial.picked, (Kernels{"native", default_layout()}));
  EXPECT_THAT(trial.times, SizeIs(4));
}

TEST(Trial, StaysWithTheUsualWhereNothingIsClearlyFaster) {
  const auto all = candidates("auto", "auto");
  EXPECT_EQ(try_out(all, [&](const Kernels& k, double) { return k == all.front() ? 1.0 : 0.97; }).picked, all.front());
  // Something else ran while the first was timed: the second time counts.
  int times = 0;
  EXPECT_EQ(try_out(all, [&](const Kernels& k, double) { return k == all.front() ? (times++ == 0 ? 3.0 : 1.0) : 1.0; }).picked,
            all.front());
}

TEST(Trial, TellsWhatIsHopeless) {
  std::vector<double> told;
  try_out(candidates("auto", "auto"), [&](const Kernels&, double enough_s) {
    told.push_back(enough_s);
    return 2.0;
  });
  EXPECT_THAT(told, ElementsAre(infinity, 6.0, 6.0, 6.0, 6.0));
}

TEST(Trial, PassesOverWhatThisLibtorchHasNot) {
  const auto all = candidates("auto", "auto");
  EXPECT_EQ(try_out(all, [](const Kernels& k, double) { return k.backend == "onednn" ? infinity : 1.0; }).picked.backend,
            "native");
  EXPECT_THROW(try_out(all, [](const Kernels&, double) { return infinity; }), std::runtime_error);
}

TEST(Trial, TimesNothingWhereNothingIsOpen) {
  const auto trial =
      try_out(candidates("onednn", "contiguous"), [](const Kernels&, double) -> double { throw std::logic_error("timed"); });
  EXPECT_EQ(trial.picked, (Kernels{"onednn", "contiguous"}));
  EXPECT_THAT(trial.times, SizeIs(0));
}

TEST(Trial, AResumedRunKnowsItsChoice) {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "run.json";
  EXPECT_EQ(picked_before(file), std::nullopt);
  std::ofstream(file) << R"({"effective": {"backend": "native", "layout": "contiguous"}})";
  EXPECT_EQ(picked_before(file), (Kernels{"native", "contiguous"}));
  std::ofstream(file) << R"({"effective": {"backend": 3}})";
  EXPECT_EQ(picked_before(file), std::nullopt);
}

}  // namespace
}  // namespace tbft
