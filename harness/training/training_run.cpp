#include "harness/training/training_run.h"

#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <torch/nn/functional/loss.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "harness/training/network.h"
#include "harness/training/torch_compat.h"
#include "models/cost.h"

namespace tbft {

namespace {

const models::Tuned everything{.blocks = {}, .everything = true};

// Counts the bytes that tensors occupy, from the allocator's own reports, because saved-tensor hooks exist only in Python.
class LiveBytes : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void* at, int64_t alloc_size, AllocatorTotal, AllocatorTotal, c10::Device device) override {
    if (!device.is_cpu()) return;
    const bool known = alloc_size > 0 ? live_.insert(at).second : live_.erase(at) > 0;
    if (known) bytes_ += alloc_size;
  }
  bool memoryProfilingEnabled() const override { return true; }
  // From now on counts later tensors, and `also` if it is defined; others of before do not count when they are freed, either.
  void restart(const torch::Tensor& also) {
    live_.clear();
    bytes_ = 0;
    if (!also.defined()) return;
    live_.insert(also.data_ptr());
    bytes_ = static_cast<std::int64_t>(also.nbytes());
  }
  std::int64_t bytes() const { return bytes_; }

 private:
  std::set<void*> live_;
  std::int64_t bytes_ = 0;
};

std::vector<torch::Tensor> all_tensors(models::Network& net) {
  auto all = net.parameters();
  const auto buffers = net.buffers();
  all.insert(all.end(), buffers.begin(), buffers.end());
  return all;
}

// Applies the BatchNorm policy. `train`: batch statistics everywhere; running statistics are updated in frozen blocks too, as
// in the paper's scripts. `frozen-eval`: batch statistics only in tuned parts. `eval`: in none.
void set_batchnorm(models::Network& net, const std::string& policy, const models::Tuned& tuned) {
  net.train();
  const auto modules = net.named_modules();
  for (const auto& layer : net.architecture().layers) {
    if (layer.kind != models::Layer::Kind::batchnorm) continue;
    if (const auto* module = modules.find(layer.name); module != nullptr)
      (*module)->train(policy == "train" || (policy == "frozen-eval" && net.architecture().trains(tuned, layer.name)));
  }
}

Optimizer make_optimizer(const Objective& objective, const TrainSettings& s, const std::vector<torch::Tensor>& parameters) {
  return {parameters,
          {.adam = s.optimizer == "adam" || !objective.labelled,
           .rate = s.lr,
           .momentum = s.momentum,
           .weight_decay = objective.labelled ? s.weight_decay : 0}};
}

// The mean loss over samples, from logits [N, classes] and labels [N]: the cross-entropy, or for an objective without labels
// the entropy of the predictions (TENT, Wang et al., ICLR 2021, section 3.1).
torch::Tensor loss_of(const Objective& objective, const torch::Tensor& logits, const torch::Tensor& labels) {
  if (objective.labelled) return torch::nn::functional::cross_entropy(logits, labels);
  return -(logits.softmax(1) * logits.log_softmax(1)).sum(1).mean();
}

// Adds the gradient of weight * |theta - start|_1 to theta's gradient: weight times the sign, 0 for an unchanged value. A
// parameter that the loss does not reach has no gradient and stays unchanged.
void add_l1_gradient(std::vector<torch::Tensor>& parameters, const std::vector<torch::Tensor>& start, double weight) {
  const torch::NoGradGuard guard;
  for (std::size_t i = 0; i < parameters.size(); ++i)
    if (parameters[i].grad().defined()) parameters[i].mutable_grad().add_((parameters[i] - start[i]).sign_(), weight);
}

}  // namespace

void Snapshot::take(models::Network& net) {
  const torch::NoGradGuard guard;
  const auto all = all_tensors(net);
  if (tensors_.empty())
    for (const auto& t : all) tensors_.push_back(t.detach().clone());
  else
    for (std::size_t i = 0; i < all.size(); ++i) tensors_[i].copy_(all[i]);
}

void Snapshot::restore(models::Network& net) const {
  const torch::NoGradGuard guard;
  const auto all = all_tensors(net);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].copy_(tensors_[i]);
}

TrainingRun::TrainingRun(models::Network& net, const Strategy& strategy, const data::Images& images, const data::Split& split,
                         const TrainSettings& settings, PhaseObserver& observer)
    : net_(net),
      strategy_(strategy),
      objective_(strategy.objective()),
      images_(images),
      split_(split),
      settings_(settings),
      observer_(observer),
      n_train_(std::ssize(split.train)),
      random_(at::detail::createCPUGenerator(settings.seed)),
      train_inputs_(net, images, split.train, settings),
      val_inputs_(net, images, split.val, settings),
      cache_bytes_(settings.cache_limit_bytes) {
  result_.lr = settings.lr;
  drop_gradients(net_);
  if (!strategy.chooses()) tune(strategy.tuned);
}

