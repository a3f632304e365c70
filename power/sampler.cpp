#include "power/sampler.h"

#include <fmt/format.h>

#include <cmath>
#include <ctime>
#include <utility>

namespace tbft::power {
namespace {

double thread_cpu_s() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

TimeNs checked(double interval_s) {
  if (interval_s >= 1e-6 && interval_s <= 86400) return from_seconds(interval_s);
  throw std::invalid_argument(fmt::format("sampler: an interval of {} s; 1 us to 1 day is possible", interval_s));
}

}  // namespace

SamplingLoop::SamplingLoop(Meter& meter, Clock& clock, double interval_s, ReadingSink sink)
    : meter_(meter),
      clock_(clock),
      interval_(checked(interval_s)),
      period_(meter.info().paces_itself ? checked(meter.info().nominal_period_s) : interval_),
      sink_(std::move(sink)),
      begun_(clock.now()),
      scheduled_(begun_),
      last_poll_(begun_) {}

void SamplingLoop::step(const std::stop_token& stop) {
  const TimeNs due = meter_.next_poll(scheduled_);
  clock_.sleep_until(due, stop);
  if (stop.stop_requested()) return;
  const TimeNs now = clock_.now();
  std::size_t distinct = 0;
  // A meter that plays back may hold several readings; any other says at once that it has no second one.
  while (const auto reading = meter_.poll(now)) {
    const bool known = std::isfinite(reading->power_W) || std::isfinite(reading->energy_J);
    if (known && (reading->flags & repeated) == 0) ++distinct;
    sink_(*reading);
  }
  if (now >= scheduled_) scheduled_ += interval_ * (1 + (now - scheduled_) / interval_);

  const std::lock_guard lock(mutex_);
  last_poll_ = now;
  ++polls_;
  distinct_ += distinct;
  if (now > due) missed_ += static_cast<std::size_t>((now - due) / period_);
  cpu_s_ = thread_cpu_s();
}

SamplerStats SamplingLoop::stats() const {
  const std::lock_guard lock(mutex_);
  SamplerStats stats;
  stats.requested_hz = 1 / to_seconds(interval_);
  if (last_poll_ > begun_) {
    const double elapsed_s = to_seconds(last_poll_ - begun_);
    stats.delivered_hz = static_cast<double>(polls_) / elapsed_s;
    stats.distinct_hz = static_cast<double>(distinct_) / elapsed_s;
  }
  stats.missed = missed_;
  stats.cpu_s = cpu_s_;
  return stats;
}

Sampler::Sampler(Meter& meter, Clock& clock, double interval_s, ReadingSink sink)
    : loop_(meter, clock, interval_s, std::move(sink)), thread_([this](const std::stop_token& stop) {
        try {
          while (!stop.stop_requested()) loop_.step(stop);
        } catch (...) {
          const std::lock_guard lock(mutex_);
          error_ = std::current_exception();
        }
      }) {}

std::exception_ptr Sampler::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

}  // namespace tbft::power
