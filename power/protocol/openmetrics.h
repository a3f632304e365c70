// What a meter has measured since its server started, as counters that a monitoring system scrapes, and their text in the
// format OpenMetrics 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/). No socket and no clock here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tbft/power/meter.h"

namespace tbft::power {

// Counters only rise, so energy that flowed back (a battery that charges) is counted apart.
struct MeterFigures {
  double energy_J = 0;        // drawn, without what was drawn in gaps
  double returned_J = 0;      // the same of negative powers
  double power_W = unknown;   // of the last reading; unknown in a gap
  bool valid = false;         // whether the last reading is recent, and within the sensor's range
  std::size_t readings = 0;   // new values
  std::size_t saturated = 0;  // of these, at the end of the sensor's range
  std::size_t gaps = 0;
  double gap_s = 0;  // the length of the gaps that have ended
};

// Adds up readings in time order. Between two readings the power is interpolated linearly; an interval that is a gap, as in a
// window (RunningEnergy), adds no energy, except for a counter that was not reset.
class MeterTotals {
 public:
  explicit MeterTotals(const MeterInfo& meter);
  void add(const Reading& reading);
  // The figures at this instant.
  MeterFigures at(TimeNs now) const;

 private:
  void add_energy(double energy_J);
  void begin_gap();

  bool counter_;
  TimeNs limit_;
  TimeNs delay_;  // from a reading's instant to its arrival, in addition to the limit
  MeterFigures figures_;
  Reading last_;
  bool have_last_ = false;
  bool in_gap_ = false;
};

// The meter's description for whoever may read it: of a program's command, which may name machines and passwords, only exec://
// remains.
MeterInfo public_info(MeterInfo meter);

inline constexpr std::string_view openmetrics_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
// `created_s`: when the counters were 0, in seconds since 1970. Each sample has the labels meter (the URI as public_info()
// gives it), scope and measured.
std::string openmetrics_text(const MeterInfo& meter, const MeterFigures& figures, double created_s);

}  // namespace tbft::power
