#include "harness/measurement/watch_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/measurement/energy_text.h"
#include "results/layout.h"

namespace tbft {

namespace {

constexpr std::array<std::string_view, 8> blocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 5> ascii{"_", ".", "-", "=", "#"};

std::string watts_text(double power_W) {
  return std::isfinite(power_W) ? fmt::format("{:.4g} W", power_W) : std::string("no reading");
}

std::string lap_part(const WatchMoment& moment) {
  return moment.lap > 1 ? fmt::format(" | lap {}: {:.4g} J in {:.1f} s", moment.lap, moment.lap_J, moment.lap_s)
                        : std::string();
}

}  // namespace

void WatchCurve::add(double t_s, double power_W) {
  const auto number = static_cast<long long>(std::floor(std::max(t_s, 0.0) / column_s_));
  // After a pause of any length, at most as many columns are added as are kept.
  const auto fresh = std::min<long long>(number - last_, static_cast<long long>(most_));
  for (long long i = 0; i < fresh; ++i) columns_.emplace_back();
  last_ = std::max(last_, number);
  while (columns_.size() > most_) columns_.pop_front();
  if (!std::isfinite(power_W)) return;
  columns_.back().sum_W += power_W;
  ++columns_.back().count;
}

double WatchCurve::top_W(std::size_t width) const {
  double top_W = power::unknown;
  for (std::size_t i = first_of(width); i < columns_.size(); ++i) top_W = std::fmax(top_W, columns_[i].mean_W());
  return top_W;
}

std::string WatchCurve::text(std::size_t width, bool unicode) const {
  const double top_W = std::max(this->top_W(width), 0.0);
  const auto levels = unicode ? blocks.size() : ascii.size();
  std::string text;
  for (std::size_t i = first_of(width); i < columns_.size(); ++i) {
    const double mean_W = columns_[i].mean_W();
    if (!std::isfinite(mean_W)) {
      text += ' ';
      continue;
    }
    const double share = top_W > 0 ? std::clamp(mean_W / top_W, 0.0, 1.0) : 0;
    const auto level = static_cast<std::size_t>(std::lround(share * static_cast<double>(levels - 1)));
    text += unicode ? blocks.at(level) : ascii.at(level);
  }
  return text;
}

std::string watch_line(const WatchMoment& moment, const WatchCurve& curve, std::string_view hint, std::size_t width,
                       bool unicode) {
  constexpr std::size_t usual_curve = 40, shortest_curve = 8;
  const std::string front = fmt::format("{:<10} ", watts_text(moment.power_W));
  const std::string back = fmt::format(" | {:.4g} J in {:.1f} s{}", moment.energy_J, moment.t_s, lap_part(moment));
  std::string tail = fmt::format(" | {}", hint);
  const auto scale = [&](std::size_t columns) {
    const double top_W = curve.top_W(columns);
    return std::isfinite(top_W) ? fmt::format(" to {:.3g} W", top_W) : std::string();
  };
  std::size_t room = usual_curve;
  if (width > 0) {
    const auto left = [&] {
      const std::size_t taken = front.size() + back.size() + tail.size() + scale(width).size() + 1;
      return width > taken ? width - taken : std::size_t{0};
    };
    if (left() < shortest_curve) tail.clear();
    room = left();
  }
  const std::string bars = room >= shortest_curve ? curve.text(room, unicode) + scale(room) : std::string();
  return results::cut(front + bars + back + tail, width > 0 ? width : 1000);
}

std::string watch_line(std::span<const WatchMoment> moments, std::span<const WatchCurve> curves, std::string_view hint,
                       std::size_t width, bool unicode) {
  if (moments.size() == 1) return watch_line(moments.front(), curves.front(), hint, width, unicode);
  constexpr std::size_t usual_curve = 20, shortest_curve = 4;
  const WatchMoment& first = moments.front();
  std::string back = fmt::format("{:.1f} s{}", first.t_s, first.lap > 1 ? fmt::format(", lap {}", first.lap) : "");
  std::vector<std::pair<std::string, std::string>> parts;  // before and behind the curve
  std::size_t taken = back.size();
  for (const auto& moment : moments) {
    parts.emplace_back(fmt::format("{:<8} ", watts_text(moment.power_W)), fmt::format(" {:.4g} J | ", moment.energy_J));
    taken += parts.back().first.size() + parts.back().second.size();
  }
  const std::string tail = fmt::format(" | {}", hint);
  std::size_t room = usual_curve;
  if (width > 0) {
    const auto share = [&](std::size_t used) { return width > used ? (width - used) / moments.size() : std::size_t{0}; };
    room = std::min(usual_curve, share(taken + tail.size()));
    if (room < shortest_curve) room = std::min(usual_curve, share(taken));
  }
  if (width == 0 || taken + room * moments.size() + tail.size() <= width) back += tail;
  std::string line;
  for (std::size_t i = 0; i < moments.size(); ++i)
    line += parts[i].first + (room >= shortest_curve ? curves[i].text(room, unicode) : "") + parts[i].second;
  return results::cut(line + back, width > 0 ? width : 1000);
}

std::string watch_row(std::span<const WatchMoment> moments) {
  std::string row = fmt::format("{:.1f} s", moments.front().t_s);
  for (const auto& moment : moments) row += fmt::format("   {}   {:.4g} J", watts_text(moment.power_W), moment.energy_J);
  return row;
}

std::string lap_text(std::size_t lap, const power::Energy& energy) {
  const std::string name = fmt::format("lap {}", lap);
  if (!energy.valid) return fmt::format("{:<9} invalid: {}", name, energy.reason);
  return fmt::format("{:<9} {:.4g} J{}, {:.3f} s, {:.4g} W", name, energy.energy_J, plus_minus(energy.U_J, energy.U_random_J),
                     energy.duration_s, energy.mean_W);
}

}  // namespace tbft
