#include "harness/experiment/sweep_point.h"

#include <fmt/format.h>

namespace tbft {

namespace {

// The axis's values, or one value that says nothing.
template <typename T>
std::vector<T> values(const std::vector<T>& axis) {
  return axis.empty() ? std::vector<T>{T{}} : axis;
}

}  // namespace

std::string SweepPoint::text() const {
  std::string text;
  const auto add = [&](const char* name, const auto& value) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
  };
  if (threads > 0) add("threads", threads);
  if (batch > 0) add("batch", batch);
  if (!frequencies.governor.empty()) add("governor", frequencies.governor);
  if (frequencies.max_kHz > 0) add("max_kHz", frequencies.max_kHz);
  return text;
}

std::vector<SweepPoint> sweep_points(const Settings& settings) {
  std::vector<SweepPoint> points;
  for (const auto threads : values(settings.sweep.threads))
    for (const auto batch : values(settings.sweep.batch))
      for (const auto& governor : values(settings.sweep.governor))
        for (const auto max_kHz : values(settings.sweep.max_kHz))
          points.push_back({threads, batch, {.governor = governor, .max_kHz = max_kHz}});
  return points;
}

}  // namespace tbft
