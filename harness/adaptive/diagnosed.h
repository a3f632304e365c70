// The strategy `diagnosed`: diagnoses the level of the drift from some of the labelled images and runs the suggested strategy.
// No torch here.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/adaptive/reference.h"
#include "harness/training/trainer.h"

namespace tbft {

// Its inputs besides the images.
struct Diagnosing {
  adaptive::Reference reference;     // of the base model's source data
  std::map<std::string, double> lr;  // learning rate by strategy, and "default"
};

// The diagnosis uses at most this many of the training and validation images. It may use both, because it selects no weights.
inline constexpr std::int64_t diagnosed_images = 100;

// The indices of the images to diagnose, drawn at random.
std::vector<std::int64_t> diagnosis_sample(const data::Split& split, std::uint64_t seed);

// Implements TrainSettings::diagnosed. The forward pass of the diagnosis counts as training.
TrainSettings::Run diagnosed(std::shared_ptr<const Diagnosing> diagnosing);

}  // namespace tbft
