// Caches the outputs of a network's frozen stages for a set of samples. They are exact if BatchNorm in those stages is in eval
// mode and the samples are the same every time. Includes torch, so only the trainer should include this file.
#pragma once

// Must come first, because clang 14 cannot compile libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "models/sample_store.h"

namespace tbft::models {

class PrefixCache {
 public:
  PrefixCache(std::int64_t samples, StoredAs type, StoreLimit limit)
      : samples_(samples), type_(type), limit_(std::move(limit)) {}

  // Adds the activations [N, ...] float32 of the next N samples. All calls have the same shape and memory format, which
  // gather() returns. Throws std::runtime_error as SampleStore does, and std::invalid_argument for another shape or too many
  // samples.
  void append(const at::Tensor& activations);
  // The activations of the given samples in that order, float32.
  at::Tensor gather(std::span<const std::int64_t> samples) const;

  // 0 before the first append().
  std::int64_t bytes() const { return store_ ? store_->bytes() : 0; }
  bool in_file() const { return store_ && store_->in_file(); }

 private:
  std::int64_t samples_;
  StoredAs type_;
  StoreLimit limit_;
  std::int64_t filled_ = 0;
  std::vector<std::int64_t> shape_;  // of one sample
  at::MemoryFormat format_ = at::MemoryFormat::Contiguous;
  std::unique_ptr<SampleStore> store_;
};

}  // namespace tbft::models
