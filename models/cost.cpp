#include "models/cost.h"

#include <functional>
#include <map>
#include <numeric>

namespace tbft::models {
namespace {

constexpr std::int64_t float_bytes = 4;
const Tuned full{.blocks = {}, .everything = true};

template <typename Wanted>
std::int64_t sum_macs(const Architecture& network, const Wanted& wanted) {
  std::int64_t total = 0;
  for (const Layer& layer : network.layers)
    if (wanted(layer)) total += layer.macs;
  return total;
}

// Whether the input is kept for the backward pass. torch's convolutions keep it even if only its gradient is needed.
bool keeps_input(const Architecture& network, const Layer& layer, bool trains, bool reached) {
  if (layer.kind == Layer::Kind::linear) return trains;
  if (layer.kind == Layer::Kind::convolution && network.passes == Architecture::Passes::fused) return trains;
  return trains || reached;
}

}  // namespace

Trained trained_by(const Architecture& network, const Tuned& tuned) {
  return [&network, tuned](std::string_view parameter) { return network.trains(tuned, parameter); };
}

void visit_layers(const Architecture& network, const Trained& trained, const LayerVisit& visit) {
  std::map<std::string_view, bool> reached_at;
  bool reached = false;
  for (const Layer& layer : network.layers) {
    const std::string weight = layer.weight_name();
    const bool trains = !weight.empty() && trained(weight);
    const bool own = layer.input_of.empty() ? reached : reached_at.at(layer.input_of);
    reached_at[layer.name] = own;
    visit(layer, trains, own);
    reached = reached || trains;
  }
}

StepMacs step_macs(const Architecture& network, const Trained& trained) {
  StepMacs macs;
  visit_layers(network, trained, [&](const Layer& layer, bool trains, bool reached) {
    macs.forward += layer.macs;
    // Each product of attention has two inputs.
    if (reached) macs.input_gradient += layer.kind == Layer::Kind::attention ? 2 * layer.macs : layer.macs;
    if (trains) macs.weight_gradient += layer.macs;
  });
  return macs;
}

std::int64_t forward_macs(const Architecture& network) {
  return sum_macs(network, [](const Layer&) { return true; });
}

std::int64_t forward_macs(const Architecture& network, std::string_view block) {
  return sum_macs(network,
                  [&](const Layer& layer) { return network.stages[static_cast<std::size_t>(layer.stage)].block == block; });
}

std::int64_t macs_before(const Architecture& network, int stage) {
  return sum_macs(network, [&](const Layer& layer) { return layer.stage < stage; });
}

std::int64_t training_macs(const Architecture& network, const Tuned& tuned) {
  return step_macs(network, trained_by(network, tuned)).total();
}

double saving_pct(const Architecture& network, const Tuned& tuned) {
  const auto all = static_cast<double>(training_macs(network, full));
  return 100.0 * (1.0 - static_cast<double>(training_macs(network, tuned)) / all);
}

std::int64_t parameter_count(const Architecture& network) {
  return parameter_count(network, full);
}

std::int64_t parameter_count(const Architecture& network, const Tuned& tuned) {
  return parameter_count(network, trained_by(network, tuned));
}

std::int64_t parameter_count(const Architecture& network, const Trained& trained) {
  std::int64_t total = 0;
  for (const TensorInfo& tensor : network.tensors)
    if (tensor.is_parameter && trained(tensor.name))
      total += std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::int64_t{1}, std::multiplies());
  return total;
}

std::int64_t saved_activation_bytes(const Architecture& network, const Tuned& tuned) {
  std::int64_t values = 0;
  visit_layers(network, trained_by(network, tuned), [&](const Layer& layer, bool trains, bool reached) {
    if (keeps_input(network, layer, trains, reached)) values += layer.input_values;
    if (trains || reached) values += layer.kept_output_values;
  });
  return float_bytes * values;
}

}  // namespace tbft::models
