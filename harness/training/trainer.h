// The trainer: adapts a base model to target data by one strategy, and tests it. No torch in this header.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/data/dataset.h"
#include "harness/data/split.h"
#include "harness/training/noise.h"
#include "harness/training/observation.h"
#include "harness/training/phases.h"
#include "harness/training/strategies/strategy.h"
#include "models/architecture.h"

namespace tbft {

class Trainer;
struct TrainResult;

struct TrainSettings {
  std::string optimizer = "sgd";  // sgd | adam
  double lr = 1e-3;
  double momentum = 0.9;
  double weight_decay = 5e-4;
  std::int64_t batch = 128;
  std::int64_t epochs = 10;
  std::int64_t patience = 5;
  std::string batchnorm = "train";  // train: all batch statistics; frozen-eval: only in tuned blocks; eval: nowhere
  std::string layout = "channels_last";
  std::uint64_t seed = 0;
  bool augment = false;  // random crop and mirror of what is trained on
  // What the frozen stages give, computed once: off | fp32 | bf16. Exact only where their BatchNorm is in eval mode and nothing
  // is augmented; the caller sees to that.
  std::string cache = "off";
  std::int64_t cache_limit_bytes = std::int64_t{1} << 30;  // of training and validation together; more goes to a mapped file
  bool refresh_bn = false;          // one pass of bn-stats over the training images before the first step
  std::optional<BlockNoise> noise;  // the base model to start from has this noise
  // What the strategy `diagnosed` does (adaptive/diagnosed.h).
  using Run =
      std::function<TrainResult(Trainer&, const data::Images&, const data::Split&, const TrainSettings&, PhaseObserver&)>;
  Run diagnosed;
};

struct TrainResult {
  double val_loss = 0;  // best validation loss, the mean over images
  std::int64_t epochs = 0, steps = 0, samples_seen = 0;
  models::Tuned tuned;  // what was trained
  std::int64_t trainable_params = 0;
  std::string chosen;     // by `diagnosed`: the strategy that it became
  double lr = 0;          // that was trained with
  std::string diagnosis;  // of `diagnosed`: JSON object {"level", "confidence", "strategy"}
  double macs_train = 0;  // what a strategy looks at before it trains included
  std::int64_t n_test = 0, correct = 0;
  std::vector<bool> correct_by_image;  // in the order of the test indices
  double saved_act_MiB = 0;            // live bytes that the first training forward left for its backward; 0 without gradient
  bool diverged = false;               // the loss was no longer finite; the best weights before it were tested
};

// The validation loss was never finite.
struct DivergedError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Trainer {
 public:
  // Reads the base model; throws models::CheckpointError.
  explicit Trainer(const std::filesystem::path& checkpoint);
  // A base model of random weights: for benchmarks.
  Trainer(const models::NetworkSpec& spec, std::uint64_t seed);
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  // The paper's protocol: the optimiser on the tuned parameters, an epoch over shuffled batches, validation after each, early
  // stop, the weights of the best validation loss tested. Starts from the base model every time. Throws where images and
  // network differ.
  TrainResult run(const Strategy& strategy, const data::Images& images, const data::Split& split, const TrainSettings& settings,
                  PhaseObserver& observer);

  // Writes the weights that the last run() tested, as a state dict, with the names of its outputs where they are given or
  // known.
  void save(const std::filesystem::path& checkpoint, const std::vector<std::string>& class_names = {}) const;

  // How many of the given images the base model, with noise where given, classifies right.
  std::int64_t correct(const data::Images& images, std::span<const std::int64_t> indices, const std::string& layout,
                       const std::optional<BlockNoise>& noise, PhaseObserver& observer);

  // What the base model, with noise where given, sees in the images of the given indices (adaptive/observe.h).
  adaptive::Observation observe(const data::Images& images, std::span<const std::int64_t> indices,
                                const std::optional<BlockNoise>& noise, const std::function<void(std::int64_t)>& progress = {});

  const models::Architecture& network() const;
  const models::NetworkSpec& spec() const { return network().spec; }
  // Of the outputs, in their order; empty where the checkpoint does not say.
  const std::vector<std::string>& class_names() const;
  // What a person should hear of how the checkpoint was read; empty: nothing.
  const std::string& note() const;
  // "ResNet-26, 32 px, 10 classes, 366938 parameters"
  std::string description() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tbft
