// What a Monitor knows, and what its two threads do with it. For monitor.cpp alone.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "power/engine/kept_readings.h"
#include "power/engine/sampler.h"
#include "power/engine/trace_queue.h"
#include "tbft/power/monitor.h"
#include "tbft/power/running_energy.h"

namespace tbft::power {

// A window whose energy is not known yet.
struct Unsettled {
  std::string name;
  TimeNs t0_ns = 0;
  bool open = true;
  RunningEnergy energy;
};

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
  KeptReadings kept;  // for snapshots
  // Readings that are too young for windows that may end now, in time order. What is older was added to all windows.
  std::vector<Reading> young;
  // For windows that open later: the last sample that is not young, and whether a read failed after it.
  std::optional<Reading> last_old;
  bool failed_since = false;
  TimeNs last_sample = std::numeric_limits<TimeNs>::min();
  TimeNs asleep_ns = 0;  // what the clock said of it at the last reading
  std::vector<Unsettled> windows;
  std::map<std::string, std::vector<Energy>, std::less<>> settled;
  std::set<std::string, std::less<>> cancelled;  // whose opening marks stand in the trace
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
    const std::lock_guard lock(mutex);  // other threads ask for `sampler`; its own waits for this with its first reading
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
    if (kept.pinned()) kept.add(reading, info);
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
      if (!is_past(window.energy.t1_ns(), now)) return false;
      for (const Reading& r : young) window.energy.add(r);
      settled[window.name].push_back(window.energy.finish());
      return true;
    });
  }

  // Whether the reading beyond an instant has come, or comes too late to count.
  bool is_past(TimeNs t1_ns, TimeNs now) const { return last_sample >= t1_ns || now > t1_ns + edge + arrival; }

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

  // What ended the sampler's thread before its time. Under the mutex.
  std::exception_ptr error() const { return sampler ? sampler->error() : sampler_error; }
  std::string failure() const {
    try {
      if (const auto ended = error()) std::rethrow_exception(ended);
    } catch (const std::exception& problem) {
      return problem.what();
    }
    return {};
  }
  void blame_failure(Energy& energy) const {
    if (const std::string died = failure(); !energy.valid && !died.empty())
      energy.reason = fmt::format("the meter failed: {}", died);
  }
  void wait_a_little() const { clock->sleep_until(clock->now() + std::min(interval, gap_limit)); }

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
  std::size_t pending(std::string_view name) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(windows, [&](const Unsettled& window) { return !window.open && window.name == name; }));
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

  // Once the outermost window has closed.
  void play_if_closed() {
    const std::lock_guard lock(mutex);
    if (!instant || any_open()) return;
    if (windows.empty()) {
      marks.clear();  // all were cancelled
    } else {
      play(*meter->recording());
    }
  }
};

}  // namespace tbft::power
