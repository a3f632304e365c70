// The strategy `diagnosed`: names the level of the drift from a few of the labelled images, then is the strategy that this
// calls for. No torch here.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/adaptive/reference.h"
#include "harness/training/trainer.h"

namespace tbft {

// What it needs besides the images.
struct Diagnosing {
  adaptive::Reference reference;     // of the base model's source
  std::map<std::string, double> lr;  // by strategy, and "default"
};

// At most so many images are looked at: those to train on and those to validate on, which the tests of the diagnosis may both
// use, since they choose no weights.
inline constexpr std::int64_t diagnosed_images = 100;

// The indices to look at, drawn at random.
std::vector<std::int64_t> diagnosis_sample(const data::Split& split, std::uint64_t seed);

// For TrainSettings::diagnosed. Looking counts as training.
TrainSettings::Run diagnosed(std::shared_ptr<const Diagnosing> diagnosing);

}  // namespace tbft
