// Commands that are compared, on a simulated INA219 in virtual time: a command is a span of that time with its power.
#include "harness/measurement/benchmark.h"

#include <gmock/gmock.h>

#include <atomic>
#include <cmath>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "harness/host/interrupted.h"
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
using results::compare_commands;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Step = BenchmarkStep;

// An INA219 at 5 V with a shunt of 0.1 ohm: steps of 0.1 mA, and limits as in its datasheet. The specimen reads 0.7 % too much.
power::MeterInfo ina219(double period_s) {
  auto info = power::testing::simple_meter(period_s);
  info.uri = "ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1";
  info.averaging_s = period_s;
  info.accuracy = {.gain_limit_rel = 0.015, .offset_limit_A = 0.001, .offset_limit_V = 0.0, .resolution_A = 1e-4};
  return info;
}
double as_read(double power_W) {
  return 5 * 1e-4 * std::round(1.007 * power_W / 5 / 1e-4);
}

struct Command {
  double duration_s = 1;
  double power_W = 0;  // above idle
};

class BenchmarkTest : public testing::Test {
 protected:
  // Idle power by the seconds since the test began.
  std::function<double(double)> idle_W = [](double) { return 5.0; };
  std::vector<Command> commands;
  std::function<int(Step, std::size_t, std::size_t)> exit_code = [](Step, std::size_t, std::size_t) { return 0; };
  std::function<double(std::size_t)> jitter = [](std::size_t) { return 0.0; };  // relative, of the duration of the n-th run
  BenchmarkOptions options;
  double meter_idle_s = 1;
  double period_s = 0.005;
  double cooldown_limit_s = 0;  // 0: none
  double beside = 0;            // a second meter reads so many times what the first reads; 0: there is none
  std::optional<std::size_t> interrupt_at;
  std::optional<double> dies_s;  // when the meter is unplugged
  bool has_temperature = true;
  std::optional<std::size_t> heats;  // a command after which idle power is 1 W higher, which decays with a time constant of 3 s

  results::Benchmark result;
  std::vector<std::pair<Step, std::size_t>> steps;
  std::vector<std::string> warnings;
  double waited_s = 0;
  bool ended_early = false;

