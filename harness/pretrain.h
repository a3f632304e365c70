// Base models: a ResNet trained from nothing on source data. No torch in this header.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "harness/data/dataset.h"
#include "harness/phases.h"

namespace tbft {

struct PretrainSettings {
  std::string schedule = "step";  // step: halved every 50 epochs | one-cycle: linear up to lr, then to zero
  double lr = 0.01;
  double momentum = 0.9;
  double weight_decay = 5e-4;
  std::int64_t batch = 128;
  std::int64_t epochs = 300;
  std::int64_t patience = 60;  // epochs without a better validation loss
  bool augment = true;         // random crop (pad 4) and mirror
  std::int64_t depth = 26, width = 1;
  std::string layout = "channels_last";
  std::uint64_t seed = 0;
};

struct EpochReport {
  std::int64_t epoch = 0;  // from 1
  double train_loss = 0, val_loss = 0, val_accuracy_pct = 0;
  bool best = false;
};

// Called after each epoch; steps go to the PhaseObserver.
class PretrainObserver : public PhaseObserver {
 public:
  virtual void epoch_done(const EpochReport& report) = 0;
};

// Trains and writes the weights of the best validation loss to `out`, each time they improve: an interrupt loses nothing.
// Throws where the loss was never finite.
EpochReport pretrain(const data::Images& train, const data::Images& val, const PretrainSettings& settings,
                     const std::filesystem::path& out, PretrainObserver& observer);

}  // namespace tbft
