// The cost of energy() for each reading, beside a bare trapezoid sum over the same readings. The difference is the cost of
// edges, gaps and the uncertainty budget. Run: build/release/experiments/bench/power_bench
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "tbft/power/energy.h"

namespace {

using tbft::power::Reading;

std::vector<Reading> readings(std::int64_t n) {
  std::vector<Reading> list;
  for (std::int64_t i = 0; i < n; ++i) {
    const double amps = 0.5 + 0.001 * static_cast<double>(i % 97);
    list.push_back({.t_ns = i * 1'000'000, .volts_V = 5, .amps_A = amps, .power_W = 5 * amps});
  }
  return list;
}

void bare_trapezoid(benchmark::State& state) {
  const auto list = readings(state.range(0));
  for (auto _ : state) {
    double energy_J = 0;
    for (std::size_t i = 1; i < list.size(); ++i)
      energy_J += (list[i].power_W + list[i - 1].power_W) / 2 * tbft::power::to_seconds(list[i].t_ns - list[i - 1].t_ns);
    benchmark::DoNotOptimize(energy_J);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(bare_trapezoid)->Arg(1000)->Arg(100'000);

void energy_with_budget(benchmark::State& state) {
  const auto list = readings(state.range(0));
  tbft::power::MeterInfo meter;
  meter.nominal_period_s = 0.001;
  meter.gap_limit_s = 0.05;
  meter.accuracy = {.gain_limit_rel = 0.01, .offset_limit_A = 0.001, .resolution_A = 1e-4, .resolution_V = 4e-3};
  const tbft::power::Window window{"bench", list.front().t_ns, list.back().t_ns};
  for (auto _ : state) benchmark::DoNotOptimize(tbft::power::energy(list, window, meter));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(energy_with_budget)->Arg(1000)->Arg(100'000);

}  // namespace
