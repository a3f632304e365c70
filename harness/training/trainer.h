// Adapts a base model to target data by one strategy, and tests it. No torch in this header.
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
#include "models/network_file.h"

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
  std::string batchnorm = "train";  // train: batch statistics in all layers; frozen-eval: only in tuned blocks; eval: in none
  std::string layout = "channels_last";
  std::uint64_t seed = 0;
  bool augment = false;  // random crop and mirror of the training images
  // Whether the outputs of the frozen stages are computed once and kept: off | fp32 | bf16. The result is exact only if their
  // BatchNorm is in eval mode and images are not augmented; the caller ensures that.
  std::string cache = "off";
  std::int64_t cache_limit_bytes = std::int64_t{1}
                                   << 30;  // for training and validation together; larger data go to a mapped file
  bool refresh_bn = false;                 // one pass of bn-stats over the training images before the first step
  std::optional<BlockNoise> noise;         // noise added to the base model before it is adapted
  // Runs the strategy `diagnosed` (adaptive/diagnosed.h).
  using Run =
      std::function<TrainResult(Trainer&, const data::Images&, const data::Split&, const TrainSettings&, PhaseObserver&)>;
  Run diagnosed;
};

struct TrainResult {
  double val_loss = 0;  // best validation loss, a mean over images
  std::int64_t epochs = 0, steps = 0, samples_seen = 0;
  models::Tuned tuned;  // the trained parameters
  std::int64_t trainable_params = 0;
  std::string chosen;     // for `diagnosed`: the strategy that the diagnosis chose
  double lr = 0;          // the learning rate of the training
  std::string diagnosis;  // for `diagnosed`: JSON object {"level", "confidence", "strategy"}
  double macs_train = 0;  // including the passes by which a strategy chooses before it trains
  std::int64_t n_test = 0, correct = 0;
  std::vector<bool> correct_by_image;  // in the order of the test indices
  double saved_act_MiB = 0;  // live bytes that the first training forward pass keeps for its backward pass; 0 without gradient
  bool diverged = false;     // the loss became infinite or NaN; the best weights before were tested
};

// The validation loss was never finite.
struct DivergedError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Trainer {
 public:
  // Opens the base model. Throws models::CheckpointError.
  explicit Trainer(const models::NetworkFile& file);
  // The same for a checkpoint of a family; `key` names its dict in a file with several (models/read_model.h).
  explicit Trainer(const std::filesystem::path& checkpoint, const std::string& key = {});
  // A base model with random weights: for benchmarks.
  Trainer(const models::NetworkSpec& spec, std::uint64_t seed);
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  // Trains and tests by the paper's protocol: the optimiser on the tuned parameters, epochs over shuffled batches, validation
  // after each, early stopping, and a test of the weights with the best validation loss. Each call starts from the base model.
  // Throws if images and network do not fit.
  TrainResult run(const Strategy& strategy, const data::Images& images, const data::Split& split, const TrainSettings& settings,
                  PhaseObserver& observer);

  // Writes the weights that the last run() tested, as a state dict, with the names of its outputs if they are given or known.
  void save(const std::filesystem::path& checkpoint, const std::vector<std::string>& class_names = {}) const;

  // The number of given images that the base model, with `noise` if given, classifies correctly.
  std::int64_t correct(const data::Images& images, std::span<const std::int64_t> indices, const std::string& layout,
                       const std::optional<BlockNoise>& noise, PhaseObserver& observer);

  // Observes the base model, with `noise` if given, on the images of the given indices (training/observe.h).
  adaptive::Observation observe(const data::Images& images, std::span<const std::int64_t> indices,
                                const std::optional<BlockNoise>& noise, const std::function<void(std::int64_t)>& progress = {});

  const models::Architecture& network() const;
  const models::NetworkSpec& spec() const { return network().spec; }
  // The names of the outputs, in their order; empty if the checkpoint does not contain them.
  const std::vector<std::string>& class_names() const;
  // A remark for the user on how the checkpoint was read; may be empty.
  const std::string& note() const;
  // For example "ResNet-26, 32 px, 10 classes, 366938 parameters".
  std::string description() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tbft
