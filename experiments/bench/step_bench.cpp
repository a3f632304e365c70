// The work of the speed baseline (a Python script of the same name of works), by the code that `tbft run` uses: Trainer::run
// over images in memory. A step is timed with making its batch; the baseline's tensors are ready.
//
//   step_bench WORK [--threads 2] [--steps 7] [--batch 128] [--pixels 32] [--clock wall|processor] [--protocol paper|efficient]
//              [--layout L] [--backend B] [--network FAMILY] [--variant V] [--depth D] [--width W]
//   WORK: full block1 block2 block3 fc | batch1:STRATEGY | epochs:STRATEGY | operations:STRATEGY | checkpoint:FILE (writes the
//   random base model)
//
// operations: where the time of a step goes, by operation (with Adam; "overhead" is what lies in none).
// epochs: 10 epochs of 1,000 images and 10 validations of 1,500. Prints one JSON line as the baseline does,
// with the process's peak resident set from the loaded base model on, libtorch and the images included.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "experiments/bench/clock.h"
#include "harness/host/board.h"
#include "harness/step_cost/step_operation.h"
#include "harness/step_cost/stepper.h"
#include "harness/training/compute.h"
#include "harness/training/memory.h"
#include "harness/training/trainer.h"
#include "models/families/family.h"

namespace {

using namespace tbft;
using SteadyClock = std::chrono::steady_clock;

using Clock = double (*)();  // seconds

double wall_s() {
  return std::chrono::duration<double>(SteadyClock::now().time_since_epoch()).count();
}

// The times at which steps ended, and at which training and validation began and ended in Trainer::run.
struct Times : PhaseObserver {
  explicit Times(Clock clock) : now_s(clock) {}
  void begin(Phase phase) override {
    if (phase == Phase::train && began_s == 0) began_s = now_s();
  }
  void end(Phase phase) override {
    if (phase == Phase::validate) validated_s = now_s();
  }
  void stepped(std::int64_t, std::int64_t) override { steps_s.push_back(now_s()); }
  void evaluated(std::int64_t, std::int64_t) override {}

