#include "power/engine/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <future>
#include <utility>

namespace tbft::power {
namespace {

constexpr double least_share = 0.95;           // share of the conversions that gave a reading
constexpr std::size_t least_conversions = 50;  // with fewer, the share is not meaningful

double thread_cpu_s() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

TimeNs checked(double interval_s) {
  if (interval_s >= 1e-6 && interval_s <= 86400) return from_seconds(interval_s);
  throw std::invalid_argument(fmt::format("sampler: interval {} s: it must be 1 us to 1 day", interval_s));
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
  std::size_t skipped = 0;
  // A replay may have several readings; any other meter returns at once that there is no second one.
  while (const auto reading = meter_.poll(now)) {
    const bool known = std::isfinite(reading->power_W) || std::isfinite(reading->energy_J);
    if (!known) last_reading_.reset();  // conversions lost by a failed read are not missed conversions
    if (known && (reading->flags & repeated) == 0) {
      ++distinct;
      skipped += skipped_before(*reading);
    }
    sink_(*reading);
  }
  if (now >= scheduled_) scheduled_ += interval_ * (1 + (now - scheduled_) / interval_);

  const std::lock_guard lock(mutex_);
  last_poll_ = now;
  ++polls_;
  distinct_ += distinct;
  skipped_ += skipped;
  if (now > due) missed_ += static_cast<std::size_t>((now - due) / period_);
  cpu_s_ = thread_cpu_s();
}

std::size_t SamplingLoop::skipped_before(const Reading& reading) {
  const auto before = std::exchange(last_reading_, reading.t_ns);
  const MeterInfo& meter = meter_.info();  // the present info: a converter may have changed its averaging
  if (!before || !meter.paces_itself || (reading.flags & reinitialised) != 0) return 0;
  // A network's readings wake nobody here, and their converter may have slowed down since it was described.
  if (meter.arrival_delay_s > 0) return 0;
  // Judged by the spacing and not by the rate, because an oscillator may be off by 10 %.
  const double periods = std::round(to_seconds(reading.t_ns - *before) / meter.nominal_period_s);
  return periods > 1 ? static_cast<std::size_t>(periods) - 1 : 0;
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
  stats.distinct = distinct_;
  stats.skipped = skipped_;
  stats.missed = missed_;
  stats.cpu_s = cpu_s_;
  return stats;
}

std::string shortfall(const SamplerStats& stats, const MeterInfo& meter) {
  const std::size_t made = stats.distinct + stats.skipped;
  const double share = static_cast<double>(stats.distinct) / static_cast<double>(std::max<std::size_t>(made, 1));
  if (!meter.paces_itself || made < least_conversions || share >= least_share) return {};
  return fmt::format(
      "{:.0f} % of the conversions gave a reading ({} of {}): the sampler woke too late for the others. An interval of 10 ms "
      "(-i 10ms) averages in hardware and loses no energy{}",
      100 * share, stats.distinct, made,
      stats.scheduling.realtime() ? "" : "; --realtime on wakes it in time, and says how to permit that");
}

Sampler::Sampler(Meter& meter, Clock& clock, double interval_s, ReadingSink sink, Realtime realtime)
    : loop_(meter, clock, interval_s, std::move(sink)) {
  std::promise<Scheduling> asked;
  auto got = asked.get_future();
  thread_ = std::jthread([this, realtime, asked = std::move(asked)](const std::stop_token& stop) mutable {
    try {
      asked.set_value(schedule_this_thread(realtime));
    } catch (const RealtimeForbidden&) {
      asked.set_exception(std::current_exception());
      return;
    }
    run(stop);
  });
  scheduling_ = got.get();
}

void Sampler::run(const std::stop_token& stop) {
  try {
    while (!stop.stop_requested()) loop_.step(stop);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    error_ = std::current_exception();
  }
}

SamplerStats Sampler::stats() const {
  SamplerStats stats = loop_.stats();
  stats.scheduling = scheduling_;
  return stats;
}

std::exception_ptr Sampler::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

}  // namespace tbft::power