  void run() {
    auto clock = std::make_shared<SharedClock>(2);
    const TimeNs began = clock->now();
    const auto now_s = [=] { return to_seconds(clock->now() - began); };
    auto power_W = std::make_shared<std::atomic<double>>(0.0);
    std::mutex mutex;  // of heat_ends_s: the sampler reads it
    std::vector<double> heat_ends_s;
    const auto heat_W = [&](double t_s) {
      const std::lock_guard lock(mutex);
      double sum_W = 0;
      for (const double end_s : heat_ends_s) sum_W += std::exp(-(t_s - end_s) / 3);
      return sum_W;
    };
    const auto meter = [&](double factor) {
      return std::make_unique<FunctionMeter>(ina219(period_s), [&, power_W, began, factor](TimeNs now) {
        const double t_s = to_seconds(now - began);
        if (dies_s && t_s > *dies_s) {
          clock->leave();
          throw power::MeterUnavailable("unplugged");
        }
        // A real board's power is never constant, and a constant reading is doubted.
        const double wander_W = 0.005 * std::sin(900 * t_s);
        return as_read(factor * (idle_W(t_s) + heat_W(t_s) + *power_W + wander_W));
      });
    };
    power::Monitor monitor(meter(1), {.clock = clock, .realtime = power::Realtime::off});
    std::optional<power::Monitor> second;
    std::vector monitors{&monitor};
    if (beside > 0) {
      clock->join();
      second.emplace(meter(beside), power::MonitorOptions{.clock = clock, .realtime = power::Realtime::off});
      monitors.push_back(&*second);
    }
    const auto pass = [&](double seconds) {
      clock->sleep_until(clock->now() + from_seconds(seconds));
      while (dies_s && now_s() > *dies_s && monitor.failure().empty()) std::this_thread::yield();
    };
    MeasurementSession session(monitors, {.idle_s = meter_idle_s, .wait = pass});
    const auto temperature_C = [&] { return has_temperature ? std::optional(40 + 10 * heat_W(now_s())) : std::nullopt; };
    Cooldown cooldown(cooldown_limit_s, {.probe =
                                             [&] {
                                               const auto from = monitor.snapshot();
                                               pass(meter_idle_s);
                                               waited_s += meter_idle_s;
                                               const auto to = monitor.snapshot();
                                               return monitor.between(from, to);
                                             },
                                         .temperature_C = temperature_C,
                                         .now_s = now_s});
    result = {.meter = monitor.meter().uri, .meter_scope = "board", .order = "interleaved", .idle_s = meter_idle_s};
    if (beside > 0) result.further = {{"um34c:///dev/rfcomm0", "board"}};
    for (std::size_t i = 0; i < commands.size(); ++i)
      result.commands.push_back({.name = std::string(1, static_cast<char>('A' + i))});
    std::size_t runs = 0;
    bool interrupted = false;
    const BenchmarkHooks hooks{.execute =
                                   [&](Step step, std::size_t command) {
                                     steps.emplace_back(step, command);
                                     if (step == Step::measure) {
                                       *power_W = commands[command].power_W;
                                       pass(commands[command].duration_s * (1 + jitter(runs)));
                                       *power_W = 0;
                                       const std::lock_guard lock(mutex);
                                       if (heats == command) heat_ends_s.push_back(now_s());
                                       interrupted = interrupt_at == runs;
                                     }
                                     const int code = exit_code(step, command, runs);
                                     runs += step == Step::measure ? 1 : 0;
                                     return ChildRun{.exit_code = code, .user_s = 0.25};
                                   },
                               .interrupted = [&] { return interrupted; },
                               .utc_now = [] { return "2026-01-31T12:00:00Z"; },
                               .processor_times = [] { return std::nullopt; },
                               .progress = [](const std::string&) {},
                               .warn = [this](const std::string& text) { warnings.push_back(text); }};
    CommandBenchmark work(options, monitors, session, cooldown_limit_s > 0 ? &cooldown : nullptr, hooks, result);
    work.run();
    ended_early = work.ended_early();
  }

  std::vector<std::size_t> order() const {
    std::vector<std::size_t> measured;
    for (const auto& [step, command] : steps)
      if (step == Step::measure) measured.push_back(command);
    return measured;
  }
};

TEST_F(BenchmarkTest, TwiceTheSecondsAtOnePowerAreTwiceTheJoules) {
  commands = {{0.3}, {0.6}};
  period_s = 0.001064;
  jitter = [](std::size_t run) { return 0.004 * std::sin(3.7 * static_cast<double>(run)); };
  run();
  const auto compared = compare_commands(result);
  ASSERT_EQ(compared.size(), 1U);
  std::cout << results::to_text(result, {});
  EXPECT_EQ(compared[0].command, 1U);
  EXPECT_LE(std::abs(compared[0].joules.value - 2), compared[0].joules.U);
  EXPECT_LE(std::abs(compared[0].seconds.value - 2), compared[0].seconds.U);
  EXPECT_LT(compared[0].joules.U, 0.02) << "the gain of 1.5 % is in both";
  EXPECT_LT(compared[0].joules.p, 0.01);
  const auto joules = results::summarise(result.commands[1], results::Summarised::gross_J);
  EXPECT_LE(std::abs(joules.spread.mean - 3), joules.U) << "the specimen's gain error is within U";
  EXPECT_GT(joules.U, 3 * 2 * 0.015 / std::sqrt(3)) << "and U has the meter's limit";
  const auto net = results::summarise(result.commands[1], results::Summarised::net_J);
  EXPECT_LE(std::abs(net.spread.mean), net.U);
}

