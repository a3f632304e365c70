#include "harness/training/network.h"

#include <fmt/format.h>
#include <torch/nn/functional/loss.h>
#include <torch/utils.h>

#include <stdexcept>
#include <vector>

#include "harness/training/label_map.h"

namespace tbft {

namespace F = torch::nn::functional;

Score evaluate(models::Network& net, int stage, std::size_t n, const BatchSource& source, PhaseObserver& observer) {
  const torch::InferenceMode guard;
  net.eval();
  Score score;
  const std::size_t batch = evaluation_batch(net.architecture(), stage);
  for (std::size_t begin = 0; begin < n; begin += batch) {
    const auto [x, y] = source(begin, std::min(batch, n - begin));
    const auto logits = net.forward_from(stage, x);
    score.loss += F::cross_entropy(logits, y, F::CrossEntropyFuncOptions().reduction(torch::kSum)).item<double>();
    const auto hits = logits.argmax(1).eq(y);
    const auto* hit = hits.data_ptr<bool>();
    score.correct.insert(score.correct.end(), hit, hit + hits.numel());
    observer.evaluated(static_cast<std::int64_t>(score.correct.size()), static_cast<std::int64_t>(n));
  }
  score.loss /= static_cast<double>(n);
  return score;
}

Score evaluate(models::Network& net, const data::Images& images, std::span<const std::int64_t> indices,
               const std::string& layout, PhaseObserver& observer) {
  return evaluate(
      net, 0, indices.size(),
      [&](std::size_t begin, std::size_t count) {
        return make_batch(images, slice(indices, begin, count), net.architecture().normalisation, layout);
      },
      observer);
}

void set_layout(models::Network& net, const std::string& layout) {
  const auto format = layout == "channels_last" ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  const torch::NoGradGuard guard;
  for (auto& parameter : net.parameters())
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(format));
}

std::vector<torch::Tensor> select_parameters(models::Network& net, const std::function<bool(std::string_view)>& trains) {
  std::vector<torch::Tensor> selected;
  for (auto& item : net.named_parameters()) {
    const bool train = trains(item.key());
    item.value().set_requires_grad(train);
    if (train) selected.push_back(item.value());
  }
  return selected;
}

void check_last_batch(const models::Network& net, std::int64_t n, std::int64_t batch) {
  if ((n - 1) % batch != 0) return;
  const auto modules = net.named_modules();
  for (const auto& layer : net.architecture().layers) {
    if (!net.architecture().needs_two_images(layer)) continue;
    const auto* module = modules.find(layer.name);
    if (module != nullptr && (*module)->is_training())
      throw std::invalid_argument(fmt::format(
          "with train.batch = {} the last of {} training images is alone in its step, and BatchNorm {}, whose map is "
          "one pixel, needs two; choose another train.batch, or --batch",
          batch, n, layer.name));
  }
}

void drop_gradients(models::Network& net) {
  for (auto& parameter : net.parameters()) parameter.mutable_grad() = torch::Tensor();
}

void rename_outputs(models::Network& net, const data::Images& images, std::span<const std::int64_t> indices,
                    const std::string& layout, PhaseObserver& observer) {
  const torch::NoGradGuard guard;
  const auto& network = net.architecture();
  net.eval();
  std::vector<std::int64_t> predicted, labels;
  const std::size_t batch = evaluation_batch(network, 0);
  for (std::size_t begin = 0; begin < indices.size(); begin += batch) {
    const auto [x, y] = make_batch(images, slice(indices, begin, batch), network.normalisation, layout);
    const at::Tensor classes = net.forward(x).argmax(1).contiguous();
    predicted.insert(predicted.end(), classes.data_ptr<std::int64_t>(), classes.data_ptr<std::int64_t>() + classes.numel());
    labels.insert(labels.end(), y.data_ptr<std::int64_t>(), y.data_ptr<std::int64_t>() + y.numel());
    observer.evaluated(static_cast<std::int64_t>(predicted.size()), static_cast<std::int64_t>(indices.size()));
  }
  const auto label_of = adaptive::estimate_label_map(predicted, labels, network.spec.classes, adaptive::MapKind::one_to_one);
  auto parameters = net.named_parameters();
  for (const char* of : {".weight", ".bias"}) {
    at::Tensor* found = parameters.find(network.classifier().name + of);
    if (found == nullptr) continue;  // without a bias
    at::Tensor& values = *found;
    const at::Tensor before = values.detach().clone();
    for (std::size_t c = 0; c < label_of.size(); ++c) values[label_of[c]].copy_(before[static_cast<std::int64_t>(c)]);
  }
}

}  // namespace tbft
