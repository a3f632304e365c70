// Energy counters that wrap (RAPL powercap): from raw counts to a cumulative one.
#pragma once

#include <cstdint>
#include <optional>

#include "power/units.h"

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

}  // namespace tbft::power