TEST_F(BenchmarkTest, ASecondMeterHasItsOwnJoulesAndTheRatioOfBothIsSaid) {
  commands = {{0.3}, {0.6}};
  beside = 1.02;
  run();
  const auto by_second = results::by_meter(result, 0);
  EXPECT_EQ(by_second.meter, "um34c:///dev/rfcomm0");
  for (const std::size_t command : {0U, 1U}) {
    const auto first = results::summarise(result.commands[command], results::Summarised::gross_J);
    const auto second = results::summarise(by_second.commands[command], results::Summarised::gross_J);
    EXPECT_NEAR(second.spread.mean / first.spread.mean, 1.02, 0.001);
  }
  // Each has a gain within 1.5 %, so U (k = 2) is 1.7 %: a ratio may be 2.4 % from 1.
  const auto text = results::to_text(result, {});
  EXPECT_THAT(text, HasSubstr("The same by meter 2\n"));
  EXPECT_THAT(text, testing::ContainsRegex(
                        "um34c:///dev/rfcomm0: 1\\.0(19|2)[0-9]* \\+- .* times the joules of ina219.*so they agree"));
  beside = 1.03;
  run();
  EXPECT_THAT(results::to_text(result, {}), HasSubstr("they differ by more than both allow"));
}

// Two commands that cost the same, while idle power rises by 1 W over the session.
TEST_F(BenchmarkTest, ADriftOfIdlePowerBiasesBlocksAndNotInterleavedRuns) {
  commands = {{1, 2}, {1, 2}};
  idle_W = [](double t_s) { return 4 + t_s / 41; };  // 20 runs and 21 idle windows of 1 s
  std::map<RunOrder, results::BenchmarkRatio> joules, net;
  for (const auto order : {RunOrder::blocks, RunOrder::interleaved}) {
    options.order = order;
    run();
    const auto compared = compare_commands(result);
    joules[order] = compared[0].joules;
    net[order] = compared[0].net_joules;
    std::cout << (order == RunOrder::blocks ? "in blocks:    " : "interleaved:  ") << results::sentence(result, compared[0])
              << "\n";
  }
  EXPECT_GT(joules[RunOrder::blocks].value - joules[RunOrder::blocks].U, 1.05) << "a difference that does not exist";
  EXPECT_LT(joules[RunOrder::blocks].p, 0.01);
  EXPECT_LE(std::abs(joules[RunOrder::interleaved].value - 1), joules[RunOrder::interleaved].U);
  EXPECT_LT(joules[RunOrder::interleaved].U, 0.02);
  EXPECT_GT(joules[RunOrder::interleaved].p, 0.05);
  for (const auto order : {RunOrder::blocks, RunOrder::interleaved})
    EXPECT_LE(std::abs(net[order].value - 1), net[order].U) << "net of the idle windows next to it";
}

TEST_F(BenchmarkTest, EachRoundHasEveryCommandOnceInASeededOrder) {
  commands = {{0.1}, {0.1}, {0.1}, {0.1}};
  meter_idle_s = 0.1;
  std::vector<std::vector<std::size_t>> orders;
  for (const std::uint64_t seed : {1U, 1U, 2U}) {
    options.seed = seed;
    steps.clear();
    run();
    orders.push_back(order());
  }
  ASSERT_EQ(orders[0].size(), 40U);
  std::set<std::vector<std::size_t>> distinct;
  for (auto round = orders[0].begin(); round != orders[0].end(); round += 4) {
    EXPECT_EQ(std::set(round, round + 4).size(), 4U);
    distinct.emplace(round, round + 4);
  }
  EXPECT_GT(distinct.size(), 3U);
  EXPECT_EQ(orders[0], orders[1]);
  EXPECT_NE(orders[0], orders[2]);
  std::set<std::size_t> places;
  for (const auto& command : result.commands)
    for (const auto& each : command.runs) places.insert(each.place);
  EXPECT_EQ(places.size(), 40U) << "each run has a window of its own";
}

