#include "harness/trainer.h"

// First: clang 14 cannot read libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <fmt/format.h>
#include <torch/cuda.h>
#include <torch/nn/functional/loss.h>
#include <torch/optim/adam.h>
#include <torch/optim/sgd.h>
#include <torch/utils.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "harness/batches.h"
#include "harness/network.h"
#include "models/resnet.h"

namespace tbft {

namespace {

namespace F = torch::nn::functional;

// Counts the bytes that tensors hold, through the allocator's own reports (saved-tensor hooks exist only in Python).
class LiveBytes : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, int64_t alloc_size, int64_t, int64_t, c10::Device device) override {
    if (device.is_cpu()) bytes_ += alloc_size;
  }
  bool memoryProfilingEnabled() const override { return true; }
  std::int64_t bytes() const { return bytes_; }

 private:
  std::int64_t bytes_ = 0;
};

// The BatchNorm policy. `train`: batch statistics everywhere, running statistics updated in frozen blocks too, as the paper's
// scripts do. `frozen-eval`: only in what is tuned. `eval`: nowhere.
void set_batchnorm(models::ResNet& net, const std::string& policy, const models::Tuned& tuned) {
  net->train();
  for (const auto& item : net->named_modules()) {
    if (auto* bn = item.value()->as<torch::nn::BatchNorm2dImpl>(); bn != nullptr)
      bn->train(policy == "train" || (policy == "frozen-eval" && models::trains(tuned, item.key())));
  }
}

std::unique_ptr<torch::optim::Optimizer> make_optimizer(const TrainSettings& s, std::vector<torch::Tensor> parameters) {
  if (s.optimizer == "adam")
    return std::make_unique<torch::optim::Adam>(std::move(parameters),
                                                torch::optim::AdamOptions(s.lr).weight_decay(s.weight_decay));
  return std::make_unique<torch::optim::SGD>(std::move(parameters),
                                             torch::optim::SGDOptions(s.lr).momentum(s.momentum).weight_decay(s.weight_decay));
}

// In double, then rounded: the same draws in both layouts of a convolution's weight.
void add_noise(models::ResNet& net, const BlockNoise& noise) {
  const torch::NoGradGuard guard;
  auto random = at::detail::createCPUGenerator(noise.seed);
  for (auto& item : net->named_parameters())
    if (models::block_of(item.key()) == noise.block)
      item.value().add_(noise.sigma * at::randn(item.value().sizes(), random, at::kDouble));
}

// Everything that training may change, in memory.
struct Snapshot {
  std::vector<torch::Tensor> tensors;

  static std::vector<torch::Tensor> of(models::ResNet& net) {
    auto all = net->parameters();
    const auto buffers = net->buffers();
    all.insert(all.end(), buffers.begin(), buffers.end());
    return all;
  }
  void take(models::ResNet& net) {
    tensors.clear();
    for (const auto& t : of(net)) tensors.push_back(t.detach().clone());
  }
  void restore(models::ResNet& net) const {
    const torch::NoGradGuard guard;
    const auto all = of(net);
    for (std::size_t i = 0; i < all.size(); ++i) all[i].copy_(tensors[i]);
  }
};

}  // namespace

std::string libtorch_version() {
  return TORCH_VERSION;
}

Compute set_compute(const Compute& requested) {
  at::set_num_threads(static_cast<int>(requested.threads));
  const bool onednn = requested.backend == "onednn";
  if (onednn && !at::globalContext().hasMKLDNN()) throw std::runtime_error("this libtorch has no oneDNN; use backend = native");
  at::globalContext().setUserEnabledMkldnn(onednn);
  return {at::get_num_threads(), onednn ? "onednn" : "native"};
}

struct Trainer::Impl {
  models::ResNet net{nullptr};
  Snapshot base;

  void start_from_base(const std::optional<BlockNoise>& noise) {
    base.restore(net);
    if (noise) add_noise(net, *noise);
  }

  void check(const data::Images& images) const {
    const auto& spec = net->spec();
    if (images.height != spec.pixels || images.width != spec.pixels)
      throw data::DataError(fmt::format("the images are {}x{}, the checkpoint's network wants {}x{}", images.width,
                                        images.height, spec.pixels, spec.pixels));
    for (const auto label : images.labels)
      if (label < 0 || label >= spec.classes)
        throw data::DataError(fmt::format("label {} in the data, but the checkpoint has {} classes", label, spec.classes));
  }
};

Trainer::Trainer(const std::filesystem::path& checkpoint) : impl_(std::make_unique<Impl>()) {
  impl_->net = models::load_resnet(checkpoint);
  impl_->base.take(impl_->net);
}
Trainer::~Trainer() = default;

std::string Trainer::description() const {
  const auto& spec = impl_->net->spec();
  return fmt::format("ResNet-{}, {} px, {} classes, {} parameters", spec.depth, spec.pixels, spec.classes,
                     models::parameter_count(spec));
}

void Trainer::save(const std::filesystem::path& checkpoint) const {
  models::write_state_dict(checkpoint, models::state_of(impl_->net));
}

