// Converts raw counts to cumulative energy, for counters that wrap (RAPL powercap) and for counters that can only restart.
#pragma once

#include <cstdint>
#include <optional>

#include "tbft/power/units.h"

namespace tbft::power {

class CounterUnwrapper {
 public:
  // `range`: the count at which the counter wraps to 0 (powercap: max_energy_range_uj). `unit_J`: joules of one count. `max_W`:
  // an upper bound of the device's power. Throws std::invalid_argument unless all are positive.
  CounterUnwrapper(std::uint64_t range, double unit_J, double max_W);

  struct Value {
    double energy_J = unknown;  // since the first count
    // At max_W the counter could have wrapped more than once since the last count, or it counted more than max_W allows, as a
    // counter restarted at 0 seems to. The caller must flag the reading `saturated`, which makes the energy over this interval
    // invalid.
    bool ambiguous = false;
  };
  // Throws std::out_of_range for a count beyond the range. Do not call this for a failed read, which is not a count of 0.
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

// A counter that does not wrap. A count that is impossible after the last one, because it would need too much power or because
// it decreased, is a damaged read or a restart; the next read decides.
class CounterGuard {
 public:
  // `max_W`: an upper bound of the device's power. `slack_J`: how far a count may be ahead, at least one step. Works for
  // amperes and coulombs as well.
  CounterGuard(double max_W, double slack_J) : max_W_(max_W), slack_J_(slack_J) {}

  struct Value {
    double energy_J = unknown;  // continues after a restart
    bool began_anew = false;    // the count before this read is lost; flag the reading `reinitialised`
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
  std::optional<Count> doubtful_;  // followed last_, but is impossible after it
  double before_J_ = 0;            // added to every count
};

}  // namespace tbft::power
