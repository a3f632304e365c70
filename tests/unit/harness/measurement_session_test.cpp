// The session on a meter whose power a function of virtual time gives. Idle windows last 2 s, work 10 s.
#include "harness/measurement/measurement_session.h"

#include <gmock/gmock.h>

#include <cmath>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/support/fake_meter.h"
#include "tests/support/message_of.h"
#include "tests/support/virtual_clock.h"

namespace tbft {
namespace {

using power::from_seconds;
using power::TimeNs;
using power::to_seconds;
using power::testing::FunctionMeter;
using power::testing::SharedClock;
using testing::AllOf;
using testing::HasSubstr;

constexpr double idle_s = 2;
constexpr double work_s = 10;

struct Stopped : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class MeasurementSessionTest : public testing::Test {
 protected:
  // `power_W` of the time in seconds since the test began.
  void open(const std::function<std::optional<double>(double)>& power_W, SessionOptions options = {.idle_s = idle_s}) {
    auto meter = std::make_unique<FunctionMeter>(power::testing::simple_meter(0.01),
                                                 [=, this](TimeNs now) { return power_W(to_seconds(now - began_)); });
    monitor_ = std::make_unique<power::Monitor>(std::move(meter), power::MonitorOptions{.clock = clock_});
    if (!options.wait) options.wait = [this](double seconds) { pass(seconds); };
    session_ = std::make_unique<MeasurementSession>(*monitor_, std::move(options));
    until(1);
  }
  void pass(double seconds) { clock_->sleep_until(clock_->now() + from_seconds(seconds)); }
  void until(double t_s) { clock_->sleep_until(began_ + from_seconds(t_s)); }

  void work(const std::string& name) {
    session_->begin(name);
    pass(work_s);
    session_->end(name);
  }
  WindowResult result() { return result_of(session_->measured(), monitor_->meter()); }

