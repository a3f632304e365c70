// Predicts the cost of a fine-tuning. The time of a step is a sum over its work (models/cost.h), fitted to a few steps timed on
// this board; the power is measured at the same time. No torch here.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "harness/training/strategies/strategy.h"
#include "models/architecture.h"

namespace tbft::adaptive {

// Sums over images and steps: multiply-accumulates of the forward pass, of input gradients and of weight gradients, bytes of
// activations kept for the backward pass, and the number of steps (batches), each of which has a fixed cost.
using Work = std::array<double, 5>;

// The work of one step of a strategy with has_plain_step(), or one that only extends such a step, on a batch of `images`.
Work work_of_step(const models::Architecture& network, const Strategy& strategy, std::int64_t images);

struct Sizes {
  std::int64_t n_train = 0, n_val = 0, batch = 0;
};
// The work of `epochs` of training, each with validation, and of the strategy's additional passes, such as those of a renaming.
Work work_of_tuning(const models::Architecture& network, const Strategy& strategy, const Sizes& sizes, std::int64_t epochs);
// The work of a forward pass over `n` images in batches of `batch`.
Work work_of_test(const models::Architecture& network, std::int64_t n, std::int64_t batch);

struct TimedStep {
  std::string strategy;
  std::int64_t images = 0;
  double seconds = 0;
};

struct StepModel {
  Work seconds_per{};            // for each kind of work, none below 0
  double relative_error = 0;     // for the timed steps: root mean square
  double power_W = 0;            // gross, while the steps ran; NaN if the meter could not measure it
  std::vector<TimedStep> steps;  // the steps of the fit

  double seconds(const Work& work) const;
  double joules(const Work& work) const { return power_W * seconds(work); }  // NaN if the power is unknown
};

// Fits by least squares of the relative errors, without negative coefficients. Throws std::invalid_argument without steps.
StepModel fit_steps(const models::Architecture& network, std::vector<TimedStep> steps);

nlohmann::ordered_json to_json(const StepModel& model);

}  // namespace tbft::adaptive