TrainResult TrainingRun::run() {
  strategy_.begin(*this);
  if (strategy_.has_epochs())
    train_epochs();
  else
    result_.val_loss = validate();
  if (strategy_.finish(*this)) result_.val_loss = validate();
  count_macs();
  test();
  return std::move(result_);
}

// Autograd is on only if the strategy uses a gradient.
void TrainingRun::tune(const models::Tuned& tuned) {
  result_.tuned = tuned;
  parameters_ = select_parameters(net_, [&](std::string_view parameter) {
    return network().trains(tuned, parameter) && !(objective_.rate_by_tensor && network().normalises(parameter));
  });
  for (const auto& parameter : parameters_) result_.trainable_params += parameter.numel();
  if (!parameters_.empty()) optimizer_.emplace(make_optimizer(objective_, settings_, parameters_));
  if (objective_.l1_sp > 0)
    for (const auto& parameter : parameters_) start_.push_back(parameter.detach().clone());
  if (settings_.cache != "off") first_stage_ = network().first_trained_stage(tuned);
  // A TorchScript file may hold dropout, which the BatchNorm policy alone would leave on until the outputs are kept.
  if (network().spec.family == models::torchscript_network && strategy_.batchnorm(settings_.batchnorm) != "train")
    frozen_stages_ = network().first_trained_stage(tuned);
}

// Probing counts as training, like every cost of a choice.
std::vector<Batch> TrainingRun::draw_mini_batches(double passes) {
  if (parameters_.empty()) select_parameters(net_, [](std::string_view) { return true; });
  auto batches = draw_probe(net_, images_, split_.train, settings_, result_.epochs);
  std::int64_t n = 0;
  for (const auto& batch : batches) n += batch.y.numel();
  result_.macs_train += passes * static_cast<double>(n) * static_cast<double>(models::training_macs(network(), everything));
  return batches;
}

std::vector<ProbedParameter> TrainingRun::probe_gradients() {
  return tbft::probe_gradients(net_, draw_mini_batches(1));
}

std::vector<ProbedStep> TrainingRun::probe_step() {
  return tbft::probe_step(net_, draw_mini_batches(2), settings_.lr);
}

void TrainingRun::set_rates(std::span<const double> relative) {
  for (std::size_t i = 0; i < relative.size(); ++i) optimizer_->set_rate(i, settings_.lr * relative[i]);
}

void TrainingRun::relabel() {
  PhaseScope train(observer_, Phase::train);
  rename_outputs(net_, images_, split_.train, settings_.layout, observer_);
  train.done();
  result_.samples_seen += n_train_;
}

void TrainingRun::train_epochs() {
  result_.val_loss = std::numeric_limits<double>::infinity();
  std::int64_t epochs_without_better = 0;
  while (result_.epochs < settings_.epochs && epochs_without_better < settings_.patience) {
    train_epoch();
    const double loss = validate();
    if (!std::isfinite(loss)) {
      result_.diverged = true;
      break;
    }
    ++epochs_without_better;
    if (loss < result_.val_loss) {
      result_.val_loss = loss;
      epochs_without_better = 0;
      best_.take(net_);
    }
    if (observer_.enough()) break;
  }
  if (!best_.taken()) throw DivergedError("the validation loss was never finite; lower the learning rate");
  best_.restore(net_);
}

void TrainingRun::train_epoch() {
  PhaseScope train(observer_, Phase::train);
  if (result_.epochs == 0) prepare();
  strategy_.before_epoch(*this);
  set_batchnorm(net_, strategy_.batchnorm(settings_.batchnorm), result_.tuned);
  check_last_batch(net_, n_train_, settings_.batch);
  const auto order = at::randperm(n_train_, random_, at::kLong);
  const std::span<const std::int64_t> shuffled(order.data_ptr<std::int64_t>(), static_cast<std::size_t>(n_train_));
  for (std::int64_t step = 0; step < steps_per_epoch(); ++step) {
    train_batch(slice(shuffled, static_cast<std::size_t>(step * settings_.batch), static_cast<std::size_t>(settings_.batch)));
    ++result_.steps;
    observer_.stepped(result_.steps, settings_.epochs * steps_per_epoch());
  }
  train.done();
  ++result_.epochs;
  result_.samples_seen += n_train_;
}

