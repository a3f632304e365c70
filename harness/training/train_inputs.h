// Images as the trained part of a network receives them. Includes torch: for the trainer alone.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "harness/training/batches.h"
#include "harness/training/network.h"
#include "harness/training/phases.h"
#include "harness/training/trainer.h"
#include "models/prefix_cache.h"

namespace tbft {

// A set of images: unchanged, or passed once through the frozen stages.
class TrainInputs {
 public:
  // Samples are numbered by their position in `indices`. All arguments must outlive this object.
  TrainInputs(models::Network& net, const data::Images& images, std::span<const std::int64_t> indices,
              const TrainSettings& settings)
      : net_(net), images_(images), indices_(indices), settings_(settings) {}

  // Runs the stages before `stage` in eval mode; later batches are inputs of `stage`. Returns the bytes kept in memory.
  std::int64_t cache(int stage, std::int64_t memory_bytes, PhaseObserver& observer);

  bool cached() const { return cache_ != nullptr; }
  int stage() const { return stage_; }
  std::size_t size() const { return indices_.size(); }

  Batch batch(std::span<const std::int64_t> samples, std::span<const Shift> augmentation = {}) const;

 private:
  models::Network& net_;
  const data::Images& images_;
  std::span<const std::int64_t> indices_;
  const TrainSettings& settings_;
  int stage_ = 0;
  std::unique_ptr<models::PrefixCache> cache_;
  mutable std::vector<std::int64_t> picked_;  // kept between batches
};

// Evaluates every sample, in order, from the inputs' stage on.
Score evaluate(models::Network& net, const TrainInputs& inputs, PhaseObserver& observer);

}  // namespace tbft