  Clock now_s;
  double began_s = 0, validated_s = 0;
  std::vector<double> steps_s;
};

data::Images random_images(std::int64_t n, int pixels) {
  data::Images images{.height = pixels, .width = pixels};
  std::mt19937 random(0);
  images.pixels.owned().resize(static_cast<std::size_t>(n * images.bytes_per_image()));
  for (auto& value : images.pixels.owned()) value = static_cast<std::uint8_t>(random());
  for (std::int64_t i = 0; i < n; ++i) images.labels.push_back(static_cast<std::int64_t>(random() % 10));
  return images;
}

std::vector<std::int64_t> range(std::int64_t begin, std::int64_t end) {
  std::vector<std::int64_t> list(static_cast<std::size_t>(end - begin));
  std::iota(list.begin(), list.end(), begin);
  return list;
}

struct Options {
  std::string work, clock = "wall", protocol = "paper", layout = "channels_last", backend = "onednn";
  std::int64_t threads = 2, steps = 7, batch = 128;
  models::NetworkSpec spec{};  // of ten classes
};

std::vector<double> time_work(const Options& options, Trainer& trainer, const std::string& kind, const std::string& strategy) {
  TrainSettings settings{.layout = options.layout};
  if (options.protocol == "efficient") {
    settings.batchnorm = "frozen-eval";
    settings.cache = "fp32";
  }
  const Clock clock = options.clock == "wall" ? wall_s : bench::processor_s;
  std::vector<double> times;
  if (kind == "epochs") {
    constexpr std::int64_t n_train = 1000;
    constexpr std::int64_t n_val = 1500;
    settings.patience = settings.epochs;
    const auto images = random_images(n_train + n_val, options.spec.pixels);
    const data::Split split{.train = range(0, n_train), .val = range(n_train, n_train + n_val), .test = {0}};
    for (int repeat = 0; repeat < 2; ++repeat) {
      Times observed(clock);
      trainer.run(find_strategy(strategy), images, split, settings, observed);
      times.push_back(observed.validated_s - observed.began_s);
    }
    return times;
  }
  constexpr std::int64_t warm = 2;
  settings.batch = kind == "batch1" ? 1 : options.batch;
  settings.epochs = 1;
  const std::int64_t n = settings.batch * (options.steps + warm);
  const auto images = random_images(n, options.spec.pixels);
  Times observed(clock);
  trainer.run(find_strategy(strategy), images, {.train = range(0, n), .val = {0}, .test = {0}}, settings, observed);
  for (std::size_t i = warm; i < observed.steps_s.size(); ++i) times.push_back(observed.steps_s[i] - observed.steps_s[i - 1]);
  return times;
}

nlohmann::ordered_json operations(const Options& options, const std::string& strategy) {
  const StepperOptions step{.spec = options.spec, .layout = options.layout, .batch = options.batch};
  const Contender contender{.variant = "tbft", .strategy = &find_strategy(strategy)};
  const auto split = convolution_gradients(step, contender);
  Stepper stepper(step, contender);
  std::array<std::vector<double>, operation_names.size()> seconds;
  constexpr std::int64_t warm = 2;
  for (std::int64_t i = 0; i < warm + options.steps; ++i) {
    stepper.restore();
    const auto times = stepper.profiled_step(split);
    for (std::size_t o = 0; i >= warm && o < seconds.size(); ++o) seconds[o].push_back(times.seconds[o]);
  }
  nlohmann::ordered_json json;
  for (std::size_t o = 0; o < seconds.size(); ++o) json[std::string(operation_names[o])] = bench::median(seconds[o]);
  return json;
}

int execute(const Options& options) {
  Trainer trainer(options.spec, 0);
  const auto colon = options.work.find(':');
  const std::string kind = colon == std::string::npos ? "" : options.work.substr(0, colon);
  const std::string what = colon == std::string::npos ? options.work : options.work.substr(colon + 1);
  if (kind == "checkpoint") {
    trainer.save(what);
    return 0;
  }
  const auto compute = set_compute({options.threads, options.backend});
  if (kind == "operations") {
    fmt::print("{}\n", operations(options, what).dump());
    return 0;
  }
  hand_back_memory();
  Board().reset_peak_rss();
  const auto times = time_work(options, trainer, kind, what);
  const auto peak_MiB = Board().peak_rss_MiB();
  fmt::print("{}\n", nlohmann::ordered_json{{"work", options.work},
                                            {"style", options.protocol},
                                            {"clock", options.clock},
                                            {"threads", compute.threads},
                                            {"backend", compute.backend},
                                            {"layout", options.layout},
                                            {"pixels", options.spec.pixels},
                                            {"peak_rss_MiB", peak_MiB ? nlohmann::ordered_json(*peak_MiB) : nullptr},
                                            {"seconds", bench::median(times)},
                                            {"all", times}}
                         .dump());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"The speed baseline's work, by tbft's own code"};
  Options options;
  app.add_option("work", options.work,
                 "full, block1, ..., batch1:STRATEGY, epochs:STRATEGY, operations:STRATEGY or checkpoint:FILE")
      ->required();
  app.add_option("--threads", options.threads, "intra-op threads");
  app.add_option("--steps", options.steps, "steps that are timed, after two that are not")->check(CLI::Range(1, 100000));
  app.add_option("--clock", options.clock,
                 "wall, or the process's processor time; not of operations:STRATEGY, which is wall time")
      ->check(CLI::IsMember({"wall", "processor"}));
  app.add_option("--batch", options.batch, "images of a step")->check(CLI::Range(1, 4096));
  app.add_option("--pixels", options.spec.pixels, "width and height of an image, a multiple of 32")->check(CLI::Range(32, 256));
  app.add_option("--protocol", options.protocol, "of epochs:STRATEGY")->check(CLI::IsMember({"paper", "efficient"}));
  app.add_option("--layout", options.layout, "of activations")->check(CLI::IsMember({"channels_last", "contiguous"}));
  app.add_option("--backend", options.backend, "of convolutions")->check(CLI::IsMember({"onednn", "native"}));
  std::string family = options.spec.family, variant;
  std::optional<int> depth;
  std::optional<double> width;
  app.add_option("--network", family, "family of the network");
  app.add_option("--variant", variant, "of the family");
  app.add_option("--depth", depth, "default: the family's usual");
  app.add_option("--width", width, "default: the family's usual");
  CLI11_PARSE(app, argc, argv);
  try {
    const int pixels = options.spec.pixels;
    options.spec = models::find_family(family).usual;
    options.spec.classes = 10;
    options.spec.pixels = pixels;
    if (!variant.empty()) options.spec.variant = variant;
    options.spec.depth = depth.value_or(options.spec.depth);
    options.spec.width = width.value_or(options.spec.width);
    return execute(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "step_bench: {}\n", error.what());
    return 1;
  }
}
