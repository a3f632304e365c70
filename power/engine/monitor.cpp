#include "tbft/power/monitor.h"

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

#include "power/engine/sampler.h"
#include "power/engine/trace_queue.h"
#include "tbft/power/running_energy.h"
#include "tbft/power/trace.h"

namespace tbft::power {
namespace {

// A window whose energy is not known yet.
struct Unsettled {
  std::string name;
  TimeNs t0_ns = 0;
  bool open = true;
  RunningEnergy energy;
};

}  // namespace

// Readings reach the windows they belong to on the sampler's thread, so that nothing piles up while the caller is busy for
// hours. Everything below `mutex` is guarded by it; it is never held while a disk works. Readings and marks enter the trace's
// queue under it, so that no mark stands behind a reading that is younger.
struct Monitor::Impl {
  std::unique_ptr<Meter> meter;
  MeterInfo info;
  std::shared_ptr<Clock> clock;
  TimeNs interval = 0;
  TimeNs gap_limit = 0;
  TimeNs edge = 0;     // how long after the end of a window a reading is still waited for
  TimeNs arrival = 0;  // how long after its own instant a reading may arrive
  TimeNs reach = 0;    // how far inside a window its end blurs readings
  std::function<void(const Mark&)> on_mark;
  bool instant = false;  // a replay laid over each outermost window

  std::mutex mutex;
  // Readings that are too young for windows that may end now, in time order. What is older was added to all windows.
  std::vector<Reading> young;
  // For windows that open later: the last sample that is not young, and whether a read failed after it.
  std::optional<Reading> last_old;
  bool failed_since = false;
  TimeNs last_sample = std::numeric_limits<TimeNs>::min();
  TimeNs asleep_ns = 0;  // what the clock said of it at the last reading
  std::vector<Unsettled> windows;
  std::map<std::string, std::vector<Energy>, std::less<>> settled;
  Live live;
  Reading live_last;

  // An instant replay: marks since the outermost window opened, and where the last playing of the recording ended.
  std::vector<Mark> marks;
  TimeNs played_until = std::numeric_limits<TimeNs>::min();

  std::unique_ptr<TraceQueue> trace;  // null: none

  Realtime realtime = Realtime::automatic;
  SamplerStats stats;                // of the sampler, once it has ended
  std::exception_ptr sampler_error;  // as `stats`
  std::unique_ptr<Sampler> sampler;  // last: its thread ends before what it uses

  void start(TimeNs first_window) {
    meter->start(first_window);
    sampler = std::make_unique<Sampler>(
        *meter, *clock, to_seconds(interval), [this](const Reading& r) { receive(r); }, realtime);
  }

  // Sampler's thread.
  void receive(Reading reading) {
    const std::lock_guard lock(mutex);
    constexpr TimeNs shortest_suspend = 100'000'000;
    const TimeNs slept = clock->asleep();
    if (slept - std::exchange(asleep_ns, slept) > shortest_suspend) reading.flags |= asleep;
    if (trace) trace->write(reading);
    if ((reading.flags & reinitialised) != 0 && info.paces_itself) adopt(meter->info());
    young.push_back(reading);
    if (is_sample(reading, info)) {
      last_sample = std::max(last_sample, reading.t_ns);
      follow(reading);
    }
    advance(clock->now());
  }

  // A converter that now averages longer: what it says of itself holds for the windows that are open, too. Its gap limit stays,
  // as those windows have it.
  void adopt(MeterInfo changed) {
    changed.gap_limit_s = info.gap_limit_s;
    info = std::move(changed);
    arrival = from_seconds(info.averaging_s + info.latency_s) + 2 * interval;
    reach = edge_reach(info);
  }

  // Adds what is no longer young to the windows, and settles those that are complete.
  void advance(TimeNs now) {
    auto it = young.begin();
    for (; it != young.end() && it->t_ns < now - reach; ++it) {
      for (Unsettled& window : windows) window.energy.add(*it);
      if (is_sample(*it, info)) {
        last_old = *it;
        failed_since = false;
      } else {
        failed_since = failed_since || (it->flags & repeated) == 0;
      }
    }
    young.erase(young.begin(), it);
    std::erase_if(windows, [&](Unsettled& window) {
      if (window.open) return false;
      const TimeNs t1_ns = window.energy.t1_ns();
      if (last_sample < t1_ns && now <= t1_ns + edge + arrival) return false;
      for (const Reading& r : young) window.energy.add(r);
      settled[window.name].push_back(window.energy.finish());
      return true;
    });
  }

