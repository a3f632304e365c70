// Benchmarks whose joules are known: the meter says 5 W all the time. energy_counters.py reads what is reported.
#include <benchmark/benchmark.h>

#include <chrono>
#include <thread>

#include "tbft/power/energy_counters.h"
#include "tests/support/fake_meter.h"

namespace {

using tbft::power::EnergyCounters;
using tbft::power::testing::FunctionMeter;

EnergyCounters make(bool accuracy_known, bool measured) {
  auto info = tbft::power::testing::simple_meter(0.002);
  info.measured = measured;
  info.gap_limit_s = 1;  // a test machine may be busy
  if (accuracy_known) info.accuracy = {.gain_limit_rel = 0.001, .offset_limit_A = 0.001};
  return {std::make_unique<FunctionMeter>(info, [](tbft::power::TimeNs) { return 5.0; }), {}};
}
EnergyCounters& known() {
  static EnergyCounters counters = make(true, true);
  return counters;
}
EnergyCounters& vague() {
  static EnergyCounters counters = make(false, false);
  return counters;
}

void sleep_ms(int ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

void constant(benchmark::State& state) {
  for (auto _ : known().over(state)) sleep_ms(4);
}
void accuracy_unknown(benchmark::State& state) {
  for (auto _ : vague().over(state)) sleep_ms(4);
}
void paused(benchmark::State& state) {
  for (auto _ : known().over(state)) {
    sleep_ms(10);
    known().pause(state);
    sleep_ms(40);
    known().resume(state);
  }
}
void too_short(benchmark::State& state) {
  for (auto _ : known().over(state)) benchmark::ClobberMemory();
}
void left_early(benchmark::State& state) {
  for (auto _ : known().over(state)) {
    state.SkipWithError("left");
    break;
  }
}
void threads(benchmark::State& state) {
  for (auto _ : known().over(state)) sleep_ms(4);
}

BENCHMARK(constant)->UseRealTime()->Iterations(50)->Repetitions(3);
BENCHMARK(accuracy_unknown)->UseRealTime()->Iterations(25);
BENCHMARK(paused)->UseRealTime()->Iterations(10);
BENCHMARK(too_short)->UseRealTime()->Iterations(1);
BENCHMARK(left_early)->UseRealTime()->Iterations(5);
BENCHMARK(threads)->UseRealTime()->Iterations(50)->Threads(3);

}  // namespace

BENCHMARK_MAIN();
