// The common part of meters with one reading for each poll. It distinguishes new values from repeated ones.
#pragma once

#include <optional>

#include "tbft/power/meter.h"

namespace tbft::power {

class PolledMeter : public Meter {
 public:
  // `refresh_s`: how often the source makes a new value; 0: at every read. If a value equals the previous one and less than
  // that time has passed, it is flagged `repeated`; after that time it is a new reading that happens to be equal.
  PolledMeter(MeterInfo info, double refresh_s);

  const MeterInfo& info() const override { return info_; }
  void start(TimeNs first_window) override;
  void stop() override {}
  // Stamped before `now` by half the latency plus the age of the middle of the current's conversion.
  std::optional<Reading> poll(TimeNs now) final;

 protected:
  // Fills in values and flags; false: the read failed, which becomes a gap.
  virtual bool sample(TimeNs now, Reading& reading) = 0;

  MeterInfo info_;
  // The time from the middle of the current's conversion to the end of the interval. If conversions of current and voltage
  // alternate, the current is in the first part.
  double age_s_;

 private:
  bool stands_still(TimeNs now, const Reading& reading) const;

  TimeNs refresh_;
  std::optional<TimeNs> polled_;
  std::optional<Reading> last_;  // the last new reading
  TimeNs changed_ = 0;           // when the last new value was read
};

}  // namespace tbft::power