TEST_F(BenchmarkTest, StepsRunInTheirOrder) {
  using testing::Pair;
  commands = {{0.1}, {0.1}};
  meter_idle_s = 0.1;
  options = {.order = RunOrder::blocks, .repeat = {.runs = 1}, .warmup = 1};
  run();
  std::vector<testing::Matcher<std::pair<Step, std::size_t>>> wanted;
  for (const std::size_t i : {0U, 1U})
    for (const Step step : {Step::setup, Step::prepare, Step::warmup, Step::prepare, Step::measure, Step::cleanup})
      wanted.push_back(Pair(step, i));
  EXPECT_THAT(steps, testing::ElementsAreArray(wanted));
  steps.clear();
  options = {.repeat = {.runs = 2}};
  run();
  ASSERT_EQ(steps.size(), 2 + 4 * 2 + 2U);
  EXPECT_EQ(steps[0], std::pair(Step::setup, std::size_t{0}));
  EXPECT_EQ(steps[1], std::pair(Step::setup, std::size_t{1}));
  for (std::size_t i = 2; i < 10; i += 2) {
    EXPECT_EQ(steps[i], std::pair(Step::prepare, steps[i + 1].second));
    EXPECT_EQ(steps[i + 1].first, Step::measure);
  }
  EXPECT_EQ(steps[11], std::pair(Step::cleanup, std::size_t{1}));
}

TEST_F(BenchmarkTest, UntilRepeatsUntilTheJoulesAreKnown) {
  commands = {{0.5, 1}};
  meter_idle_s = 0.1;
  jitter = [](std::size_t run) { return run % 2 == 0 ? -0.04 : 0.04; };
  options.repeat = {.until_rel = 0.02, .min_runs = 3, .max_runs = 100};
  run();
  // Half of Student's interval of n values of +-4 %: 4 % t(n - 1) / sqrt(n - 1), which is below 2 % from 18 on.
  EXPECT_NEAR(static_cast<double>(result.commands[0].runs.size()), 18, 1);
  EXPECT_THAT(result.notes, IsEmpty()) << "1.7 % of the meter is below 2 %";
}

TEST_F(BenchmarkTest, UntilHasAFloorAndACeilingAndSaysWhenTheMeterIsTheLimit) {
  commands = {{0.5}, {0.4}};
  meter_idle_s = 0.1;
  options.repeat = {.until_rel = 0.01, .min_runs = 4, .max_runs = 6};
  run();
  EXPECT_EQ(result.commands[0].runs.size(), 4U) << "they repeat exactly";
  EXPECT_THAT(result.notes,
              Contains(HasSubstr("A: the meter's own accuracy is the limit: its joules stay uncertain by 1.7 %")));
  EXPECT_THAT(result.notes, testing::Not(Contains(HasSubstr("repeat within"))));
  jitter = [](std::size_t run) { return run % 3 == 0 ? -0.1 : 0.1; };
  run();
  EXPECT_EQ(result.commands[0].runs.size(), 6U);
  EXPECT_THAT(result.notes, Contains(HasSubstr("after 6 repetitions (--max-runs); 1.0 % was wanted")));
}

TEST_F(BenchmarkTest, CooldownWaitsUntilIdleIsAsInTheFirstWindow) {
  commands = {{1, 3}, {1, 1}};
  options.repeat.runs = 3;
  // Each run of A leaves the board 1 W hotter, which decays within seconds.
  heats = 0;
  const auto idle_range = [&] {
    double least = 1e9, most = 0;
    for (const auto& command : result.commands)
      for (const auto& each : command.runs) {
        least = std::min(least, each.idle_W);
        most = std::max(most, each.idle_W);
      }
    return most - least;
  };
  run();
  EXPECT_GT(idle_range(), 0.2);
  EXPECT_EQ(waited_s, 0);
  cooldown_limit_s = 100;
  run();
  EXPECT_LT(idle_range(), 0.06) << "1 % of 5 W";
  EXPECT_GT(waited_s, 20);
  EXPECT_THAT(result.notes, IsEmpty());
  cooldown_limit_s = 3;
  run();
  EXPECT_THAT(result.notes, Contains(HasSubstr("--cooldown auto gave up: 5.")));
}

