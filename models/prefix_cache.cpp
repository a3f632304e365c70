#include "models/prefix_cache.h"

#include <ATen/ops/empty.h>

#include <stdexcept>

namespace tbft::models {

void PrefixCache::append(const at::Tensor& activations) {
  const std::int64_t n = activations.size(0);
  const std::vector<std::int64_t> shape = activations.sizes().slice(1).vec();
  if (!store_) {
    shape_ = shape;
    format_ = activations.suggest_memory_format();
    store_ = std::make_unique<SampleStore>(samples_, activations.numel() / n, type_, limit_);
  }
  if (shape != shape_ || activations.scalar_type() != at::kFloat || filled_ + n > samples_)
    throw std::invalid_argument("a prefix cache takes float32 activations of one shape, as many as it was made for");
  const at::Tensor dense = activations.contiguous(format_);
  const auto* from = dense.data_ptr<float>();
  for (std::int64_t i = 0; i < n; ++i) store_->put(filled_++, from + i * store_->values_a_sample());
}

at::Tensor PrefixCache::gather(std::span<const std::int64_t> samples) const {
  std::vector<std::int64_t> sizes{static_cast<std::int64_t>(samples.size())};
  sizes.insert(sizes.end(), shape_.begin(), shape_.end());
  at::Tensor result = at::empty(sizes, at::TensorOptions(at::kFloat).memory_format(format_));
  auto* to = result.data_ptr<float>();
  for (const std::int64_t sample : samples) {
    store_->get(sample, to);
    to += store_->values_a_sample();
  }
  return result;
}

}  // namespace tbft::models
