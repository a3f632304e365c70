// The network: forward and backward of each block, a step of each strategy, the cache of a frozen prefix; beside them the best
// convolution and the memory that this machine manages, for a roofline (docs/roofline.md). 32 px, batch 128, 2 threads.
// Joules with TBFT_METER=URI; without one energy_valid is 0.
//   build/release/experiments/bench/network_bench --benchmark_out=F.json --benchmark_out_format=json
#include <ATen/core/ivalue.h>

#include <benchmark/benchmark.h>
#include <torch/nn/functional/loss.h>
#include <torch/optim/sgd.h>
#include <torch/utils.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "harness/training/compute.h"
#include "harness/training/network.h"
#include "harness/training/strategies/strategy.h"
#include "models/cost.h"
#include "models/families/family.h"
#include "models/prefix_cache.h"
#include "tbft/power/energy_counters.h"

namespace {

using namespace tbft;
namespace F = torch::nn::functional;

constexpr std::int64_t batch = 128;
const models::NetworkSpec spec;
const models::Architecture architecture = models::describe(spec);

power::EnergyCounters& energy() {
  const char* uri = std::getenv("TBFT_METER");
  static power::EnergyCounters counters(uri != nullptr ? uri : "estimate://");
  return counters;
}

// Every benchmark has the same counters, as Google Benchmark's CSV reporter requires.
void count(benchmark::State& state, double flop_an_iteration, double bytes_an_iteration = 0) {
  const auto rate = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["FLOP/s"] = benchmark::Counter(flop_an_iteration, rate);
  state.counters["B/s"] = benchmark::Counter(bytes_an_iteration, rate);
}

double flop(std::int64_t macs) {
  return 2.0 * static_cast<double>(macs) * static_cast<double>(batch);
}

constexpr auto format = at::MemoryFormat::ChannelsLast;

models::NetworkPtr network() {
  set_compute({2, "onednn"});
  torch::manual_seed(0);
  auto net = models::make_network(spec);
  set_layout(*net, "channels_last");
  net->train();
  return net;
}

torch::Tensor images() {
  return at::rand({batch, 3, spec.pixels, spec.pixels}).mul_(2).sub_(1).contiguous(format);
}

// The input of a stage, without a graph.
torch::Tensor input_of(models::Network& net, int stage) {
  const torch::NoGradGuard guard;
  auto x = images();
  for (int s = 0; s < stage; ++s) x = net.forward_stage(s, x);
  return x;
}

void block_forward(benchmark::State& state) {
  auto net = network();
  const auto stage = static_cast<int>(state.range(0));
  const auto x = input_of(*net, stage);
  const torch::NoGradGuard guard;
  for (auto _ : energy().over(state)) benchmark::DoNotOptimize(net->forward_stage(stage, x));
  count(state, flop(models::forward_macs(architecture, architecture.stages[static_cast<std::size_t>(stage)].block)));
}
BENCHMARK(block_forward)->DenseRange(0, 2)->ArgName("stage")->Unit(benchmark::kMillisecond)->UseRealTime();

// The gradients of the stage's weights and, unless it is the images, of its input.
void block_backward(benchmark::State& state) {
  auto net = network();
  const auto stage = static_cast<int>(state.range(0));
  const auto x = input_of(*net, stage).requires_grad_(stage > 0);
  torch::Tensor gradient;
  {
    const torch::NoGradGuard guard;
    gradient = torch::ones_like(net->forward_stage(stage, x));
  }
  for (auto _ : energy().over(state)) {
    energy().pause(state);
    drop_gradients(*net);
    const auto y = net->forward_stage(stage, x);
    energy().resume(state);
    y.backward(gradient);
  }
  const auto macs = models::forward_macs(architecture, architecture.stages[static_cast<std::size_t>(stage)].block);
  const std::int64_t stem = stage == 0 ? architecture.layers.front().macs : 0;
  count(state, flop(2 * macs - stem));
}
BENCHMARK(block_backward)->DenseRange(0, 2)->ArgName("stage")->Unit(benchmark::kMillisecond)->UseRealTime();

void step(benchmark::State& state, const char* name) {
  const auto& strategy = find_strategy(name);
  auto net = network();
  auto parameters = select_parameters(*net, models::trained_by(architecture, strategy.tuned));
  torch::optim::SGD sgd(parameters, torch::optim::SGDOptions(1e-3).momentum(0.9).weight_decay(5e-4));
  const auto x = images();
  const auto y = at::randint(spec.classes, {batch}, at::kLong);
  for (auto _ : energy().over(state)) {
    drop_gradients(*net);
    F::cross_entropy(net->forward(x), y).backward();
    sgd.step();
  }
  count(state, flop(models::training_macs(architecture, strategy.tuned)));
}
BENCHMARK_CAPTURE(step, block1, "block1")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(step, block2, "block2")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(step, block3, "block3")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(step, fc, "fc")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(step, full, "full")->Unit(benchmark::kMillisecond)->UseRealTime();

// Reads a batch of Block 3's input from the cache; argument 1: as bf16.
void prefix_cache_gather(benchmark::State& state) {
  auto net = network();
  const auto x = input_of(*net, 2);
  models::PrefixCache cache(batch, state.range(0) == 1 ? models::StoredAs::bfloat16 : models::StoredAs::float32, {});
  cache.append(x);
  std::vector<std::int64_t> samples;
  for (std::int64_t i = 0; i < batch; ++i) samples.push_back((i * 37) % batch);
  for (auto _ : energy().over(state)) benchmark::DoNotOptimize(cache.gather(samples));
  count(state, 0, static_cast<double>(x.nbytes()));
}
BENCHMARK(prefix_cache_gather)->Arg(0)->Arg(1)->ArgName("bf16")->UseRealTime();

// The roofs: a convolution large enough to hide all overhead, and a copy larger than the caches.
void best_convolution(benchmark::State& state) {
  set_compute({2, "onednn"});
  const torch::NoGradGuard guard;
  const auto x = at::randn({64, 128, 32, 32}).contiguous(at::MemoryFormat::ChannelsLast);
  const auto w = at::randn({128, 128, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast);
  for (auto _ : energy().over(state)) benchmark::DoNotOptimize(at::conv2d(x, w, {}, 1, 1));
  count(state, 2.0 * 64 * 128 * 128 * 9 * 32 * 32);
}
BENCHMARK(best_convolution)->Unit(benchmark::kMillisecond)->UseRealTime();

void memory_copy(benchmark::State& state) {
  set_compute({2, "onednn"});
  const auto from = at::ones({std::int64_t{1} << 27});
  auto to = at::zeros_like(from);
  for (auto _ : energy().over(state)) to.copy_(from);
  count(state, 0, 2.0 * static_cast<double>(from.nbytes()));
}
BENCHMARK(memory_copy)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
