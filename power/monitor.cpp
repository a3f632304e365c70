#include "power/monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <map>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "power/trace_file.h"

namespace tbft::power {
namespace {

constexpr TimeNs never = std::numeric_limits<TimeNs>::max();

bool is_sample(const Reading& r) {
  return (r.flags & repeated) == 0 && (std::isfinite(r.power_W) || std::isfinite(r.energy_J));
}

void forget_before(std::vector<Reading>& readings, TimeNs t_ns) {
  const auto keep = std::ranges::lower_bound(readings, t_ns, {}, &Reading::t_ns);
  readings.erase(readings.begin(), keep);
}

}  // namespace

// Two threads meet in `inbox`, `live` and `trace`, under the mutex. The rest belongs to the caller's thread, so that
// integrating a long window never holds up the sampler.
struct Monitor::Impl {
  std::unique_ptr<Meter> meter;
  MeterInfo info;
  std::shared_ptr<Clock> clock;
  TimeNs interval = 0;
  TimeNs gap_limit = 0;
  TimeNs arrival = 0;  // how long after its own instant a reading may arrive

  std::mutex mutex;
  std::vector<Reading> inbox;
  TimeNs needed_from = never;  // the oldest instant that a window still needs
  Live live;
  Reading live_last;
  std::unique_ptr<TraceWriter> trace;
  std::exception_ptr trace_error;  // why `trace` was given up

  std::vector<Reading> history;
  TimeNs last_sample = std::numeric_limits<TimeNs>::min();
  std::map<std::string, TimeNs, std::less<>> open;
  std::vector<Window> pending;  // closed, their energy not known yet
  std::map<std::string, std::vector<Energy>, std::less<>> settled;

  // An instant replay: marks since the outermost window opened, and where the last playing of the recording ended.
  bool instant = false;
  std::vector<Mark> marks;
  TimeNs played_until = std::numeric_limits<TimeNs>::min();

  SamplerStats stats;                // of the sampler, once it has ended
  std::unique_ptr<Sampler> sampler;  // last: its thread ends before what it uses

  void start(TimeNs first_window) {
    meter->start(first_window);
    sampler = std::make_unique<Sampler>(*meter, *clock, to_seconds(interval), [this](const Reading& r) { receive(r); });
  }

  // Sampler's thread.
  void receive(const Reading& reading) {
    const std::lock_guard lock(mutex);
    if (inbox.size() == inbox.capacity()) forget_before(inbox, std::min(needed_from, reading.t_ns) - gap_limit - arrival);
    inbox.push_back(reading);
    if (is_sample(reading)) follow(reading);
    record(reading);
  }

  // Under the mutex. A trace that cannot be written any further must not end the measurement: sync() tells of it.
  template <typename Row>
  void record(const Row& row) {
    if (!trace) return;
    try {
      trace->write(row);
    } catch (const std::system_error&) {
      trace_error = std::current_exception();
      trace.reset();
    }
  }

  void follow(const Reading& reading) {
    if (live_last.t_ns != 0 && reading.t_ns > live_last.t_ns) {
      const double dt_s = to_seconds(reading.t_ns - live_last.t_ns);
      const double joules_J =
          info.counter ? reading.energy_J - live_last.energy_J : (reading.power_W + live_last.power_W) / 2 * dt_s;
      live.watts_W = info.counter ? joules_J / dt_s : reading.power_W;
      live.joules_J += joules_J;
    }
    live_last = reading;
  }

  void check() const {
    if (!sampler) return;
    if (const auto error = sampler->error()) std::rethrow_exception(error);
  }

