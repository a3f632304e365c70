#include "harness/training/train_inputs.h"

#include <algorithm>
#include <numeric>

namespace tbft {

std::int64_t TrainInputs::cache(int stage, std::int64_t memory_bytes, PhaseObserver& observer) {
  const auto type = settings_.cache == "bf16" ? models::StoredAs::bfloat16 : models::StoredAs::float32;
  cache_ = std::make_unique<models::PrefixCache>(static_cast<std::int64_t>(indices_.size()), type,
                                                 models::StoreLimit{.memory_bytes = memory_bytes});
  const torch::InferenceMode guard;
  net_.eval();
  const std::size_t batch = evaluation_batch(net_.architecture(), 0);
  for (std::size_t begin = 0; begin < indices_.size(); begin += batch) {
    auto x = make_batch(images_, slice(indices_, begin, batch), net_.architecture().normalisation, settings_.layout).x;
    for (int s = 0; s < stage; ++s) x = net_.forward_stage(s, x);
    cache_->append(x);
    observer.evaluated(static_cast<std::int64_t>(std::min(begin + batch, indices_.size())),
                       static_cast<std::int64_t>(indices_.size()));
  }
  stage_ = stage;
  return cache_->in_file() ? 0 : cache_->bytes();
}

Batch TrainInputs::batch(std::span<const std::int64_t> samples, std::span<const Shift> augmentation) const {
  picked_.clear();
  for (const auto sample : samples) picked_.push_back(indices_[static_cast<std::size_t>(sample)]);
  if (!cache_) return make_batch(images_, picked_, net_.architecture().normalisation, settings_.layout, augmentation);
  return {cache_->gather(samples), make_labels(images_, picked_)};
}

Score evaluate(models::Network& net, const TrainInputs& inputs, PhaseObserver& observer) {
  std::vector<std::int64_t> samples(inputs.size());
  std::iota(samples.begin(), samples.end(), 0);
  return evaluate(
      net, inputs.stage(), inputs.size(),
      [&](std::size_t begin, std::size_t count) { return inputs.batch(slice(samples, begin, count)); }, observer);
}

}  // namespace tbft
