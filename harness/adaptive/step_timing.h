// Times steps of a fine-tuning on this machine, for the model of their cost (step_model.h). No torch in this header.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/adaptive/step_model.h"
#include "harness/training/trainer.h"
#include "tbft/power/clock.h"

namespace tbft::adaptive {

// Steps whose times determine a model of the network: of strategies that differ in their work, each with `batch` images and
// with a quarter of them, two at least where a BatchNorm needs them. Their times are still infinite.
std::vector<TimedStep> steps_to_time(const models::Architecture& network, std::int64_t batch);

// Runs three steps of each and keeps the shortest time, in seconds on `clock`; the first of three does not count. `train` are
// the images to draw from, `settings` those of the fine-tuning. Throws Interrupted, and as Trainer::run().
void time_steps(std::vector<TimedStep>& steps, Trainer& trainer, const data::Images& images,
                std::span<const std::int64_t> train, TrainSettings settings, const power::Clock& clock,
                const std::atomic<bool>& stop);

}  // namespace tbft::adaptive