  // Takes over what has arrived, settles the windows that are complete, and drops readings that no window needs.
  void update() {
    check();
    {
      const std::lock_guard lock(mutex);
      for (const Reading& r : inbox) {
        if (is_sample(r)) last_sample = std::max(last_sample, r.t_ns);
      }
      history.insert(history.end(), inbox.begin(), inbox.end());
      inbox.clear();
    }
    if (instant) return;
    const TimeNs now = clock->now();
    std::erase_if(pending, [&](const Window& window) {
      if (last_sample < window.t1_ns && now <= window.t1_ns + gap_limit + arrival) return false;
      settled[window.name].push_back(power::energy_part(history, window, info));
      return true;
    });
    TimeNs oldest = never;
    for (const auto& [name, t_ns] : open) oldest = std::min(oldest, t_ns);
    for (const Window& window : pending) oldest = std::min(oldest, window.t0_ns);
    const TimeNs keep_from = std::min(oldest, now) - gap_limit - arrival;
    // Erasing from the front moves the rest: worth it only when there is much to drop.
    if (!history.empty() && history[history.size() / 2].t_ns < keep_from) forget_before(history, keep_from);
    const std::lock_guard lock(mutex);
    needed_from = oldest;
  }

  void mark(TimeNs t_ns, std::string_view name, bool opens) {
    const Mark row{.t_ns = t_ns, .name = std::string(name), .opens = opens};
    if (instant) {
      marks.push_back(row);
    } else if (trace) {
      const std::lock_guard lock(mutex);
      record(row);
    }
  }

  // The outermost window has closed: the recording is played once, on a time line of its own, in which the window is as long as
  // the recording and the windows inside it keep their share. The trace file gets the same rows.
  void play(const Recording& recording) {
    const TimeNs begins = recording.readings.front().t_ns;
    const TimeNs length = recording.readings.back().t_ns - begins;
    const TimeNs from = marks.front().t_ns;
    const TimeNs until = marks.back().t_ns;
    const TimeNs base = std::max(from, played_until + 1);
    played_until = base + length;
    const auto place = [&](TimeNs t, bool opens) -> TimeNs {
      if (t == (opens ? from : until)) return opens ? base : played_until;  // also for a window of no duration
      if (t == (opens ? until : from)) return opens ? played_until : base;
      return base +
             std::llround(static_cast<double>(length) * (static_cast<double>(t - from) / static_cast<double>(until - from)));
    };
    std::vector<Reading> readings = recording.readings;
    for (Reading& r : readings) r.t_ns += base - begins;
    for (const Window& window : pending) {
      const Window placed{.name = window.name, .t0_ns = place(window.t0_ns, true), .t1_ns = place(window.t1_ns, false)};
      settled[window.name].push_back(power::energy_part(readings, placed, info));
    }
    pending.clear();
    const std::lock_guard lock(mutex);
    for (const Reading& r : readings) {
      follow(r);
      record(r);
    }
    for (Mark& m : marks) {
      m.t_ns = place(m.t_ns, m.opens);
      record(m);
    }
    marks.clear();
  }

