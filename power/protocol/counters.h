// Energy counters: from raw counts to a cumulative one. Those that wrap (RAPL powercap), and those that can only begin anew.
#pragma once

#include <cstdint>
#include <optional>

#include "tbft/power/units.h"

namespace tbft::power {

class CounterUnwrapper {
 public:
  // `range`: the count at which the counter starts again at 0 (powercap: max_energy_range_uj). `unit_J`: joules of one count.
  // `max_W`: more than the device can ever draw. Throws std::invalid_argument unless all are positive.
  CounterUnwrapper(std::uint64_t range, double unit_J, double max_W);

  struct Value {
    double energy_J = unknown;  // since the first count
    // At max_W the counter could have gone through its whole range since the last count, so whole ranges may be missing, or
    // it counted more than max_W allows, as one that began anew at 0 seems to: the
    // reading is to be flagged `saturated`, which makes the energy over this interval invalid.
    bool ambiguous = false;
  };
  // Throws std::out_of_range for a count beyond the range. A failed read is not passed on at all: it is not a 0.
  Value next(TimeNs t_ns, std::uint64_t count);

 private:
  struct Last {
    TimeNs t_ns;
    std::uint64_t count;
  };
  std::uint64_t range_;
  double unit_J_;
  double max_W_;
  std::optional<Last> last_;
  std::uint64_t total_ = 0;
};

// A counter that does not wrap. A count that it cannot have reached since the last one, because no device draws that much or
// because it went back, is a damaged read, or it began anew: the next read tells.
class CounterGuard {
 public:
  // `max_W`: more than the device can ever draw. `slack_J`: how far a count may be ahead, at least its step. Serves amperes and
  // coulombs as well.
  CounterGuard(double max_W, double slack_J) : max_W_(max_W), slack_J_(slack_J) {}

  struct Value {
    double energy_J = unknown;  // goes on from where it was
    bool began_anew = false;    // what it counted up to this read is lost: the reading is to be flagged `reinitialised`
  };
  // nullopt: the read failed.
  std::optional<Value> next(TimeNs t_ns, double count_J);

 private:
  struct Count {
    TimeNs t_ns;
    double count_J;
  };
  bool follows(const std::optional<Count>& earlier, const Count& now) const;

  double max_W_;
  double slack_J_;
  std::optional<Count> last_;
  std::optional<Count> doubtful_;  // came after last_, and does not follow from it
  double before_J_ = 0;            // added to every count
};

}  // namespace tbft::power
