#include "harness/data/corruption/corruption.h"

#include <fmt/format.h>

#include <algorithm>
#include <opencv2/core/utility.hpp>

#include "harness/data/corruption/makers.h"
#include "harness/host/edit_distance.h"

namespace tbft::data {

std::span<const Corruption> corruptions() {
  static constexpr std::array list{
      Corruption{"shot_noise", "noise", true, make_shot_noise},
      Corruption{"motion_blur", "blur", true, make_motion_blur},
      Corruption{"snow", "weather", true, make_snow},
      Corruption{"pixelate", "digital", false, make_pixelate},
      Corruption{"gaussian_noise", "noise", true, make_gaussian_noise},
      Corruption{"defocus_blur", "blur", false, make_defocus_blur},
      Corruption{"brightness", "weather", false, make_brightness},
      Corruption{"fog", "weather", true, make_fog},
      Corruption{"zoom_blur", "blur", false, make_zoom_blur},
      Corruption{"frost", "weather", true, make_frost},
      Corruption{"glass_blur", "blur", true, make_glass_blur},
      Corruption{"impulse_noise", "noise", true, make_impulse_noise},
      Corruption{"contrast", "digital", false, make_contrast},
      Corruption{"jpeg_compression", "digital", false, make_jpeg_compression},
      Corruption{"elastic_transform", "digital", true, make_elastic_transform},
  };
  return list;
}

const Corruption& find_corruption(std::string_view name) {
  const auto found = std::ranges::find(corruptions(), name, &Corruption::name);
  if (found != corruptions().end()) return *found;
  const auto known = corruptions();
  throw BadDatasetSpec(
      fmt::format("unknown corruption '{}'; did you mean '{}'?", name, nearest_to(name, known, &Corruption::name)->name));
}

std::optional<Condition> parse_condition(std::string_view name) {
  for (const auto& corruption : corruptions()) {
    for (int severity = 1; severity <= severities; ++severity) {
      if (name == fmt::format("{}-{}", corruption.name, severity)) return Condition{&corruption, severity};
    }
  }
  return std::nullopt;
}

std::vector<std::string> condition_names(int least_severity) {
  std::vector<std::string> names;
  for (const auto& corruption : corruptions()) {
    for (int severity = least_severity; severity <= severities; ++severity)
      names.push_back(fmt::format("{}-{}", corruption.name, severity));
  }
  return names;
}

std::vector<std::uint8_t> corrupt(const Images& images, const Condition& condition, std::uint64_t seed, const Frost& frost) {
  if (images.height != corrupted_side || images.width != corrupted_side) {
    throw DataError(fmt::format("the images have {}x{} px; corruptions are defined for {}x{}", images.width, images.height,
                                corrupted_side, corrupted_side));
  }
  const auto position = static_cast<std::uint64_t>(condition.corruption - corruptions().data());
  const std::uint64_t stream = 10 * (position + 1) + static_cast<std::uint64_t>(condition.severity);
  const Corrupt operation = condition.corruption->make(condition.severity, frost);
  std::vector<std::uint8_t> pixels = Pixels(images.pixels).owned();
  const auto bytes = static_cast<std::size_t>(images.bytes_per_image());
  cv::parallel_for_(cv::Range(0, static_cast<int>(images.size())), [&](const cv::Range& range) {
    for (int i = range.start; i < range.end; ++i) {
      Rng rng(seed, stream, static_cast<std::uint64_t>(i));
      operation(std::span(pixels).subspan(static_cast<std::size_t>(i) * bytes, bytes), rng);
    }
  });
  return pixels;
}

}  // namespace tbft::data