  std::shared_ptr<SharedClock> clock_ = std::make_shared<SharedClock>(2);  // this thread and the sampler's
  TimeNs began_ = clock_->now();
  std::unique_ptr<power::Monitor> monitor_;
  std::unique_ptr<MeasurementSession> session_;
};

// Idle from 1 s to 3 s at `before_W`, work at 12 W from 4 s to 14 s, idle from 15 s to 17 s at `after_W`.
auto steps(double before_W, double after_W) {
  return [=](double t_s) { return t_s < 3.5 ? before_W : t_s < 14.5 ? 12 : after_W; };
}

TEST_F(MeasurementSessionTest, IdleIsTheMeanOfBothSidesAndHalfTheirDifferenceGoesIntoU) {
  open(steps(3, 5));
  session_->idle("idle/before");
  until(4);
  work("work");
  until(15);
  session_->idle("idle/after");
  const auto r = result();
  ASSERT_TRUE(r.gross.valid) << r.gross.reason;
  EXPECT_NEAR(r.gross.energy_J, 120, 1e-9);
  EXPECT_NEAR(r.net.idle_W, 4, 1e-9);
  EXPECT_NEAR(r.net.idle_drift_W, 2, 1e-9);
  EXPECT_NEAR(r.net.net_J, 80, 1e-9);
  // Any power between both is as likely: k = 2, half-width 1 W over sqrt(3), 10 s. The readings themselves add little.
  EXPECT_NEAR(r.net.U_random_net_J, 2 * 1 / std::sqrt(3.0) * 10, 0.1);
}

TEST_F(MeasurementSessionTest, IdleThatDoesNotDriftLeavesUSmall) {
  open(steps(4, 4));
  session_->idle("idle/before");
  until(4);
  work("work");
  until(15);
  session_->idle("idle/after");
  EXPECT_NEAR(result().net.net_J, 80, 1e-9);
  EXPECT_LT(result().net.U_random_net_J, 0.5);
}

TEST_F(MeasurementSessionTest, AResultWaitsForTheIdleWindowAfterTheWork) {
  open(steps(4, 4));
  session_->idle("idle/0");
  until(4);
  session_->begin("work");
  EXPECT_THROW(session_->measured(), std::logic_error) << "the work has not ended";
  pass(work_s);
  session_->end("work");
  EXPECT_THAT(test::message_of<std::logic_error>([&] { session_->measured(); }), AllOf(HasSubstr("work"), HasSubstr("idle")));
  session_->idle("idle/1");
  EXPECT_TRUE(session_->measured().gross.valid);
  session_->idle("idle/2");
  EXPECT_THROW(session_->measured(), std::logic_error) << "idle/1 and idle/2 are not those around the work";
}

// 2 W idle, then 4, 6 and 8 W: each work lies between its own two.
TEST_F(MeasurementSessionTest, EachWorkHasTheIdleWindowsNextToIt) {
  open([](double t_s) { return 2 * (1 + std::floor(t_s / 20)); });
  session_->idle("idle/0");
  until(25);
  work("first");
  until(41);
  session_->idle("idle/1");
  EXPECT_NEAR(result().net.idle_W, (2 + 6) / 2.0, 1e-9);
  // Something else is done before the second work, which begins after an idle window of its own.
  until(61);
  session_->idle("idle/2");
  work("second");
  session_->idle("idle/3");
  EXPECT_NEAR(result().net.idle_W, 8, 1e-9);
  EXPECT_NEAR(result().gross.energy_J, 8 * work_s, 1e-9);
  // Memory stays flat: only the last two are kept.
  EXPECT_THROW(monitor_->energy("idle/1"), std::logic_error);
  EXPECT_TRUE(monitor_->energy("idle/2").valid);
}

TEST_F(MeasurementSessionTest, WindowsInsideTheWorkAreItsPhases) {
  open([](double) { return 4.0; });
  session_->idle("idle/0");
  session_->begin("cell");
  for (int i = 0; i < 2; ++i) {
    session_->begin("cell/train");
    pass(3);
    session_->end("cell/train");
    pass(1);
  }
  session_->end("cell");
  session_->idle("idle/1");
  EXPECT_NEAR(session_->measured().gross.duration_s, 8, 1e-9);
  EXPECT_NEAR(monitor_->energy("cell/train").duration_s, 6, 1e-9);
}

TEST_F(MeasurementSessionTest, AnIdleWindowWithoutReadingsLeavesNetUnknownAndGrossKnown) {
  open([](double t_s) { return t_s > 15 && t_s < 16.5 ? std::nullopt : std::optional(12.0); });
  session_->idle("idle/before");
  until(4);
  work("work");
  until(15);
  session_->idle("idle/after");
  EXPECT_FALSE(session_->measured().idle_after.valid);
  EXPECT_THAT(session_->measured().idle_after.reason, HasSubstr("gap"));
  const auto r = result();
  EXPECT_TRUE(r.gross.valid) << r.gross.reason;
  EXPECT_TRUE(std::isnan(r.net.idle_W));
  EXPECT_TRUE(std::isnan(r.net.net_J));
  EXPECT_TRUE(std::isnan(r.net.U_net_J));
}

TEST_F(MeasurementSessionTest, AnIdleWindowThatIsBrokenOffIsNone) {
  bool stop = false;
  open(steps(4, 4), {.idle_s = idle_s, .wait = [&](double seconds) {
                       pass(stop ? seconds / 2 : seconds);
                       if (stop) throw Stopped("stopped");
                     }});
  session_->idle("idle/before");
  until(4);
  work("work");
  stop = true;
  EXPECT_THROW(session_->idle("idle/after"), Stopped);
  const auto r = result();
  EXPECT_NEAR(r.gross.energy_J, 120, 1e-9) << "what was measured until then is not lost";
  EXPECT_TRUE(std::isnan(r.net.idle_W));
  EXPECT_NO_THROW(session_->begin("idle/after")) << "its window was closed";
}

TEST_F(MeasurementSessionTest, WithoutIdleWindowsTheResultIsGrossAtOnce) {
  int waited = 0;
  open([](double) { return 12.0; }, {.idle_s = 0, .wait = [&](double) { ++waited; }});
  session_->idle("idle/before");
  work("work");
  session_->idle("idle/after");
  EXPECT_EQ(waited, 0);
  EXPECT_NEAR(result().gross.energy_J, 120, 1e-9);
  EXPECT_TRUE(std::isnan(result().net.net_J));
}

TEST_F(MeasurementSessionTest, AMeterThatFailsEndsNoWorkAndIsReportedOnce) {
  std::vector<double> waits;
  open(
      [](double t_s) -> std::optional<double> {
        if (t_s > 20) throw power::MeterUnavailable("the meter was unplugged");
        return t_s < 3.5 || t_s > 14.5 ? 4 : 12;
      },
      {.idle_s = idle_s, .wait = [&](double seconds) {
         waits.push_back(seconds);
         pass(seconds);
       }});
  session_->idle("idle/0");
  until(4);
  work("before");
  until(15);
  session_->idle("idle/1");
  EXPECT_NEAR(result().net.net_J, 80, 1e-9);
  EXPECT_EQ(session_->new_failure(), "");
  session_->begin("cut");
  until(20.01);
  // The sampler's thread ends: from here on it takes no part in the clock.
  while (monitor_->failure().empty()) std::this_thread::yield();
  clock_->leave();
  session_->end("cut");
  session_->idle("idle/2");
  EXPECT_EQ(waits.size(), 2U) << "nothing is to be waited for";
  EXPECT_EQ(result().gross.reason, "the meter failed: the meter was unplugged");
  EXPECT_TRUE(std::isnan(result().net.net_J));
  EXPECT_EQ(session_->new_failure(), "the meter was unplugged");
  EXPECT_EQ(session_->new_failure(), "");
  work("without a meter");
  session_->idle("idle/3");
  EXPECT_FALSE(result().gross.valid);
  EXPECT_NEAR(session_->measured().gross.duration_s, work_s, 1e-9);
}

TEST_F(MeasurementSessionTest, AStuckSensorIsRefusedWhereTheProcessorsSayThatIdleWasIdle) {
  // One processor that is busy in work alone.
  double busy_s = 0;
  const auto times = [&] {
    return ProcessorTimes{.busy_s = {busy_s}, .allowed = {true}, .own_s = busy_s, .wall_s = to_seconds(clock_->now())};
  };
  open([](double) { return 4.0; }, {.idle_s = idle_s, .processor_times = times});
  session_->idle("idle/before");
  work("work");
  busy_s += work_s;
  session_->idle("idle/after");
  auto window = session_->measured();
  EXPECT_THAT(result_of(window, monitor_->meter()).doubt, HasSubstr("does the sensor follow")) << "nobody knows the work's use";
  window.use = ProcessorUse{.busy_pct = 100, .busy_processors = 1};
  const auto r = result_of(window, monitor_->meter());
  EXPECT_FALSE(r.gross.valid);
  EXPECT_THAT(r.gross.reason, HasSubstr("stood still"));
  EXPECT_EQ(r.doubt, "");
}

TEST_F(MeasurementSessionTest, NegativeNetJoulesAreRefusedWithTheReasonAndGrossStays) {
  open(steps(20, 20));
  session_->idle("idle/before");
  until(4);
  work("work");
  until(15);
  session_->idle("idle/after");
  const auto r = result();
  EXPECT_NEAR(r.gross.energy_J, 120, 1e-9);
  EXPECT_NEAR(r.net.idle_W, 20, 1e-9);
  EXPECT_TRUE(std::isnan(r.net.net_J));
  EXPECT_TRUE(std::isnan(r.net.U_net_J));
  EXPECT_THAT(r.net_reason, HasSubstr("negative net energy (-80 J)"));
}

TEST_F(MeasurementSessionTest, NoReasonHidesAnother) {
  open([](double t_s) { return std::fmod(t_s, 0.02) < 0.01 ? -4.0 : -4.1; });
  session_->idle("idle/before");
  work("work");
  session_->idle("idle/after");
  auto window = session_->measured();
  window.throttled = true;
  const auto r = result_of(window, monitor_->meter());
  EXPECT_FALSE(r.gross.valid);
  EXPECT_THAT(r.gross.reason, AllOf(HasSubstr("negative energy"), HasSubstr("; the board was throttled")));
  EXPECT_TRUE(std::isnan(r.gross.energy_J));
  EXPECT_GT(r.gross.samples, 900U) << "counts stay";
}

// A second meter reads 1 % more, and is unplugged in the second work: the windows of both are the same, and the first goes on.
TEST(SeveralMeters, OneThatFailsStopsNeitherTheWorkNorTheOthers) {
  auto clock = std::make_shared<SharedClock>(2);  // this thread and the first sampler
  const TimeNs began = clock->now();
  const auto open = [&](double factor, double ends_s) {
    const auto power_W = [=](TimeNs now) -> std::optional<double> {
      const double t_s = to_seconds(now - began);
      if (t_s > ends_s) throw power::MeterUnavailable("it was unplugged");
      return factor * (std::fmod(t_s, 20) < 3.5 || std::fmod(t_s, 20) > 14.5 ? 4 : 12);
    };
    return std::make_unique<power::Monitor>(std::make_unique<FunctionMeter>(power::testing::simple_meter(0.01), power_W),
                                            power::MonitorOptions{.clock = clock});
  };
  const auto first = open(1, 1e9);
  clock->join();
  const auto second = open(1.01, 28.005);
  const auto until = [&](double t_s) { clock->sleep_until(began + from_seconds(t_s)); };
  MeasurementSession session({first.get(), second.get()},
                             {.idle_s = idle_s, .wait = [&](double s) { clock->sleep_until(clock->now() + from_seconds(s)); }});
  until(1);
  session.idle("idle/0");
  until(4);
  session.begin("work");
  until(14);
  session.end("work");
  until(15);
  session.idle("idle/1");
  const auto result = [&](std::size_t meter) { return result_of(session.measured(meter), first->meter()); };
  EXPECT_NEAR(result(0).gross.energy_J, 120, 1e-9);
  EXPECT_NEAR(result(1).gross.energy_J, 121.2, 1e-9);
  EXPECT_NEAR(result(0).net.net_J, 80, 1e-9);
  EXPECT_NEAR(result(1).net.net_J, 80.8, 1e-9);
  session.begin("cut");
  until(28.01);
  while (second->failure().empty()) std::this_thread::yield();
  clock->leave();
  until(34);
  session.end("cut");
  until(35);
  session.idle("idle/2");
  EXPECT_TRUE(result(0).gross.valid) << result(0).gross.reason;
  EXPECT_EQ(result(1).gross.reason, "the meter failed: it was unplugged");
  EXPECT_EQ(session.new_failure(0), "");
  EXPECT_EQ(session.new_failure(1), "it was unplugged");
  EXPECT_EQ(session.new_failure(1), "");
  session.forget("work");
  EXPECT_THROW(first->energy("work"), std::logic_error);
  EXPECT_THROW(second->energy("work"), std::logic_error);
}

}  // namespace
}  // namespace tbft
