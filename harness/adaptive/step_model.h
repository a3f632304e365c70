// What a fine-tuning will cost, before it is run: a step's time as a sum over what it does (models/cost.h), fitted to a few
// steps timed on this board, and the power measured meanwhile. No torch here.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "harness/training/strategies/strategy.h"
#include "models/architecture.h"

namespace tbft::adaptive {

// Sums over images and steps: multiply-accumulates of the forward pass, of input gradients and of weight gradients, bytes of
// activations kept for the backward pass, and steps (batches), each of which has a fixed cost.
using Work = std::array<double, 5>;

// One step of a strategy that has_plain_step(), or of one that only adds to it; `images` are in the batch.
Work work_of_step(const models::Architecture& network, const Strategy& strategy, std::int64_t images);

struct Sizes {
  std::int64_t n_train = 0, n_val = 0, batch = 0;
};
// `epochs` of training, each with its validation, and what the strategy does besides (a renaming looks at every image).
Work work_of_tuning(const models::Architecture& network, const Strategy& strategy, const Sizes& sizes, std::int64_t epochs);
// A forward pass over `n` images in batches of `batch`.
Work work_of_test(const models::Architecture& network, std::int64_t n, std::int64_t batch);

struct TimedStep {
  std::string strategy;
  std::int64_t images = 0;
  double seconds = 0;
};

struct StepModel {
  Work seconds_per{};            // of each kind of work, none below 0
  double relative_error = 0;     // of the timed steps: root of the mean square
  double power_W = 0;            // gross, while the steps ran; NaN where the meter could not tell
  std::vector<TimedStep> steps;  // that it was fitted to

  double seconds(const Work& work) const;
  double joules(const Work& work) const { return power_W * seconds(work); }  // NaN where the power is not known
};

// Least squares of the relative errors, no coefficient below 0. Throws std::invalid_argument without steps.
StepModel fit_steps(const models::Architecture& network, std::vector<TimedStep> steps);

nlohmann::ordered_json to_json(const StepModel& model);

}  // namespace tbft::adaptive
