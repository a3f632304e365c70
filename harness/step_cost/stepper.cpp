#include "harness/step_cost/stepper.h"

// First: clang 14 cannot read libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <torch/nn/functional/loss.h>
#include <torch/utils.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

#include "harness/step_cost/operation_recorder.h"
#include "harness/training/network.h"
#include "harness/training/optimizer.h"
#include "models/families/family.h"
#include "models/fused.h"

namespace tbft {

namespace {

namespace F = torch::nn::functional;
using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

at::MemoryFormat format_of(const std::string& layout) {
  return layout == "channels_last" ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
}

// The fastest time of each gradient, measured alternately. The minimum is used because other programs slow both down, most of
// all when threads wait for each other.
GradientSeconds measure(const models::Convolution& conv, bool fused, const StepperOptions& options) {
  const torch::NoGradGuard guard;
  const auto format = format_of(options.layout);
  const std::int64_t out_side = conv.out_side();
  const auto image = at::randn({options.batch, conv.in, conv.side, conv.side}).contiguous(format);
  const auto weight = at::randn({conv.out, conv.in / conv.groups, conv.kernel, conv.kernel}).contiguous(format);
  const auto gradient = at::randn({options.batch, conv.out, out_side, out_side}).contiguous(format);
  const auto time_s = [&](bool input) {
    const auto start = SteadyClock::now();
    if (fused && models::fusable(image)) {
      models::convolution_gradients(gradient, image, weight, conv.stride, input, !input);
    } else {
      at::convolution_backward(gradient, image, weight, at::OptionalIntArrayRef(), {conv.stride, conv.stride},
                               {conv.padding, conv.padding}, {1, 1}, false, {0, 0}, conv.groups, {input, !input, false});
    }
    return seconds_since(start);
  };
  constexpr int warm = 3;
  constexpr double budget_s = 0.1;
  constexpr int at_least = 5;
  constexpr int enough = 200;
  for (int i = 0; i < warm; ++i) static_cast<void>(time_s(true) + time_s(false));
  GradientSeconds fastest{time_s(true), time_s(false)};
  const auto start = SteadyClock::now();
  for (int i = 0; i < at_least || (i < enough && seconds_since(start) < budget_s); ++i) {
    fastest.input = std::min(fastest.input, time_s(true));
    fastest.weight = std::min(fastest.weight, time_s(false));
  }
  return fastest;
}

// Of the backward pass of the convolutions, or of linear layers and attention, the part that computes gradients of inputs: by
// their multiplications, which the two gradients of a layer have in common.
double input_share(const models::Architecture& network, const models::Trained& trained, bool of_convolutions) {
  double input = 0, weight = 0;
  models::visit_layers(network, trained, [&](const models::Layer& layer, bool trains, bool reached) {
    if ((layer.kind == models::Layer::Kind::convolution) != of_convolutions) return;
    const auto macs = static_cast<double>(layer.macs);  // 0 for normalisation
    if (reached) input += layer.kind == models::Layer::Kind::attention ? 2 * macs : macs;
    if (trains) weight += macs;
  });
  return input + weight > 0 ? input / (input + weight) : 0;
}

}  // namespace

models::Architecture network_of(const StepperOptions& options) {
  return options.file ? models::open_network(*options.file).network->architecture() : models::describe(options.spec);
}

GradientSeconds convolution_gradients(const StepperOptions& options, const Contender& contender) {
  GradientSeconds total;
  std::map<models::Convolution, GradientSeconds> known;
  const auto network = network_of(options);
  bool all_square = true;  // a TorchScript file may have others
  models::visit_layers(network, contender.trained(network), [&](const models::Layer& layer, bool trains, bool reached) {
    if (layer.kind != models::Layer::Kind::convolution || !(trains || reached)) return;
    all_square = all_square && layer.convolution.kernel > 0;
    if (!all_square) return;
    auto found = known.find(layer.convolution);
    if (found == known.end())
      found = known
                  .emplace(layer.convolution,
                           measure(layer.convolution, network.passes == models::Architecture::Passes::fused, options))
                  .first;
    if (reached) total.input += found->second.input;
    if (trains) total.weight += found->second.weight;
  });
  return all_square ? total : GradientSeconds{};
}

struct Stepper::Impl {
  Contender contender;
  models::NetworkPtr net;
  torch::Tensor x, y;
  std::vector<torch::Tensor> trained;
  double products_input_share = 0, convolutions_input_share = 0;
  std::vector<torch::Tensor> tensors, first;  // all that a step may change, and its initial values
  std::optional<Optimizer> optimizer;

