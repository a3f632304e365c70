#include "power/protocol/rd_um_frame.h"

#include <cmath>

#include "power/protocol/byte_queue.h"

namespace tbft::power::rd_um {
namespace {

constexpr std::array<std::uint8_t, 32> summed{1,  3,  7,  9,  15, 17, 19, 23, 31, 39, 41,  45,  49,  53,  55,  57,
                                              59, 63, 67, 69, 73, 79, 83, 89, 97, 99, 109, 111, 113, 119, 121, 127};
constexpr std::uint32_t constant_check = 0xFFF1;
constexpr double most_V = 24;
constexpr double over_range = 1.25;  // largest value relative to the nominal range

bool is_plausible(const Frame& f) {
  if (f.volts_V > over_range * most_V || f.amps_A > over_range * f.model->most_A) return false;
  // Each value is rounded separately, and the meter may take the power slightly later.
  const double rounding_W = f.volts_V * f.model->step_A + f.amps_A * f.model->step_V + 2e-3;
  return std::abs(f.volts_V * f.amps_A - f.power_W) <= rounding_W + 0.05 * f.power_W;
}

}  // namespace

const Model* model_of_id(std::uint16_t id) {
  for (const Model& model : models) {
    if (model.id == id) return &model;
  }
  return nullptr;
}

const Model* model_of_scheme(std::string_view scheme) {
  for (const Model& model : models) {
    if (model.scheme == scheme) return &model;
  }
  return nullptr;
}

std::uint8_t check_sum(std::span<const std::uint8_t, frame_bytes> bytes) {
  unsigned sum = 0;
  for (const std::uint8_t i : summed) sum ^= bytes[i];
  return static_cast<std::uint8_t>(sum);
}

std::optional<Frame> decode(std::span<const std::uint8_t, frame_bytes> bytes) {
  const auto u16 = [&](std::size_t at) { return big_endian(bytes, at, 2); };
  const auto u32 = [&](std::size_t at) { return big_endian(bytes, at, 4); };
  const Model* model = model_of_id(static_cast<std::uint16_t>(u16(0)));
  if (model == nullptr) return std::nullopt;
  if (model->sum ? bytes[frame_bytes - 1] != check_sum(bytes) : u16(128) != constant_check) return std::nullopt;

  Frame f;
  f.model = model;
  f.volts_V = u16(2) * model->step_V;
  f.amps_A = u16(4) * model->step_A;
  f.power_W = u32(6) * 1e-3;
  if (!is_plausible(f)) return std::nullopt;
  f.temperature_C = static_cast<std::int16_t>(u16(10));
  f.group = u16(14);
  for (std::size_t i = 0; i < f.groups.size(); ++i)
    f.groups[i] = {.charge_Ah = u32(16 + 8 * i) * 1e-3, .energy_Wh = u32(20 + 8 * i) * 1e-3};
  f.d_plus_V = u16(96) * 1e-2;
  f.d_minus_V = u16(98) * 1e-2;
  f.recorded_Ah = u32(102) * 1e-3;
  f.recorded_Wh = u32(106) * 1e-3;
  f.recorded_s = u32(112);
  f.load_ohm = u32(122) * 0.1;
  return f;
}

std::optional<Frame> Stream::next() {
  for (;;) {
    // Drops bytes that cannot start a frame. A frame may also start within one that was wrong.
    const auto bytes = queue_.bytes();
    std::size_t start = 0;
    while (start + 1 < bytes.size() && model_of_id(static_cast<std::uint16_t>(big_endian(bytes, start, 2))) == nullptr) ++start;
    queue_.drop(start);
    if (queue_.bytes().size() < frame_bytes) return std::nullopt;
    const auto frame = decode(queue_.bytes().first<frame_bytes>());
    queue_.drop(frame ? frame_bytes : 1);
    if (frame) return frame;
    ++rejected_;
  }
}

}  // namespace tbft::power::rd_um
