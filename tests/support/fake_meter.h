// A meter whose power is a function of time. Tests only.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "tbft/power/meter.h"
#include "tbft/power/window.h"

namespace tbft::power::testing {

class FunctionMeter final : public Meter {
 public:
  using Watts = std::function<std::optional<double>(TimeNs)>;  // nullopt: the read fails
  FunctionMeter(MeterInfo info, Watts watts) : info_(std::move(info)), watts_(std::move(watts)) {}
  const MeterInfo& info() const override { return info_; }
  void start(TimeNs /*first_window*/) override { last_ = -1; }
  void stop() override {}
  std::optional<Reading> poll(TimeNs now) override {
    if (now == std::exchange(last_, now)) return std::nullopt;
    const auto watts = watts_(now);
    if (!watts) return Reading{.t_ns = now, .flags = gap_begins};
    return Reading{.t_ns = now, .volts_V = 5, .amps_A = *watts / 5, .power_W = *watts};
  }

 private:
  MeterInfo info_;
  Watts watts_;
  TimeNs last_ = -1;
};

inline MeterInfo simple_meter(double period_s) {
  MeterInfo info;
  info.uri = "fake://";
  info.nominal_period_s = period_s;
  info.gap_limit_s = default_gap_limit_s(period_s);
  return info;
}

inline Reading watts(double t_s, double power_W) {
  return {.t_ns = from_seconds(t_s), .power_W = power_W};
}
inline Window window(double t0_s, double t1_s) {
  return {.name = "w", .t0_ns = from_seconds(t0_s), .t1_ns = from_seconds(t1_s)};
}

}  // namespace tbft::power::testing
