// What meters have in common that are read by asking: one reading a poll, values that stand still told apart from new ones.
#pragma once

#include <optional>

#include "tbft/power/meter.h"

namespace tbft::power {

class PolledMeter : public Meter {
 public:
  // `refresh_s`: how often the source makes a new value; 0: at every read. A value that equals the one before and is younger
  // than that is the same one again (flag repeated); an older one is a new reading that happens to be equal.
  PolledMeter(MeterInfo info, double refresh_s);

  const MeterInfo& info() const override { return info_; }
  void start(TimeNs first_window) override;
  void stop() override {}
  // Stamped before `now` by half the latency and the age of the middle of the time in which the current was seen.
  std::optional<Reading> poll(TimeNs now) final;

 protected:
  // Fills in values and flags; false: the read failed, which becomes a gap.
  virtual bool sample(TimeNs now, Reading& reading) = 0;

  MeterInfo info_;
  // From the middle of the time in which the current is seen to the end of the interval. Where the current takes turns with the
  // voltage it is seen in the first part.
  double age_s_;

 private:
  bool stands_still(TimeNs now, const Reading& reading) const;

  TimeNs refresh_;
  std::optional<TimeNs> polled_;
  std::optional<Reading> last_;  // the last new one
  TimeNs changed_ = 0;           // when it was read
};

}  // namespace tbft::power
