#include "harness/measurement/energy_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/support/fake_meter.h"
#include "tests/support/virtual_clock.h"

namespace tbft {
namespace {

using power::TimeNs;
using power::testing::FunctionMeter;
using power::testing::SharedClock;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Of a converter with a period of 1 ms that is polled every `interval`: what the user is warned of after two seconds.
std::vector<std::string> warnings_at(double interval_s, bool paces_itself) {
  auto info = power::testing::simple_meter(0.001);
  info.paces_itself = paces_itself;
  auto clock = std::make_shared<SharedClock>(2);
  auto meter = std::make_unique<FunctionMeter>(info, [](TimeNs) { return 2.0; });
  meter->set_interval(power::Seconds(interval_s));
  power::Monitor monitor(std::move(meter), {.clock = clock, .realtime = power::Realtime::off});
  auto window = monitor.window("a");
  clock->sleep_until(clock->now() + 2'000'000'000);
  window.end();
  monitor.close();
  return sampler_warnings(monitor, "trace.csv");
}

TEST(SamplerWarnings, AConverterThatWasReadTooRarelyIsToldOnceWithTheRemedies) {
  EXPECT_THAT(warnings_at(0.004, true), ElementsAre(AllOf(HasSubstr("25 % of the conversions gave a reading"),
                                                          HasSubstr("-i 10ms"), HasSubstr("--realtime on"))));
  EXPECT_THAT(warnings_at(0.001, true), IsEmpty());
  EXPECT_THAT(warnings_at(0.004, false), IsEmpty()) << "it gives a reading whenever it is asked";
}

}  // namespace
}  // namespace tbft
