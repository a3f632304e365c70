#include "harness/batches.h"

#include <ATen/ops/empty.h>

#include <array>

namespace tbft {

namespace {

// (value / 255 - 0.5) / 0.5 in the order of operations of the published transforms, so that the floats are the same.
const std::array<float, 256>& normalised() {
  static const auto table = [] {
    std::array<float, 256> t{};
    for (std::size_t i = 0; i < t.size(); ++i) t[i] = (static_cast<float>(i) / 255.0F - 0.5F) / 0.5F;
    return t;
  }();
  return table;
}

}  // namespace

Batch make_batch(const data::Images& images, std::span<const std::int64_t> indices, const std::string& layout) {
  const auto n = static_cast<std::int64_t>(indices.size());
  const bool channels_last = layout == "channels_last";
  const auto format = channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  Batch batch{at::empty({n, 3, images.height, images.width}, at::TensorOptions(at::kFloat).memory_format(format)),
              at::empty({n}, at::kLong)};
  auto* x = batch.x.data_ptr<float>();
  auto* y = batch.y.data_ptr<std::int64_t>();
  const auto& value = normalised();
  const auto area = static_cast<std::size_t>(images.height * images.width);
  for (const std::int64_t index : indices) {
    const auto pixels = images.image(index);
    for (std::size_t p = 0; p < area; ++p)
      for (std::size_t c = 0; c < 3; ++c) x[channels_last ? p * 3 + c : c * area + p] = value[pixels[p * 3 + c]];
    x += area * 3;
    *y++ = images.labels[static_cast<std::size_t>(index)];
  }
  return batch;
}

}  // namespace tbft
