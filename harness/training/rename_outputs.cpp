#include "harness/training/rename_outputs.h"

// First: clang 14 cannot read libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <torch/utils.h>

#include <vector>

#include "harness/training/label_map.h"
#include "harness/training/network.h"

namespace tbft {

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
    at::Tensor& values = parameters[network.classifier().name + of];
    const at::Tensor before = values.detach().clone();
    for (std::size_t c = 0; c < label_of.size(); ++c) values[label_of[c]].copy_(before[static_cast<std::int64_t>(c)]);
  }
}

}  // namespace tbft