  // A window that opens now sees what a look into the trace would show it.
  Unsettled opened(std::string_view name, TimeNs t0_ns) const {
    Unsettled window{.name = std::string(name), .t0_ns = t0_ns, .energy = RunningEnergy(t0_ns, info)};
    if (last_old) window.energy.add(*last_old);
    if (failed_since) window.energy.add(Reading{.flags = gap_begins});
    return window;
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

  // What ended the sampler's thread before its time.
  void check() const {
    if (const auto error = sampler ? sampler->error() : sampler_error) std::rethrow_exception(error);
  }

  // Under the mutex: the instant that opens or closes a window, already in the trace.
  Mark mark(std::string_view name, bool opens) {
    Mark row{.t_ns = clock->now(), .name = std::string(name), .opens = opens};
    if (instant) {
      marks.push_back(row);
    } else if (trace) {
      trace->write(row);
    }
    return row;
  }

  // The youngest first: many that are closed may wait for a slow meter's next reading.
  Unsettled* find_open(std::string_view name) {
    const auto found = std::find_if(windows.rbegin(), windows.rend(),
                                    [&](const Unsettled& window) { return window.open && window.name == name; });
    return found == windows.rend() ? nullptr : &*found;
  }
  bool is_pending(std::string_view name) const {
    return std::ranges::any_of(windows, [&](const Unsettled& window) { return !window.open && window.name == name; });
  }
  bool any_open() const { return std::ranges::any_of(windows, &Unsettled::open); }

  // Of a recording, on the caller's thread.
  template <typename Row>
  void record(const Row& row) {
    if (!trace) return;
    trace->await_room();
    trace->write(row);
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
    for (const Unsettled& window : windows) {
      const Window placed{
          .name = window.name, .t0_ns = place(window.t0_ns, true), .t1_ns = place(window.energy.t1_ns(), false)};
      settled[window.name].push_back(power::energy_part(readings, placed, info));
    }
    windows.clear();
    for (Mark& m : marks) m.t_ns = place(m.t_ns, m.opens);
    auto mark = marks.begin();
    for (const Reading& r : readings) {
      for (; mark != marks.end() && mark->t_ns <= r.t_ns; ++mark) record(*mark);
      follow(r);
      record(r);
    }
    marks.clear();
  }
};

Monitor::Monitor(std::unique_ptr<Meter> meter, MonitorOptions options) : impl_(std::make_unique<Impl>()) {
  Impl& self = *impl_;
  self.meter = std::move(meter);
  self.clock = options.clock ? std::move(options.clock) : steady_clock();
  self.info = self.meter->info();
  self.on_mark = std::move(options.on_mark);
  if (options.interval_s > self.info.nominal_period_s && !self.info.paces_itself) {
    // Polled more slowly than the meter could: that is what it now delivers.
    self.info.nominal_period_s = options.interval_s;
    self.info.gap_limit_s = std::max(self.info.gap_limit_s, default_gap_limit_s(options.interval_s));
  }
  if (self.info.gap_limit_s <= 0) self.info.gap_limit_s = default_gap_limit_s(self.info.nominal_period_s);
  self.interval = from_seconds(options.interval_s > 0 ? options.interval_s : self.info.nominal_period_s);
  self.gap_limit = from_seconds(self.info.gap_limit_s);
  self.edge = edge_limit(self.info);
  self.asleep_ns = self.clock->asleep();
  self.arrival = from_seconds(self.info.averaging_s + self.info.latency_s) + 2 * self.interval;
  self.reach = edge_reach(self.info);
  self.realtime = options.realtime;
  if (options.trace) {
    self.trace = std::make_unique<TraceQueue>(*options.trace, self.info, clock_pair_now(), options.trace_keep);
  }
  const Recording* recording = self.meter->recording();
  self.instant = recording != nullptr && recording->instant;
  if (recording != nullptr) return;  // starts with the first window

  self.start(self.clock->now());
  // The first window needs a reading before its start.
  const TimeNs give_up = self.clock->now() + self.gap_limit + self.arrival;
  const auto heard = [&] {
    self.check();
    const std::lock_guard lock(self.mutex);
    return !self.young.empty() || self.last_old || self.failed_since;
  };
  while (!heard() && self.clock->now() < give_up) {
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
  if (impl_->trace) impl_->trace->sync();
}

void Monitor::close() {
  Impl& self = *impl_;
  if (self.sampler) {
    self.stats = self.sampler->stats();
    self.sampler_error = self.sampler->error();
    self.sampler.reset();
    self.meter->stop();
  }
  if (self.trace) self.trace->close();
}

MeterInfo Monitor::meter() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->info;
}

void Monitor::begin(std::string_view name) {
  Impl& self = *impl_;
  if (!is_valid_mark_name(name)) {
    throw std::invalid_argument(
        fmt::format("window name `{}`: 1 to 512 bytes without comma, quote or control character", name));
  }
  if (self.trace) self.trace->await_room_for_marks();
  Mark mark;
  {
    const std::lock_guard lock(self.mutex);
    if (self.find_open(name) != nullptr) throw std::logic_error(fmt::format("window `{}` is open already", name));
    mark = self.mark(name, true);
    self.windows.push_back(self.opened(name, mark.t_ns));
  }
  if (self.on_mark) self.on_mark(mark);
  if (self.meter->recording() != nullptr && !self.instant && !self.sampler) self.start(mark.t_ns);
}

void Monitor::end(std::string_view name) {
  Impl& self = *impl_;
  if (self.trace) self.trace->await_room_for_marks();
  Mark mark;
  {
    const std::lock_guard lock(self.mutex);
    Unsettled* const window = self.find_open(name);
    if (window == nullptr) throw std::logic_error(fmt::format("window `{}` is not open", name));
    mark = self.mark(name, false);  // under the lock: no reading from after it has been added
    window->open = false;
    window->energy.close(mark.t_ns);
  }
  if (self.on_mark) self.on_mark(mark);
  if (!self.instant) return;
  const std::lock_guard lock(self.mutex);
  if (!self.any_open()) self.play(*self.meter->recording());
}

Energy Monitor::energy(std::string_view name) {
  Impl& self = *impl_;
  while (true) {
    {
      const std::lock_guard lock(self.mutex);
      if (!self.instant) self.advance(self.clock->now());
      if (!self.is_pending(name)) {
        const auto found = self.settled.find(name);
        if (found == self.settled.end()) throw std::logic_error(fmt::format("window `{}` was never closed", name));
        Energy energy = combine(found->second);
        if (const std::string died = failure(); !energy.valid && !died.empty())
          energy.reason = fmt::format("the meter failed: {}", died);
        return energy;
      }
    }
    if (self.instant) {
      Energy waiting;
      waiting.reason = "an instant replay knows a window's energy only once the outermost window has closed";
      return waiting;
    }
    self.clock->sleep_until(self.clock->now() + std::min(self.interval, self.gap_limit));
  }
}

void Monitor::forget(std::string_view prefix) {
  Impl& self = *impl_;
  const std::lock_guard lock(self.mutex);
  std::erase_if(self.windows, [&](const Unsettled& window) { return !window.open && window.name.starts_with(prefix); });
  std::erase_if(self.settled, [&](const auto& entry) { return entry.first.starts_with(prefix); });
}

std::string Monitor::failure() const {
  try {
    impl_->check();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

bool Monitor::trace_failed() const {
  return impl_->trace && impl_->trace->failed();
}

Live Monitor::live() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->live;
}

SamplerStats Monitor::sampler() const {
  SamplerStats stats = impl_->sampler ? impl_->sampler->stats() : impl_->stats;
  if (impl_->trace) stats.cpu_s += impl_->trace->cpu_s();
  return stats;
}

std::size_t Monitor::lost_in_trace() const {
  return impl_->trace ? impl_->trace->lost() : 0;
}

}  // namespace tbft::power