  bool is_pending(std::string_view name) const {
    return std::ranges::any_of(pending, [&](const Window& window) { return window.name == name; });
  }
};

Monitor::Monitor(std::unique_ptr<Meter> meter, MonitorOptions options) : impl_(std::make_unique<Impl>()) {
  Impl& self = *impl_;
  self.meter = std::move(meter);
  self.clock = options.clock ? std::move(options.clock) : steady_clock();
  self.info = self.meter->info();
  if (options.interval_s > self.info.nominal_period_s) {
    // Polled more slowly than the meter could: that is what it now delivers.
    self.info.nominal_period_s = options.interval_s;
    self.info.gap_limit_s = std::max(self.info.gap_limit_s, default_gap_limit_s(options.interval_s));
  }
  if (self.info.gap_limit_s <= 0) self.info.gap_limit_s = default_gap_limit_s(self.info.nominal_period_s);
  self.interval = from_seconds(options.interval_s > 0 ? options.interval_s : self.info.nominal_period_s);
  self.gap_limit = from_seconds(self.info.gap_limit_s);
  self.arrival = from_seconds(self.info.averaging_s + self.info.latency_s) + 2 * self.interval;
  self.inbox.reserve(4096);
  if (options.trace) self.trace = std::make_unique<TraceWriter>(*options.trace, self.info, clock_pair_now());
  const Recording* recording = self.meter->recording();
  self.instant = recording != nullptr && recording->instant;
  if (recording != nullptr) return;  // starts with the first window

  self.start(self.clock->now());
  // The first window needs a reading before its start.
  const TimeNs give_up = self.clock->now() + self.gap_limit + self.arrival;
  for (self.update(); self.history.empty() && self.clock->now() < give_up; self.update()) {
    self.clock->sleep_until(self.clock->now() + std::min(self.interval, self.gap_limit));
  }
}

Monitor::~Monitor() {
  try {
    close();
  } catch (const std::exception&) {  // a destructor has nobody to tell; close() does
    return;
  }
}

void Monitor::sync() {
  Impl& self = *impl_;
  const std::lock_guard lock(self.mutex);
  if (self.trace_error) std::rethrow_exception(self.trace_error);
  if (self.trace) self.trace->sync();
}

void Monitor::close() {
  Impl& self = *impl_;
  if (self.sampler) {
    self.stats = self.sampler->stats();
    self.sampler.reset();
    self.meter->stop();
  }
  const std::lock_guard lock(self.mutex);
  if (self.trace_error) std::rethrow_exception(self.trace_error);
  if (self.trace) self.trace->close();
  self.trace.reset();
}

const MeterInfo& Monitor::meter() const {
  return impl_->info;
}

void Monitor::begin(std::string_view name) {
  Impl& self = *impl_;
  if (!is_valid_mark_name(name)) {
    throw std::invalid_argument(
        fmt::format("window name `{}`: 1 to 512 bytes without comma, quote or control character", name));
  }
  self.update();
  const auto [entry, fresh] = self.open.try_emplace(std::string(name), 0);
  if (!fresh) throw std::logic_error(fmt::format("window `{}` is open already", name));
  entry->second = self.clock->now();
  {
    const std::lock_guard lock(self.mutex);
    self.needed_from = std::min(self.needed_from, entry->second);
  }
  self.mark(entry->second, name, true);
  if (self.meter->recording() != nullptr && !self.instant && !self.sampler) self.start(entry->second);
}

void Monitor::end(std::string_view name) {
  Impl& self = *impl_;
  const TimeNs now = self.clock->now();
  const auto entry = self.open.find(name);
  if (entry == self.open.end()) throw std::logic_error(fmt::format("window `{}` is not open", name));
  self.mark(now, name, false);
  self.pending.push_back({.name = entry->first, .t0_ns = entry->second, .t1_ns = now});
  self.open.erase(entry);
  if (self.instant && self.open.empty()) self.play(*self.meter->recording());
  self.update();
}

Energy Monitor::energy(std::string_view name) {
  Impl& self = *impl_;
  if (!self.is_pending(name) && !self.settled.contains(name)) {
    throw std::logic_error(fmt::format("window `{}` was never closed", name));
  }
  self.update();
  if (self.instant && self.is_pending(name)) {
    Energy waiting;
    waiting.reason = "an instant replay knows a window's energy only once the outermost window has closed";
    return waiting;
  }
  while (self.is_pending(name)) {
    self.clock->sleep_until(self.clock->now() + std::min(self.interval, self.gap_limit));
    self.update();
  }
  return combine(self.settled.find(name)->second);
}

void Monitor::forget(std::string_view prefix) {
  Impl& self = *impl_;
  std::erase_if(self.pending, [&](const Window& window) { return window.name.starts_with(prefix); });
  std::erase_if(self.settled, [&](const auto& entry) { return entry.first.starts_with(prefix); });
  self.update();
}

Live Monitor::live() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->live;
}

SamplerStats Monitor::sampler() const {
  return impl_->sampler ? impl_->sampler->stats() : impl_->stats;
}

}  // namespace tbft::power
