#include "harness/training/trainer.h"

// First: clang 14 cannot read libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <ATen/Context.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <fmt/format.h>
#include <torch/cuda.h>
#include <torch/nn/functional/loss.h>
#include <torch/optim/optimizer.h>
#include <torch/utils.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "harness/training/batches.h"
#include "harness/training/network.h"
#include "harness/training/observe.h"
#include "harness/training/strategies/elastic.h"
#include "harness/training/strategies/objective.h"
#include "harness/training/strategies/relabel.h"
#include "harness/training/strategies/rgn.h"
#include "harness/training/torch_compat.h"
#include "harness/training/train_inputs.h"
#include "models/resnet.h"

namespace tbft {

namespace {

namespace F = torch::nn::functional;

// Counts the bytes that tensors hold, through the allocator's own reports (saved-tensor hooks exist only in Python).
class LiveBytes : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, int64_t alloc_size, AllocatorTotal, AllocatorTotal, c10::Device device) override {
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

double images_of(std::span<const Batch> batches) {
  std::int64_t n = 0;
  for (const auto& batch : batches) n += batch.y.numel();
  return static_cast<double>(n);
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
    const torch::NoGradGuard guard;
    const auto all = of(net);
    if (tensors.empty())
      for (const auto& t : all) tensors.push_back(t.detach().clone());
    else
      for (std::size_t i = 0; i < all.size(); ++i) tensors[i].copy_(all[i]);
  }
  void restore(models::ResNet& net) const {
    const torch::NoGradGuard guard;
    const auto all = of(net);
    for (std::size_t i = 0; i < all.size(); ++i) all[i].copy_(tensors[i]);
  }
};

// The first stage (models/resnet.h) that training changes, if BatchNorm of frozen blocks is in eval mode.
int first_changed_stage(const models::Tuned& tuned) {
  if (tuned.everything || tuned.blocks.contains(models::Block::block1)) return 0;
  if (tuned.blocks.contains(models::Block::block2)) return 1;
  if (tuned.blocks.contains(models::Block::block3)) return 2;
  return tuned.blocks.contains(models::Block::fc) ? 4 : 0;
}

// Multiply-accumulates of the stages before this one, for one image.
std::int64_t macs_before(const models::ResNetSpec& spec, int stage) {
  std::int64_t macs = 0;
  for (const auto block : models::all_blocks)
    if (static_cast<int>(block) < stage && block != models::Block::fc) macs += models::forward_macs(spec, block);
  return macs;
}

}  // namespace

struct Trainer::Impl {
  models::ResNet net{nullptr};
  Snapshot base;
  std::vector<std::string> class_names;
  std::string note;

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
  auto read = models::read_checkpoint(checkpoint);
  impl_->net = models::load_resnet(read);
  impl_->class_names = std::move(read.class_names);
  impl_->note = std::move(read.note);
  impl_->base.take(impl_->net);
}
Trainer::Trainer(const models::ResNetSpec& spec, std::uint64_t seed) : impl_(std::make_unique<Impl>()) {
  torch::manual_seed(seed);
  impl_->net = models::ResNet(spec);
  impl_->base.take(impl_->net);
}
Trainer::~Trainer() = default;

const models::ResNetSpec& Trainer::spec() const {
  return impl_->net->spec();
}

const std::vector<std::string>& Trainer::class_names() const {
  return impl_->class_names;
}

const std::string& Trainer::note() const {
  return impl_->note;
}

std::string Trainer::description() const {
  const auto& spec = impl_->net->spec();
  return fmt::format("ResNet-{}, {} px, {} classes, {} parameters", spec.depth, spec.pixels, spec.classes,
                     models::parameter_count(spec));
}

void Trainer::save(const std::filesystem::path& checkpoint, const std::vector<std::string>& class_names) const {
  models::write_state_dict(checkpoint, models::state_of(impl_->net), class_names.empty() ? impl_->class_names : class_names);
}

std::int64_t Trainer::correct(const data::Images& images, std::span<const std::int64_t> indices, const std::string& layout,
                              const std::optional<BlockNoise>& noise, PhaseObserver& observer) {
  impl_->check(images);
  set_layout(impl_->net, layout);
  impl_->start_from_base(noise);
  const auto score = evaluate(impl_->net, images, indices, layout, observer);
  return std::ranges::count(score.correct, true);
}

adaptive::Observation Trainer::observe(const data::Images& images, std::span<const std::int64_t> indices,
                                       const std::optional<BlockNoise>& noise,
                                       const std::function<void(std::int64_t)>& progress) {
  impl_->check(images);
  impl_->start_from_base(noise);
  return adaptive::observe(impl_->net, images, indices, progress);
}

