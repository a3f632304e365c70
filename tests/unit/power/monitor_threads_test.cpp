// The monitor by the steady clock: its threads meet as they do in use, which ThreadSanitizer is to see. Under the virtual clock
// of the other tests they take turns, and a lock that is missing goes unnoticed.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tbft/power/monitor.h"
#include "tbft/power/trace.h"
#include "tests/support/fake_meter.h"
#include "tests/support/temporary_folder.h"

namespace tbft::power {
namespace {

TEST(MonitorThreads, WindowsOpenAndCloseWhileTheSamplerAndTheTraceAreAtWork) {
  const test::TemporaryFolder folder;
  auto info = testing::simple_meter(0.0005);
  info.gap_limit_s = 60;  // however busy the machine is
  Energy live;
  {
    Monitor monitor(std::make_unique<testing::FunctionMeter>(info, [](TimeNs) { return 5.0; }),
                    {.trace = folder / "trace.csv"});
    for (int i = 0; i < 100; ++i) {
      monitor.begin("w");
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      EXPECT_EQ(monitor.live().watts_W, 5);
      EXPECT_EQ(monitor.meter().uri, info.uri);
      monitor.sampler();
      monitor.end("w");
      if (i % 10 == 0) monitor.sync();
    }
    live = monitor.energy("w");
  }
  ASSERT_TRUE(live.valid) << live.reason;
  EXPECT_NEAR(live.energy_J, 5 * live.duration_s, 1e-9 * live.energy_J);
  const auto kept = integrate(read_trace(folder / "trace.csv"));
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].windows.size(), 100U);
  EXPECT_NEAR(kept[0].energy.energy_J, live.energy_J, 1e-9 * live.energy_J);
}

}  // namespace
}  // namespace tbft::power