// Work that is done once before the first step and counts as training.
void TrainingRun::prepare() {
  if (settings_.refresh_bn && strategy_.uses_gradient()) refresh_statistics();
  strategy_.prepare(*this);
  if (first_stage_ > 0) cache_bytes_ -= train_inputs_.cache(first_stage_, cache_bytes_, observer_);
}

void TrainingRun::refresh_statistics() {
  set_batchnorm(net_, "train", result_.tuned);
  check_last_batch(net_, n_train_, settings_.batch);
  const torch::NoGradGuard guard;
  for (std::int64_t begin = 0; begin < n_train_; begin += settings_.batch) {
    const auto count = std::min(settings_.batch, n_train_ - begin);
    const auto samples = slice(split_.train, static_cast<std::size_t>(begin), static_cast<std::size_t>(count));
    net_.forward(make_batch(images_, samples, network().normalisation, settings_.layout).x);
    observer_.evaluated(begin + count, n_train_);
  }
}

void TrainingRun::train_batch(std::span<const std::int64_t> samples) {
  const auto shifts = settings_.augment ? draw_shifts(std::ssize(samples), random_) : std::vector<Shift>{};
  const at::AutoGradMode grad_mode(strategy_.uses_gradient());
  // The first forward pass measures what is kept for the backward pass.
  const auto live = result_.steps == 0 ? std::make_shared<LiveBytes>() : nullptr;
  torch::Tensor loss;
  {
    // It reports only this thread's allocations, and the images' too: libtorch prints a warning when a tensor is freed that was
    // made before.
    const c10::DebugInfoGuard reporter(c10::DebugInfoKind::PROFILER_STATE, live);
    auto batch = train_inputs_.batch(samples, shifts);
    // Images do not count. Kept outputs of the frozen stages do, as they would if this pass had made them.
    if (live) live->restart(train_inputs_.cached() ? batch.x : torch::Tensor());
    loss = forward(std::move(batch));
    if (live && strategy_.uses_gradient()) result_.saved_act_MiB = static_cast<double>(live->bytes()) / (1024.0 * 1024.0);
  }
  if (!optimizer_) return;
  {
    PhaseScope backward(observer_, Phase::backward);
    drop_gradients(net_);
    loss.backward();
    if (objective_.l1_sp > 0) add_l1_gradient(parameters_, start_, objective_.l1_sp);
    backward.done();
  }
  PhaseScope step(observer_, Phase::step);
  optimizer_->step();
  step.done();
}

// Returns the loss. Takes the images over, so that they are freed after the first stage unless a gradient needs them.
torch::Tensor TrainingRun::forward(Batch batch) {
  PhaseScope forward(observer_, Phase::forward);
  int stage = train_inputs_.stage();
  if (stage < frozen_stages_) {
    const torch::NoGradGuard guard;
    net_.eval();
    for (; stage < frozen_stages_; ++stage) batch.x = net_.forward_stage(stage, batch.x);
    set_batchnorm(net_, strategy_.batchnorm(settings_.batchnorm), result_.tuned);
  }
  auto loss = loss_of(objective_, net_.forward_from(stage, std::move(batch.x)), batch.y);
  forward.done();
  return loss;
}

double TrainingRun::validate() {
  PhaseScope phase(observer_, Phase::validate);
  if (first_stage_ > 0 && !val_inputs_.cached()) val_inputs_.cache(first_stage_, cache_bytes_, observer_);
  const double loss = evaluate(net_, val_inputs_, observer_).loss;
  phase.done();
  return loss;
}

void TrainingRun::count_macs() {
  const auto a_sample =
      strategy_.uses_gradient() ? models::training_macs(network(), result_.tuned) : models::forward_macs(network());
  const auto prefix = models::macs_before(network(), train_inputs_.stage());
  result_.macs_train += static_cast<double>(a_sample - prefix) * static_cast<double>(result_.samples_seen);
  if (train_inputs_.cached()) result_.macs_train += static_cast<double>(prefix) * static_cast<double>(n_train_);
  if (settings_.refresh_bn && strategy_.uses_gradient())
    result_.macs_train += static_cast<double>(models::forward_macs(network())) * static_cast<double>(n_train_);
}

void TrainingRun::test() {
  PhaseScope phase(observer_, Phase::test);
  result_.correct_by_image = evaluate(net_, images_, split_.test, settings_.layout, observer_).correct;
  phase.done();
  result_.n_test = std::ssize(result_.correct_by_image);
  result_.correct = std::ranges::count(result_.correct_by_image, true);
}

}  // namespace tbft
