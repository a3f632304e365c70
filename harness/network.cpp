#include "harness/network.h"

#include <torch/nn/functional/loss.h>

#include "harness/batches.h"

namespace tbft {

namespace {

namespace F = torch::nn::functional;

// The activations of 500 images of 32 px take 130 MiB a stage; larger batches were not faster.
constexpr std::size_t eval_batch = 500;

}  // namespace

Score evaluate(models::ResNet& net, const data::Images& images, std::span<const std::int64_t> indices,
               const std::string& layout, PhaseObserver& observer) {
  const torch::InferenceMode guard;
  net->eval();
  Score score;
  for (std::size_t begin = 0; begin < indices.size(); begin += eval_batch) {
    const auto [x, y] = make_batch(images, slice(indices, begin, eval_batch), layout);
    const auto logits = net->forward(x);
    score.loss += F::cross_entropy(logits, y, F::CrossEntropyFuncOptions().reduction(torch::kSum)).item<double>();
    const auto hits = logits.argmax(1).eq(y);
    const auto* hit = hits.data_ptr<bool>();
    score.correct.insert(score.correct.end(), hit, hit + hits.numel());
    observer.evaluated(static_cast<std::int64_t>(score.correct.size()), static_cast<std::int64_t>(indices.size()));
  }
  score.loss /= static_cast<double>(indices.size());
  return score;
}

void set_layout(models::ResNet& net, const std::string& layout) {
  const auto format = layout == "channels_last" ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  const torch::NoGradGuard guard;
  for (auto& parameter : net->parameters())
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(format));
}

std::vector<torch::Tensor> select_parameters(models::ResNet& net, const std::function<bool(std::string_view)>& trains) {
  std::vector<torch::Tensor> selected;
  for (auto& item : net->named_parameters()) {
    const bool train = trains(item.key());
    item.value().set_requires_grad(train);
    if (train) selected.push_back(item.value());
  }
  return selected;
}

void drop_gradients(models::ResNet& net) {
  for (auto& parameter : net->parameters()) parameter.mutable_grad() = torch::Tensor();
}

}  // namespace tbft
