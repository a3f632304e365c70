#include "harness/adaptive/step_timing.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>

#include "harness/training/phases.h"
#include "harness/training/strategies/strategy.h"

namespace tbft::adaptive {

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

// Measures the time of steps.
class StepTimes : public StopObserver {
 public:
  StepTimes(const power::Clock& clock, const std::atomic<bool>& stop) : StopObserver(stop), clock_(clock) {}
  void stepped(std::int64_t step, std::int64_t planned) override {
    StopObserver::stepped(step, planned);
    const auto now = clock_.now();
    if (steps_++ > 0) fastest_s = std::min(fastest_s, power::to_seconds(now - ended_));
    ended_ = now;
  }
  // Excludes the first step, which loads code and selects kernels.
  double fastest_s = infinite;

 private:
  const power::Clock& clock_;
  int steps_ = 0;
  power::TimeNs ended_ = 0;
};

bool suits(const std::string& strategy, const models::Architecture& network) {
  try {
    check_strategy(find_strategy(strategy), network);
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

}  // namespace

std::vector<TimedStep> steps_to_time(const models::Architecture& network, std::int64_t batch) {
  const auto blocks = network.blocks();
  const bool two = std::ranges::any_of(network.layers, [&](const auto& layer) { return network.needs_two_images(layer); });
  const auto small = std::max<std::int64_t>(batch / 4, two ? 2 : 1);
  std::vector<TimedStep> steps;
  for (const std::string& strategy : {std::string("bn-stats"), std::string("bn-affine"),
                                      blocks[std::max<std::size_t>(blocks.size(), 2) - 2], std::string("full")})
    if (suits(strategy, network))
      for (const auto images : {batch, small}) steps.push_back({strategy, images, infinite});
  return steps;
}

void time_steps(std::vector<TimedStep>& steps, Trainer& trainer, const data::Images& images,
                std::span<const std::int64_t> train, TrainSettings settings, const power::Clock& clock,
                const std::atomic<bool>& stop) {
  constexpr std::int64_t in_a_row = 3;
  settings.epochs = 1;
  for (auto& step : steps) {
    settings.batch = step.images;
    data::Split split{.train = {}, .val = {train.front()}, .test = {train.front()}};
    for (std::int64_t i = 0; i < in_a_row * step.images; ++i)
      split.train.push_back(train[static_cast<std::size_t>(i) % train.size()]);
    StepTimes times(clock, stop);
    try {
      trainer.run(find_strategy(step.strategy), images, split, settings, times);
    } catch (const DivergedError&) {  // the steps were timed even so
    }
    step.seconds = std::min(step.seconds, times.fastest_s);
  }
}

}  // namespace tbft::adaptive