  torch::Tensor forward() {
    const at::AutoGradMode grad_mode(contender.strategy->uses_gradient());
    return F::cross_entropy(net->forward(x), y);
  }
};

Stepper::Stepper(const StepperOptions& options, const Contender& contender) : impl_(std::make_unique<Impl>()) {
  auto& s = *impl_;
  s.contender = contender;
  torch::manual_seed(options.seed);
  s.net = options.file ? models::open_network(*options.file).network : models::make_network(options.spec);
  set_layout(*s.net, options.layout);
  s.net->train(contender.strategy->adapts());
  const auto trained = contender.trained(s.net->architecture());
  s.trained = select_parameters(*s.net, trained);
  s.products_input_share = input_share(s.net->architecture(), trained, /*of_convolutions=*/false);
  s.convolutions_input_share = input_share(s.net->architecture(), trained, /*of_convolutions=*/true);
  constexpr double lr = 1e-3;  // does not influence the cost
  if (contender.strategy->uses_gradient()) s.optimizer.emplace(s.trained, OptimizerSettings{.adam = true, .rate = lr});
  const models::NetworkSpec& spec = s.net->architecture().spec;
  const std::int64_t pixels = spec.pixels;
  s.x = at::rand({options.batch, 3, pixels, pixels}).mul_(2).sub_(1).contiguous(format_of(options.layout));
  s.y = at::randint(spec.classes, {options.batch}, at::kLong);
  s.tensors = s.net->parameters();
  for (const auto& buffer : s.net->buffers()) s.tensors.push_back(buffer);
  for (const auto& tensor : s.tensors) s.first.push_back(tensor.detach().clone());
}
Stepper::~Stepper() = default;

void Stepper::restore() {
  const torch::NoGradGuard guard;
  for (std::size_t i = 0; i < impl_->tensors.size(); ++i) impl_->tensors[i].copy_(impl_->first[i]);
}

void Stepper::step() {
  auto& s = *impl_;
  const auto loss = s.forward();
  if (!s.optimizer) return;
  drop_gradients(*s.net);
  loss.backward();
  s.optimizer->step();
}

OperationTimes Stepper::profiled_step(const GradientSeconds& split) {
  auto& s = *impl_;
  OperationTimes times;
  RecordedTimes recorded;
  const auto start = SteadyClock::now();
  {
    const OperationRecorder recorder;
    {
      const auto loss = s.forward();
      if (s.optimizer) {
        drop_gradients(*s.net);
        loss.backward();
      }
    }
    recorded = recorder.times();
  }
  // Not an operation of libtorch's, so nothing records it.
  if (s.optimizer) {
    const auto optimiser_start = SteadyClock::now();
    s.optimizer->step();
    times[Operation::optimiser] = seconds_since(optimiser_start);
  }
  const double total_s = seconds_since(start);

  times[Operation::forward] = recorded.forward;
  times[Operation::batchnorm_forward] = recorded.batchnorm_forward;
  times[Operation::batchnorm_backward] = recorded.batchnorm_backward;
  times[Operation::elementwise] = recorded.elementwise;
  // Nothing is measured where convolution_gradients() could not measure all.
  const double measured_s = split.input + split.weight;
  const double convolutions_input_share = measured_s > 0 ? split.input / measured_s : s.convolutions_input_share;
  times[Operation::input_gradient] = recorded.convolution_backward * convolutions_input_share;
  times[Operation::weight_gradient] = recorded.convolution_backward * (1 - convolutions_input_share);
  times[Operation::input_gradient] += recorded.products_backward * s.products_input_share;
  times[Operation::weight_gradient] += recorded.products_backward * (1 - s.products_input_share);
  double attributed_s = 0;
  for (const double seconds : times.seconds) attributed_s += seconds;
  times[Operation::overhead] = total_s - attributed_s;
  return times;
}

std::int64_t Stepper::trained_parameters() const {
  std::int64_t total = 0;
  for (const auto& tensor : impl_->trained) total += tensor.numel();
  return total;
}

}  // namespace tbft
