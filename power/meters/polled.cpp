#include "power/meters/polled.h"

#include <cmath>
#include <utility>

namespace tbft::power {
namespace {

// A poll that is slightly early still finds a new value.
constexpr double early = 0.9;

bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

}  // namespace

PolledMeter::PolledMeter(MeterInfo info, double refresh_s)
    : info_(std::move(info)),
      age_s_(info_.averaging_s * (1 - info_.current_share / 2)),
      refresh_(from_seconds(early * refresh_s)) {}

void PolledMeter::start(TimeNs /*first_window*/) {
  polled_.reset();
  last_.reset();
}

bool PolledMeter::stands_still(TimeNs now, const Reading& reading) const {
  return last_ && now - changed_ < refresh_ && same(reading.power_W, last_->power_W) &&
         same(reading.energy_J, last_->energy_J) && same(reading.volts_V, last_->volts_V) &&
         same(reading.amps_A, last_->amps_A);
}

std::optional<Reading> PolledMeter::poll(TimeNs now) {
  if (polled_ && now <= *polled_) return std::nullopt;
  polled_ = now;
  Reading reading;
  const bool good = sample(now, reading);
  const TimeNs t = now - from_seconds(age_s_ + info_.latency_s / 2);
  if (!good) {
    last_.reset();
    return Reading{.t_ns = t, .flags = gap_begins};
  }
  reading.t_ns = t;
  if (stands_still(now, reading)) {
    reading.flags |= repeated;
  } else {
    last_ = reading;
    changed_ = now;
  }
  return reading;
}

}  // namespace tbft::power