TEST_F(BenchmarkTest, AnIdleWindowWithoutValidPowerIsSaidAndNotWaitedFor) {
  commands = {{1, 1}};
  options.repeat.runs = 2;
  // Each window lasts a second, the first one is idle: the meter is silent in the middle of the idle ones.
  idle_W = [](double t_s) {
    const double phase_s = std::fmod(t_s, 2);
    return phase_s > 0.3 && phase_s < 0.7 ? power::unknown : 5.0;
  };
  cooldown_limit_s = 100;
  has_temperature = false;
  run();
  ASSERT_EQ(result.commands[0].runs.size(), 2U);
  for (const auto& each : result.commands[0].runs) {
    EXPECT_TRUE(std::isfinite(each.gross.J)) << each.reason;
    EXPECT_TRUE(std::isnan(each.net.J));
    EXPECT_THAT(each.reason, HasSubstr("idle power is unknown: gaps: only"));
  }
  EXPECT_THAT(result.notes, Contains(HasSubstr("2 of 2 repetitions are in doubt, the first one because: idle power")));
  EXPECT_THAT(result.notes, Contains(HasSubstr("--cooldown auto does not wait: the first idle window has no power (gaps")));
  EXPECT_EQ(waited_s, 0);
  EXPECT_FALSE(ended_early);
  has_temperature = true;
  run();
  EXPECT_THAT(result.notes, testing::Not(Contains(HasSubstr("--cooldown")))) << "the temperature can be waited for";
}

TEST(Cooldown, WaitsForPowerAndTemperatureWhereEachIsKnown) {
  struct Probe {
    double power_W;
    std::optional<double> temperature_C;
  };
  const auto probes_until_back = [](const Probe& first, const std::vector<Probe>& later) {
    std::size_t at = 0;
    std::optional<double> temperature_C = first.temperature_C;
    const auto energy = [](double power_W) {
      power::Energy idle;
      idle.valid = std::isfinite(power_W);
      idle.mean_W = power_W;
      idle.duration_s = 2;
      idle.U_random_J = 0.02;
      return idle;
    };
    Cooldown cooldown(1000, {.probe =
                                 [&] {
                                   temperature_C = later.at(at).temperature_C;
                                   return energy(later.at(at++).power_W);
                                 },
                             .temperature_C = [&] { return temperature_C; },
                             .now_s = [&] { return static_cast<double>(at); }});
    cooldown.set_reference(energy(first.power_W));
    EXPECT_TRUE(cooldown.wait());
    return at;
  };
  EXPECT_EQ(probes_until_back({5, 50}, {{5.2, 50}, {5.04, 55}, {5.04, 51.1}, {5.04, 51}}), 4U);
  EXPECT_EQ(probes_until_back({5, 50}, {{4.5, 40}}), 1U) << "colder than at the begin is cold enough";
  EXPECT_EQ(probes_until_back({5, std::nullopt}, {{6, 90}, {5, 90}}), 2U);
  EXPECT_EQ(probes_until_back({power::unknown, 50}, {{6, 52}, {6, 50}}), 2U);
  EXPECT_EQ(probes_until_back({0.5, 50}, {{0.52, 50}, {0.512, 50}}), 2U) << "1 % is 5 mW, but both windows are known to 14 mW";
}

TEST_F(BenchmarkTest, AFailureEndsItAndKeepsWhatWasMeasured) {
  commands = {{0.1}, {0.1}};
  meter_idle_s = 0.1;
  exit_code = [](Step step, std::size_t, std::size_t run) { return step == Step::measure && run == 5 ? 7 : 0; };
  const auto message = test::message_of<StepFailed>([&] { run(); });
  EXPECT_THAT(message, HasSubstr(": exited with 7 in repetition 3 (--ignore-failure"));
  EXPECT_EQ(result.commands[0].runs.size() + result.commands[1].runs.size(), 5U);
  EXPECT_EQ(std::ranges::count(steps, Step::cleanup, &std::pair<Step, std::size_t>::first), 2);
  options.ignore_failure = true;
  run();
  EXPECT_EQ(result.commands[0].runs.size(), 10U);
  EXPECT_THAT(result.notes, Contains(HasSubstr("1 of 10 repetitions failed")));
}