std::int64_t Trainer::correct(const data::Images& images, std::span<const std::int64_t> indices, const std::string& layout,
                              const std::optional<BlockNoise>& noise, PhaseObserver& observer) {
  impl_->check(images);
  set_layout(impl_->net, layout);
  impl_->start_from_base(noise);
  const auto score = evaluate(impl_->net, images, indices, layout, observer);
  return std::ranges::count(score.correct, true);
}

TrainResult Trainer::run(const Strategy& strategy, const data::Images& images, const data::Split& split,
                         const TrainSettings& settings, PhaseObserver& observer) {
  auto& net = impl_->net;
  TrainResult result;
  PhaseScope load(observer, Phase::load);
  impl_->check(images);
  set_layout(net, settings.layout);
  impl_->start_from_base(settings.noise);
  drop_gradients(net);
  const auto parameters =
      select_parameters(net, [&](std::string_view parameter) { return models::trains(strategy.tuned, parameter); });
  result.trainable_params = models::parameter_count(net->spec(), strategy.tuned);
  const std::unique_ptr<torch::optim::Optimizer> optimizer =
      strategy.uses_gradient() ? make_optimizer(settings, parameters) : nullptr;
  // What training needs is bound here; autograd is on only where a gradient is used.
  const std::string bn_policy = strategy.updates_bn_only ? "train" : settings.batchnorm;
  auto random = at::detail::createCPUGenerator(settings.seed);
  const auto n_train = static_cast<std::int64_t>(split.train.size());
  const std::int64_t steps_per_epoch = (n_train + settings.batch - 1) / settings.batch;
  load.done();

  Snapshot best;
  result.val_loss = std::numeric_limits<double>::infinity();
  const auto validate = [&] {
    PhaseScope phase(observer, Phase::validate);
    const double loss = evaluate(net, images, split.val, settings.layout, observer).loss;
    phase.done();
    return loss;
  };

  const auto train_batch = [&](std::span<const std::int64_t> indices) {
    const auto shifts =
        settings.augment ? draw_shifts(static_cast<std::int64_t>(indices.size()), random) : std::vector<Shift>{};
    const auto [x, y] = make_batch(images, indices, settings.layout, shifts);
    const at::AutoGradMode grad_mode(strategy.uses_gradient());
    // The first forward tells what the backward pass keeps; the guard reports this thread's allocations only.
    const auto live = result.steps == 0 ? std::make_shared<LiveBytes>() : nullptr;
    torch::Tensor loss;
    {
      PhaseScope forward(observer, Phase::forward);
      const c10::DebugInfoGuard reporter(c10::DebugInfoKind::PROFILER_STATE, live);
      loss = F::cross_entropy(net->forward(x), y);
      forward.done();
    }
    if (live && strategy.uses_gradient()) result.saved_act_MiB = static_cast<double>(live->bytes()) / (1024.0 * 1024.0);
    if (!optimizer) return;
    {
      PhaseScope backward(observer, Phase::backward);
      drop_gradients(net);
      loss.backward();
      backward.done();
    }
    {
      PhaseScope step(observer, Phase::step);
      optimizer->step();
      step.done();
    }
  };

  if (!strategy.adapts()) {
    result.val_loss = validate();
  } else {
    std::vector<std::int64_t> shuffled(split.train.size());
    std::int64_t epochs_without_better = 0;
    for (std::int64_t epoch = 0; epoch < settings.epochs && epochs_without_better < settings.patience; ++epoch) {
      PhaseScope train(observer, Phase::train);
      set_batchnorm(net, bn_policy, strategy.tuned);
      const auto order = at::randperm(n_train, random, at::kLong);
      const auto* position = order.data_ptr<std::int64_t>();
      for (auto& index : shuffled) index = split.train[static_cast<std::size_t>(*position++)];
      for (std::int64_t step = 0; step < steps_per_epoch; ++step) {
        train_batch(slice(shuffled, static_cast<std::size_t>(step * settings.batch), static_cast<std::size_t>(settings.batch)));
        ++result.steps;
        observer.stepped(result.steps, settings.epochs * steps_per_epoch);
      }
      train.done();
      ++result.epochs;
      result.samples_seen += n_train;
      const double loss = validate();
      if (!std::isfinite(loss)) {
        result.diverged = true;
        break;
      }
      ++epochs_without_better;
      if (loss < result.val_loss) {
        result.val_loss = loss;
        epochs_without_better = 0;
        best.take(net);
      }
    }
    if (best.tensors.empty()) throw DivergedError("the validation loss was never finite; lower the learning rate");
    best.restore(net);
  }
  const auto& spec = net->spec();
  const auto macs_a_sample =
      strategy.uses_gradient() ? models::training_macs(spec, strategy.tuned) : models::forward_macs(spec);
  result.macs_train = static_cast<double>(macs_a_sample) * static_cast<double>(result.samples_seen);

  PhaseScope test(observer, Phase::test);
  result.correct_by_image = evaluate(net, images, split.test, settings.layout, observer).correct;
  test.done();
  result.n_test = static_cast<std::int64_t>(result.correct_by_image.size());
  result.correct = std::ranges::count(result.correct_by_image, true);
  return result;
}

}  // namespace tbft
