// What `tbft watch` shows: one line that is drawn again and again, or one line a second. Pure functions of numbers.
#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>

#include "tbft/power/energy.h"
#include "tbft/power/units.h"

namespace tbft {

// Power over time, as characters whose height is the mean power of a column. A column without a known power is blank.
class WatchCurve {
 public:
  // `column_s`: the seconds of one column. Keeps `most` columns.
  explicit WatchCurve(double column_s, std::size_t most = 1000) : column_s_(column_s), most_(most) {}

  // The power in W at a time in s; unknown (NaN) if the meter has none now. Times do not fall.
  void add(double t_s, double power_W);
  // The last `width` columns, the present one at the right, from the lowest bar at 0 W to the highest at top_W(). Bars are
  // block elements of Unicode, or ASCII. Negative power is the lowest bar.
  std::string text(std::size_t width, bool unicode) const;
  // The largest column among the last `width` in W; unknown if there is none.
  double top_W(std::size_t width) const;

 private:
  struct Column {
    double sum_W = 0;
    std::size_t count = 0;
    double mean_W() const { return count > 0 ? sum_W / static_cast<double>(count) : power::unknown; }
  };
  std::size_t first_of(std::size_t width) const { return columns_.size() > width ? columns_.size() - width : 0; }

  double column_s_;
  std::size_t most_;
  std::deque<Column> columns_;
  long long last_ = -1;  // number of the last column since the beginning
};

// One moment of a watched meter.
struct WatchMoment {
  double t_s = 0;                   // since the beginning
  double power_W = power::unknown;  // now; unknown in a gap
  double energy_J = 0;              // since the beginning
  std::size_t lap = 1;              // the running lap, from 1
  double lap_s = 0, lap_J = 0;      // since it began
};

// "5.02 W ▁▂▅█ to 6.2 W | 12.3 J in 2.5 s | lap 2: 3.1 J in 0.6 s | HINT", at most `width` characters (0:
// any). The curve gets what is left, and the hint is left out where there is little room.
std::string watch_line(const WatchMoment& moment, const WatchCurve& curve, std::string_view hint, std::size_t width,
                       bool unicode);
// The same for several meters, which share the time and the lap: "5.02 W ▁▂▅ 12.3 J | 4.98 W ▁▂▅ 12.2 J | 2.5 s, lap 2 |
// HINT". The curves share what is left. `moments` and `curves` have an element for each meter.
std::string watch_line(std::span<const WatchMoment> moments, std::span<const WatchCurve> curves, std::string_view hint,
                       std::size_t width, bool unicode);
// "12.0 s   5.02 W   60.2 J   4.98 W   59.8 J", for output that is not a terminal.
std::string watch_row(std::span<const WatchMoment> moments);
// "lap 2     3.1 J +- 0.1 J (k=2), 0.612 s, 5.02 W", or why it has no energy.
std::string lap_text(std::size_t lap, const power::Energy& energy);

}  // namespace tbft