TEST_F(BenchmarkTest, UntilGivesUpOnRunsWithoutAReading) {
  commands = {{0.002}, {0.1}};  // the first one fits between two readings
  meter_idle_s = 0.1;
  options.repeat = {.until_rel = 0.5, .min_runs = 3, .max_runs = 50};
  period_s = 0.02;
  run();
  EXPECT_THAT(result.notes, Contains(HasSubstr("--until ended after 3 repetitions: one without valid joules")));
  EXPECT_THAT(result.notes, Contains(HasSubstr("of 3 repetitions have no valid joules, the first one because: no reading")));
  EXPECT_TRUE(std::isnan(compare_commands(result)[0].joules.value));
}

// It dies within an idle window, so that all runs before are valid.
TEST_F(BenchmarkTest, AMeterThatDiesBetweenTwoRunsEndsThemEarly) {
  commands = {{1, 1}, {1, 1}};
  options = {.order = RunOrder::blocks, .repeat = {.runs = 2}};
  for (const std::size_t runs : {1U, 2U}) {  // it dies in the idle window after the first or the last run of A
    steps.clear();
    dies_s = 0.5 + 2 * static_cast<double>(runs);
    run();
    EXPECT_TRUE(ended_early);
    ASSERT_EQ(result.commands[0].runs.size(), runs);
    for (const auto& each : result.commands[0].runs) EXPECT_TRUE(std::isfinite(each.gross.J)) << each.reason;
    EXPECT_THAT(result.commands[1].runs, IsEmpty());
    EXPECT_THAT(steps, testing::Each(testing::Field(&std::pair<Step, std::size_t>::second, 0U))) << "nothing of B began";
    EXPECT_THAT(result.notes, Contains("the meter failed: unplugged; the repetitions end there"));
  }

  commands = {{1, 1}};
  options = {.repeat = {.until_rel = 0.02, .min_runs = 3, .max_runs = 50}};
  jitter = [](std::size_t run) { return run % 2 == 0 ? -0.1 : 0.1; };
  dies_s = 8.5;
  run();
  EXPECT_TRUE(ended_early);
  EXPECT_EQ(result.commands[0].runs.size(), 4U);
  EXPECT_THAT(result.notes, Contains(testing::ContainsRegex("^A: the joules repeat within .* after 4 repetitions; 2.0 % was")));
  EXPECT_THAT(result.notes, testing::Not(Contains(HasSubstr("--max-runs"))));
}

TEST_F(BenchmarkTest, ACleanupThatFailsDoesNotKeepTheOthersFromRunning) {
  commands = {{0.1}, {0.1}, {0.1}};
  meter_idle_s = 0.1;
  options.repeat.runs = 1;
  exit_code = [](Step step, std::size_t command, std::size_t) { return step == Step::cleanup && command != 2 ? 3 : 0; };
  EXPECT_EQ(test::message_of<StepFailed>([&] { run(); }), "A: --cleanup exited with 3");
  EXPECT_EQ(std::ranges::count(steps, Step::cleanup, &std::pair<Step, std::size_t>::first), 3);
}

TEST_F(BenchmarkTest, AStepThatFailsIsNamed) {
  commands = {{0.1}, {0.1}};
  exit_code = [](Step step, std::size_t command, std::size_t) { return step == Step::prepare && command == 1 ? 3 : 0; };
  options.ignore_failure = true;
  EXPECT_EQ(test::message_of<StepFailed>([&] { run(); }), "B: --prepare exited with 3");
}

TEST_F(BenchmarkTest, AnInterruptionKeepsTheCompleteRuns) {
  commands = {{0.1}, {0.1}};
  meter_idle_s = 0.1;
  interrupt_at = 3;
  EXPECT_THROW(run(), Interrupted);
  EXPECT_EQ(result.commands[0].runs.size() + result.commands[1].runs.size(), 3U) << "not the one that was broken off";
  EXPECT_EQ(std::ranges::count(steps, Step::cleanup, &std::pair<Step, std::size_t>::first), 2);
}

}  // namespace
}  // namespace tbft
