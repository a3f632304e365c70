#include "harness/training/trainer.h"

// First: clang 14 cannot read libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/cuda.h>
#include <torch/utils.h>

#include <algorithm>
#include <stdexcept>

#include "harness/training/network.h"
#include "harness/training/observe.h"
#include "harness/training/training_run.h"
#include "models/cost.h"
#include "models/network.h"

namespace tbft {

namespace {

// Draws in double and then rounds, so that both layouts of a convolution's weight get the same noise.
void add_noise(models::Network& net, const BlockNoise& noise) {
  const torch::NoGradGuard guard;
  if (const auto blocks = net.architecture().blocks(); std::ranges::find(blocks, noise.block) == blocks.end())
    throw std::invalid_argument(fmt::format("the network has no {}; its blocks: {}", noise.block, fmt::join(blocks, ", ")));
  auto random = at::detail::createCPUGenerator(noise.seed);
  for (auto& item : net.named_parameters())
    if (net.architecture().block_of(item.key()) == noise.block)
      item.value().add_(noise.sigma * at::randn(item.value().sizes(), random, at::kDouble));
}

}  // namespace

struct Trainer::Impl {
  models::NetworkPtr net;
  Snapshot base;
  std::vector<std::string> class_names;
  std::string note;

  void start_from_base(const std::optional<BlockNoise>& noise) {
    base.restore(*net);
    if (noise) add_noise(*net, *noise);
  }

  void check(const data::Images& images) const {
    const auto& spec = net->architecture().spec;
    if (images.height != spec.pixels || images.width != spec.pixels)
      throw data::DataError(fmt::format("the images are {}x{}, the checkpoint's network needs {}x{}", images.width,
                                        images.height, spec.pixels, spec.pixels));
    for (const auto label : images.labels)
      if (label < 0 || label >= spec.classes)
        throw data::DataError(fmt::format("label {} in the data, but the checkpoint has {} classes", label, spec.classes));
  }
};

Trainer::Trainer(const models::NetworkFile& file) : impl_(std::make_unique<Impl>()) {
  auto opened = models::open_network(file);
  impl_->net = std::move(opened.network);
  impl_->class_names = std::move(opened.class_names);
  impl_->note = std::move(opened.note);
  impl_->base.take(*impl_->net);
}
Trainer::Trainer(const std::filesystem::path& checkpoint, const std::string& key)
    : Trainer(models::NetworkFile{.path = checkpoint, .key = key}) {}
Trainer::Trainer(const models::NetworkSpec& spec, std::uint64_t seed) : impl_(std::make_unique<Impl>()) {
  torch::manual_seed(seed);
  impl_->net = models::make_network(spec);
  impl_->base.take(*impl_->net);
}
Trainer::~Trainer() = default;

const models::Architecture& Trainer::network() const {
  return impl_->net->architecture();
}

const std::vector<std::string>& Trainer::class_names() const {
  return impl_->class_names;
}

const std::string& Trainer::note() const {
  return impl_->note;
}

std::string Trainer::description() const {
  return fmt::format("{}, {} px, {} classes, {} parameters", network().title, network().spec.pixels, network().spec.classes,
                     models::parameter_count(network()));
}

void Trainer::save(const std::filesystem::path& checkpoint, const std::vector<std::string>& class_names) const {
  models::write_state_dict(checkpoint, models::state_of(*impl_->net), class_names.empty() ? impl_->class_names : class_names);
}

std::int64_t Trainer::correct(const data::Images& images, std::span<const std::int64_t> indices, const std::string& layout,
                              const std::optional<BlockNoise>& noise, PhaseObserver& observer) {
  impl_->check(images);
  set_layout(*impl_->net, layout);
  impl_->start_from_base(noise);
  const auto score = evaluate(*impl_->net, images, indices, layout, observer);
  return std::ranges::count(score.correct, true);
}

adaptive::Observation Trainer::observe(const data::Images& images, std::span<const std::int64_t> indices,
                                       const std::optional<BlockNoise>& noise,
                                       const std::function<void(std::int64_t)>& progress) {
  impl_->check(images);
  impl_->start_from_base(noise);
  return adaptive::observe(*impl_->net, images, indices, progress);
}

TrainResult Trainer::run(const Strategy& strategy, const data::Images& images, const data::Split& split,
                         const TrainSettings& settings, PhaseObserver& observer) {
  if (strategy.becomes_another()) {
    if (!settings.diagnosed)
      throw std::invalid_argument(
          "strategy diagnosed: needs model.reference, a file written by tbft diagnose --save-reference");
    return settings.diagnosed(*this, images, split, settings, observer);
  }
  check_strategy(strategy, network());
  PhaseScope load(observer, Phase::load);
  impl_->check(images);
  set_layout(*impl_->net, settings.layout);
  impl_->start_from_base(settings.noise);
  torch::manual_seed(settings.seed);  // of a TorchScript file's dropout
  TrainingRun run(*impl_->net, strategy, images, split, settings, observer);
  load.done();
  return run.run();
}

}  // namespace tbft
