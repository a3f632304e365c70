// Named windows: the intervals whose energy is measured.
#pragma once

#include <string>
#include <string_view>

#include "tbft/power/units.h"

namespace tbft::power {

// A row of its own in the trace: the exact instant at which a named window opened or closed.
struct Mark {
  TimeNs t_ns = 0;
  std::string name;
  bool opens = true;
};

// A named interval [t0, t1] on the steady clock. Windows nest and overlap; the same name may recur.
struct Window {
  std::string name;
  TimeNs t0_ns = 0;
  TimeNs t1_ns = 0;
};

// Whether a window may have this name, since a trace file must hold it: 1 to 512 bytes, no comma, quote or control character.
bool is_valid_mark_name(std::string_view name);

}  // namespace tbft::power
