// Joules beside times: `TBFT_METER=URI energy_benchmark --benchmark_counters_tabular=true`.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <numeric>
#include <vector>

#include "tbft/power/energy_counters.h"

static const char* const uri = std::getenv("TBFT_METER");
static tbft::power::EnergyCounters energy(uri != nullptr ? uri : "auto");

static void BM_sum(benchmark::State& state) {
  std::vector<double> numbers(static_cast<std::size_t>(state.range(0)), 1.5);
  for (auto _ : energy.over(state)) benchmark::DoNotOptimize(std::accumulate(numbers.begin(), numbers.end(), 0.0));
}
BENCHMARK(BM_sum)->Arg(1000)->Arg(1'000'000);
BENCHMARK_MAIN();
