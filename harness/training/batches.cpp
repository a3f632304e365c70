#include "harness/training/batches.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/randint.h>

#include <array>

namespace tbft {

namespace {

using Table = std::array<std::array<float, 3>, 256>;

// The normalised value of each byte and colour, (value / 255 - mean) / deviation. The operations are in the order of
// torchvision's transforms, so that the floats are equal.
Table normalised(const models::Normalisation& by) {
  Table table{};
  for (std::size_t value = 0; value < table.size(); ++value)
    for (std::size_t c = 0; c < 3; ++c) table[value][c] = (static_cast<float>(value) / 255.0F - by.mean[c]) / by.deviation[c];
  return table;
}

}  // namespace

std::vector<Shift> draw_shifts(std::int64_t n, const at::Generator& random) {
  constexpr int pad = 4;
  const auto draws = at::randint(0, 2 * pad + 1, {n, 2}, random, at::kLong);
  const auto mirrors = at::randint(0, 2, {n}, random, at::kLong);
  const auto* draw = draws.data_ptr<std::int64_t>();
  const auto* mirror = mirrors.data_ptr<std::int64_t>();
  std::vector<Shift> shifts(static_cast<std::size_t>(n));
  for (auto& shift : shifts) {
    shift = {static_cast<int>(draw[0]) - pad, static_cast<int>(draw[1]) - pad, *mirror++ != 0};
    draw += 2;
  }
  return shifts;
}

Batch make_batch(const data::Images& images, std::span<const std::int64_t> indices, const models::Normalisation& normalisation,
                 const std::string& layout, std::span<const Shift> augmentation) {
  const auto n = static_cast<std::int64_t>(indices.size());
  const bool channels_last = layout == "channels_last";
  const auto format = channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  Batch batch{at::empty({n, 3, images.height, images.width}, at::TensorOptions(at::kFloat).memory_format(format)),
              make_labels(images, indices)};
  auto* out = batch.x.data_ptr<float>();
  const Table value = normalised(normalisation);
  const std::int64_t height = images.height;
  const std::int64_t width = images.width;
  const std::int64_t pixel_step = channels_last ? 3 : 1;
  const std::int64_t channel_step = channels_last ? 1 : height * width;
  for (std::size_t i = 0; i < indices.size(); ++i, out += height * width * 3) {
    const auto pixels = images.image(indices[i]);
    if (channels_last && augmentation.empty()) {  // the layout is that of the pixels
      for (std::size_t k = 0; k < pixels.size(); k += 3)
        for (std::size_t c = 0; c < 3; ++c) out[k + c] = value[pixels[k + c]][c];
      continue;
    }
    const Shift shift = augmentation.empty() ? Shift{} : augmentation[i];
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x) {
        const std::int64_t from_y = y + shift.dy;
        const std::int64_t from_x = (shift.mirror ? width - 1 - x : x) + shift.dx;
        const bool inside = from_y >= 0 && from_y < height && from_x >= 0 && from_x < width;
        for (std::int64_t c = 0; c < 3; ++c)
          out[(y * width + x) * pixel_step + c * channel_step] =
              value[inside ? pixels[static_cast<std::size_t>((from_y * width + from_x) * 3 + c)] : 0]
                   [static_cast<std::size_t>(c)];
      }
  }
  return batch;
}

at::Tensor make_labels(const data::Images& images, std::span<const std::int64_t> indices) {
  auto labels = at::empty({static_cast<std::int64_t>(indices.size())}, at::kLong);
  auto* label = labels.data_ptr<std::int64_t>();
  for (const auto index : indices) *label++ = images.labels[static_cast<std::size_t>(index)];
  return labels;
}

}  // namespace tbft
