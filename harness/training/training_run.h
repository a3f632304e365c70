// The training loop: one strategy on one network, from the base model to the test. Includes torch: for the trainer.
#pragma once

// First: clang 14 cannot read libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <ATen/core/Generator.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "harness/training/optimizer.h"
#include "harness/training/strategies/tuning_session.h"
#include "harness/training/train_inputs.h"

namespace tbft {

// A copy in memory of everything that training may change.
class Snapshot {
 public:
  void take(models::Network& net);
  // Requires an earlier take().
  void restore(models::Network& net) const;
  bool taken() const { return !tensors_.empty(); }

 private:
  std::vector<torch::Tensor> tensors_;
};

class TrainingRun final : public TuningSession {
 public:
  // `net` is the base model, in the layout of the settings, and fits the images. All arguments must outlive this object.
  TrainingRun(models::Network& net, const Strategy& strategy, const data::Images& images, const data::Split& split,
              const TrainSettings& settings, PhaseObserver& observer);

  // May be called once. Throws DivergedError, and what the observer throws.
  TrainResult run();

  const models::Architecture& network() const override { return net_.architecture(); }
  void tune(const models::Tuned& tuned) override;
  std::vector<ProbedParameter> probe_gradients() override;
  std::vector<ProbedStep> probe_step() override;
  void set_rates(std::span<const double> relative) override;
  void relabel() override;

 private:
  void train_epochs();
  void train_epoch();
  void prepare();
  void refresh_statistics();
  void train_batch(std::span<const std::int64_t> samples);
  torch::Tensor forward(Batch batch);
  double validate();
  void count_macs();
  void test();
  std::vector<Batch> draw_mini_batches(double passes);
  std::int64_t steps_per_epoch() const { return (n_train_ + settings_.batch - 1) / settings_.batch; }

  models::Network& net_;
  const Strategy& strategy_;
  const Objective objective_;
  const data::Images& images_;
  const data::Split& split_;
  const TrainSettings& settings_;
  PhaseObserver& observer_;
  const std::int64_t n_train_;

  at::Generator random_;
  TrainInputs train_inputs_, val_inputs_;
  std::int64_t cache_bytes_;
  int first_stage_ = 0;    // the first stage that training changes, if the outputs of the stages before it are kept
  int frozen_stages_ = 0;  // those before the first that training changes, where they run in eval mode whatever is in them
  std::vector<torch::Tensor> parameters_, start_;
  std::optional<Optimizer> optimizer_;
  Snapshot best_;
  TrainResult result_;
};

}  // namespace tbft