double Trainer::step_s(const std::string& layout, double enough_s) {
  constexpr int steps = 3;  // the first also pages in code and chooses kernels
  constexpr std::int64_t batch = 8;
  auto& net = impl_->net;
  set_layout(net, layout);
  impl_->start_from_base(std::nullopt);
  select_parameters(net, [](std::string_view) { return true; });
  net->train();
  const auto format = layout == "channels_last" ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  const std::int64_t pixels = net->spec().pixels;
  const auto images = at::rand({batch, 3, pixels, pixels}).mul_(2).sub_(1).contiguous(format);
  const auto labels = at::zeros({batch}, at::kLong);
  const auto seconds_of = [&](std::int64_t n) {
    const auto x = images.narrow(0, 0, n);
    const auto y = labels.narrow(0, 0, n);
    const auto start = std::chrono::steady_clock::now();
    drop_gradients(net);
    F::cross_entropy(net->forward(x), y).backward();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  double fastest_s = std::numeric_limits<double>::infinity();
  // One image may tell already. Not with oneDNN, whose first step compiles its kernels.
  const bool compiles = at::globalContext().userEnabledMkldnn();
  if (const double one_s = compiles || std::isinf(enough_s) ? 0 : seconds_of(1); one_s > enough_s) {
    fastest_s = one_s;
  } else {
    for (int i = 0; i < steps && !(i > 0 && fastest_s > enough_s); ++i) fastest_s = std::min(fastest_s, seconds_of(batch));
  }
  drop_gradients(net);
  impl_->base.restore(net);
  return fastest_s;
}

TrainResult Trainer::run(const Strategy& strategy, const data::Images& images, const data::Split& split,
                         const TrainSettings& settings, PhaseObserver& observer) {
  if (strategy.choice == Choice::diagnosed) {
    if (!settings.diagnosed)
      throw std::invalid_argument("strategy diagnosed: model.reference is needed, a file of tbft diagnose --save-reference");
    return settings.diagnosed(*this, images, split, settings, observer);
  }
  auto& net = impl_->net;
  TrainResult result;
  result.lr = settings.lr;
  PhaseScope load(observer, Phase::load);
  impl_->check(images);
  set_layout(net, settings.layout);
  impl_->start_from_base(settings.noise);
  drop_gradients(net);
  const auto& spec = net->spec();
  const models::Tuned everything{.blocks = {}, .everything = true};
  std::vector<torch::Tensor> parameters, start;
  std::unique_ptr<torch::optim::Optimizer> optimizer;
  int stage = 0;
  // What training needs, once it is known what is trained; autograd is on only where a gradient is used.
  const auto bind = [&](const models::Tuned& tuned) {
    result.tuned = tuned;
    parameters = select_parameters(net, [&](std::string_view parameter) {
      return models::trains(tuned, parameter) && !(strategy.relative_rates && models::is_batchnorm(parameter));
    });
    for (const auto& parameter : parameters) result.trainable_params += parameter.numel();
    if (!parameters.empty()) optimizer = make_optimizer(strategy, settings, parameters);
    if (strategy.l1_sp > 0)
      for (const auto& parameter : parameters) start.push_back(parameter.detach().clone());
    if (settings.cache != "off") stage = first_changed_stage(tuned);
  };
  if (strategy.choice == Choice::fixed) bind(strategy.tuned);
  const std::string bn_policy = strategy.updates_bn_only ? "train" : settings.batchnorm;
  auto random = at::detail::createCPUGenerator(settings.seed);
  const auto n_train = static_cast<std::int64_t>(split.train.size());
  const std::int64_t steps_per_epoch = (n_train + settings.batch - 1) / settings.batch;
  TrainInputs train_inputs(net, images, split.train, settings);
  TrainInputs val_inputs(net, images, split.val, settings);
  std::int64_t cache_bytes = settings.cache_limit_bytes;
  load.done();

  Snapshot best;
  result.val_loss = std::numeric_limits<double>::infinity();
  const auto validate = [&] {
    PhaseScope phase(observer, Phase::validate);
    if (stage > 0 && !val_inputs.cached()) val_inputs.cache(stage, cache_bytes, observer);
    const double loss = evaluate(net, val_inputs, observer).loss;
    phase.done();
    return loss;
  };

  // The blocks by the first gradients. It counts as training, as everything does that a choice costs.
  const auto choose = [&] {
    select_parameters(net, [](std::string_view) { return true; });
    const auto batches = draw_probe(images, split.train, settings, 0);
    double passes = 1;
    if (strategy.choice == Choice::rgn_top1) {
      bind({.blocks = {block_of_largest_rgn(probe_gradients(net, batches))}});
    } else {
      bind(most_important_blocks(importance_of_blocks(probe_step(net, batches, settings.lr)), spec));
      passes = 2;
    }
    result.macs_train += passes * images_of(batches) * static_cast<double>(models::training_macs(spec, everything));
  };
  const auto set_relative_rates = [&] {
    const auto batches = draw_probe(images, split.train, settings, result.epochs);
    const auto rates = relative_rates(probe_gradients(net, batches));
    for (std::size_t i = 0; i < rates.size(); ++i) optimizer->param_groups()[i].options().set_lr(settings.lr * rates[i]);
    result.macs_train += images_of(batches) * static_cast<double>(models::training_macs(spec, everything));
  };

  // Before the first step: what is done once and counts as training.
  const auto prepare = [&] {
    if (settings.refresh_bn && strategy.uses_gradient()) {
      set_batchnorm(net, "train", result.tuned);
      const torch::NoGradGuard guard;
      for (std::int64_t begin = 0; begin < n_train; begin += settings.batch) {
        const auto count = std::min(settings.batch, n_train - begin);
        net->forward(make_batch(images, slice(split.train, static_cast<std::size_t>(begin), static_cast<std::size_t>(count)),
                                settings.layout)
                         .x);
        observer.evaluated(begin + count, n_train);
      }
    }
    if (strategy.choice != Choice::fixed) choose();
    if (stage > 0) cache_bytes -= train_inputs.cache(stage, cache_bytes, observer);
  };

  const auto train_batch = [&](std::span<const std::int64_t> samples) {
    const auto shifts =
        settings.augment ? draw_shifts(static_cast<std::int64_t>(samples.size()), random) : std::vector<Shift>{};
    const auto [x, y] = train_inputs.batch(samples, shifts);
    const at::AutoGradMode grad_mode(strategy.uses_gradient());
    // The first forward tells what the backward pass keeps; the guard reports this thread's allocations only.
    const auto live = result.steps == 0 ? std::make_shared<LiveBytes>() : nullptr;
    torch::Tensor loss;
    {
      PhaseScope forward(observer, Phase::forward);
      const c10::DebugInfoGuard reporter(c10::DebugInfoKind::PROFILER_STATE, live);
      loss = loss_of(strategy, net->forward_from(train_inputs.stage(), x), y);
      forward.done();
    }
    if (live && strategy.uses_gradient()) result.saved_act_MiB = static_cast<double>(live->bytes()) / (1024.0 * 1024.0);
    if (!optimizer) return;
    {
      PhaseScope backward(observer, Phase::backward);
      drop_gradients(net);
      loss.backward();
      if (strategy.l1_sp > 0) add_l1_gradient(parameters, start, strategy.l1_sp);
      backward.done();
    }
    {
      PhaseScope step(observer, Phase::step);
      optimizer->step();
      step.done();
    }
  };

  if (strategy.relabels) {
    PhaseScope train(observer, Phase::train);
    relabel(net, images, split.train, settings.layout, observer);
    train.done();
    result.samples_seen = n_train;
  }
  if (!strategy.uses_gradient() && !strategy.updates_bn_only) {
    result.val_loss = validate();
  } else {
    std::int64_t epochs_without_better = 0;
    for (std::int64_t epoch = 0; epoch < settings.epochs && epochs_without_better < settings.patience; ++epoch) {
      PhaseScope train(observer, Phase::train);
      if (epoch == 0) prepare();
      if (strategy.relative_rates) set_relative_rates();
      set_batchnorm(net, bn_policy, result.tuned);
      const auto order = at::randperm(n_train, random, at::kLong);
      const std::span<const std::int64_t> shuffled(order.data_ptr<std::int64_t>(), static_cast<std::size_t>(n_train));
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
      if (observer.enough()) break;
    }
    if (best.tensors.empty()) throw DivergedError("the validation loss was never finite; lower the learning rate");
    best.restore(net);
  }
  // Once more on what BatchNorm now makes of the images: predictions of the drifted base are a poor guide.
  if (strategy.relabels && strategy.updates_bn_only) {
    PhaseScope train(observer, Phase::train);
    relabel(net, images, split.train, settings.layout, observer);
    train.done();
    result.samples_seen += n_train;
    result.val_loss = validate();
  }
  const auto macs_a_sample = strategy.uses_gradient() ? models::training_macs(spec, result.tuned) : models::forward_macs(spec);
  const auto prefix_macs = macs_before(spec, train_inputs.stage());
  result.macs_train += static_cast<double>(macs_a_sample - prefix_macs) * static_cast<double>(result.samples_seen);
  if (train_inputs.cached()) result.macs_train += static_cast<double>(prefix_macs) * static_cast<double>(n_train);
  if (settings.refresh_bn && strategy.uses_gradient())
    result.macs_train += static_cast<double>(models::forward_macs(spec)) * static_cast<double>(n_train);

  PhaseScope test(observer, Phase::test);
  result.correct_by_image = evaluate(net, images, split.test, settings.layout, observer).correct;
  test.done();
  result.n_test = static_cast<std::int64_t>(result.correct_by_image.size());
  result.correct = std::ranges::count(result.correct_by_image, true);
  return result;
}

}  // namespace tbft
