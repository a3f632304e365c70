// Trains base models on source data from random weights. No torch in this header.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "harness/data/dataset.h"
#include "harness/training/phases.h"
#include "models/architecture.h"

namespace tbft {

struct PretrainSettings {
  std::string optimizer = "sgd";  // sgd | adam
  std::string schedule = "step";  // step: halved every halving_epochs | one-cycle: linear up to lr, then down to zero
  std::int64_t halving_epochs = 50;
  double lr = 0.01;
  double momentum = 0.9;  // for SGD
  double weight_decay = 5e-4;
  std::int64_t batch = 128;
  std::int64_t epochs = 300;
  std::int64_t patience = 60;   // epochs without a better validation loss before training stops
  bool augment = true;          // random crop (pad 4) and mirror
  models::NetworkSpec network;  // classes and pixels are those of the images
  std::string layout = "channels_last";
  std::uint64_t seed = 0;
};

struct Recipe {
  std::string_view name, summary;
  PretrainSettings settings;
};
// All recipes: the paper's two, one that takes about an hour on two cores, and one that takes minutes.
std::span<const Recipe> recipes();
// Throws std::invalid_argument that lists the known recipes.
const Recipe& find_recipe(std::string_view name);

struct EpochReport {
  std::int64_t epoch = 0;  // from 1
  double train_loss = 0, val_loss = 0, val_accuracy_pct = 0;
  bool best = false;
};

// Receives a report after each epoch; steps are reported to the PhaseObserver.
class PretrainObserver : public PhaseObserver {
 public:
  virtual void resumed(std::int64_t epochs_done) = 0;
  virtual void epoch_done(const EpochReport& report) = 0;
};

// The state beside `out` belongs to another training, with other settings or other images. The program exits with 2.
struct OtherTraining : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The file in which pretrain() keeps the state for resuming, OUT.resume. It is removed at the end.
std::filesystem::path resume_file(const std::filesystem::path& out);

// Trains and writes the weights to `out` each time the validation loss improves, so that an interrupt loses no finished epoch.
// If `resume` is set and resume_file(out) exists, training continues after the last complete epoch and arrives at the same
// weights as without the interrupt. Returns the best epoch. Throws OtherTraining, and std::runtime_error if the loss was never
// finite.
EpochReport pretrain(const data::Images& train, const data::Images& val, const PretrainSettings& settings,
                     const std::filesystem::path& out, bool resume, PretrainObserver& observer);

}  // namespace tbft
