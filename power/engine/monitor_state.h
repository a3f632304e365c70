// The state of a Monitor and the operations of its two threads on it. Only monitor.cpp includes this file.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
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
  std::uint64_t id = 0;  // once it has closed
  RunningEnergy energy;
};

// The closed windows of a name whose energies are known, in ascending order of their ids.
struct Settled {
  std::vector<std::uint64_t> ids;
  std::vector<Energy> energies;
  std::map<std::uint64_t, std::string> causes;  // of gaps in windows that are invalid, where the meter knows them

  void add(std::uint64_t id, Energy energy, std::string cause = {}) {
    ids.push_back(id);
    energies.push_back(std::move(energy));
    if (!cause.empty()) causes.emplace(id, std::move(cause));
  }
  std::string cause_within(std::uint64_t first, std::uint64_t last) const {
    const auto found = causes.lower_bound(first);
    return found != causes.end() && found->first <= last ? found->second : std::string();
  }
  // Those with ids within [first, last].
  std::span<const Energy> within(std::uint64_t first, std::uint64_t last) const {
    const auto begin = std::ranges::lower_bound(ids, first) - ids.begin();
    const auto end = std::ranges::upper_bound(ids, last) - ids.begin();
    return std::span(energies).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
  }
};

// The last gap whose cause the meter knows.
struct KnownGap {
  std::string cause;
  TimeNs from = 0;
  TimeNs until = 0;  // the maximum as long as it lasts

  void begin(std::string why, TimeNs last_sample) {
    if (until != endless) from = last_sample;
    until = endless;
    cause = std::move(why);
  }
  void end(TimeNs t) {
    if (until == endless) until = t;
  }
  // The cause, if the gap overlaps with the interval.
  std::string within(TimeNs t0, TimeNs t1) const { return from <= t1 && until >= t0 ? cause : std::string(); }

 private:
  static constexpr TimeNs endless = std::numeric_limits<TimeNs>::max();
};

// The sampler's thread adds readings to their windows, so that no readings accumulate while the caller is busy for hours.
// `mutex` guards everything below it and is never held during disk operations. Readings and marks enter the trace's queue under
// it, so that no mark follows a more recent reading.
struct Monitor::Impl {
  std::unique_ptr<Meter> meter;
  MeterInfo info;
  std::shared_ptr<Clock> clock;
  TimeNs interval = 0;
  TimeNs gap_limit = 0;  // at the start of the meter; read without the mutex
  TimeNs edge = 0;       // how long after the end of a window the monitor waits for a reading
  TimeNs arrival = 0;    // longest delay from a reading's instant to its arrival
  TimeNs reach = 0;      // how far inside a window its end blurs readings
  std::function<void(const Mark&)> on_mark;
  bool instant = false;  // a replay laid over each outermost window

  std::mutex mutex;
  KeptReadings kept;  // for snapshots
  // Readings that are too recent for windows that may end now, in time order. All older readings were added to the windows.
  std::vector<Reading> recent;
  // For windows that open later: the last sample that is not in `recent`, and whether a read failed after it.
  std::optional<Reading> last_old;
  bool failed_since = false;
  KnownGap known_gap;
  TimeNs last_sample = std::numeric_limits<TimeNs>::min();
  TimeNs last_reading = std::numeric_limits<TimeNs>::min();  // of any kind
  bool failing = false;                                      // the last reading that is not a repeated one is a failed read
  TimeNs asleep_ns = 0;                                      // the clock's total suspend time at the last reading
  std::vector<Unsettled> windows;
  std::uint64_t last_id = 0;  // of the window that closed last
  std::map<std::string, Settled, std::less<>> settled;
  std::set<std::string, std::less<>> cancelled;  // names whose opening marks are in the trace
  Live live;
  Reading live_last;

  // For an instant replay: marks since the outermost window opened, and the end of the last playback.
  std::vector<Mark> marks;
  TimeNs played_until = std::numeric_limits<TimeNs>::min();

  std::unique_ptr<TraceQueue> trace;  // null: no trace

  Realtime realtime = Realtime::automatic;
  SamplerStats stats;                // valid once the sampler has ended
  std::exception_ptr sampler_error;  // also valid once the sampler has ended
  std::unique_ptr<Sampler> sampler;  // last: its thread ends before what it uses

  // Starts the thread that polls the started meter.
  void sample() {
    const std::lock_guard lock(mutex);  // other threads read `sampler`; its own thread waits for the mutex at its first reading
    sampler = std::make_unique<Sampler>(
        *meter, *clock, to_seconds(interval), [this](const Reading& r) { receive(r); }, realtime);
  }

  // Called on the sampler's thread.
  void receive(Reading reading) {
    const std::lock_guard lock(mutex);
    constexpr TimeNs shortest_suspend = 100'000'000;
    const TimeNs slept = clock->asleep();
    if (slept - std::exchange(asleep_ns, slept) > shortest_suspend) reading.flags |= asleep;
    if ((reading.flags & reinitialised) != 0) adopt(meter->sampled_info());
    learn(meter->info());
    if (trace) trace->write(reading);
    recent.push_back(reading);
    last_reading = std::max(last_reading, reading.t_ns);
    if (kept.pinned()) kept.add(reading, info);
    if (is_sample(reading, info)) {
      failing = false;
      known_gap.end(reading.t_ns);
      last_sample = std::max(last_sample, reading.t_ns);
      track(reading);
    } else if ((reading.flags & repeated) == 0) {
      failing = true;
      if (auto cause = meter->gap_cause(); !cause.empty()) known_gap.begin(std::move(cause), last_sample);
    }
    advance(clock->now());
  }

  // Takes over what a sum of meters knows only from its readings.
  void learn(const MeterInfo& present) {
    if (present.latency_s == info.latency_s && present.accuracy == info.accuracy) return;
    info.accuracy = present.accuracy;
    info.latency_s = present.latency_s;
    described();
  }

  // For a converter that now averages longer: its new description applies to open windows as well, from this reading on, as it
  // does in the trace. The gap limit only grows. A window that ends within `reach` of the change has a slightly smaller U at
  // that edge than the trace gives it.
  void adopt(MeterInfo changed) {
    changed.gap_limit_s = std::max(changed.gap_limit_s, info.gap_limit_s);
    const bool differs = changed.gap_limit_s != info.gap_limit_s || changed.nominal_period_s != info.nominal_period_s ||
                         changed.averaging_s != info.averaging_s || changed.current_share != info.current_share ||
                         changed.latency_s != info.latency_s || changed.accuracy != info.accuracy;
    if (differs) {
      for (const Reading& reading : recent) add_to_windows(reading);
      recent.clear();
    }
    info = std::move(changed);
    if (differs) described();
  }

  // What follows from a new description.
  void described() {
    arrival = from_seconds(info.averaging_s + info.latency_s) + 2 * interval;
    reach = edge_reach(info);
    edge = edge_limit(info);
    if (trace) trace->write(info);
  }

  void add_to_windows(const Reading& reading) {
    for (Unsettled& window : windows) window.energy.add(reading);
    if (is_sample(reading, info)) {
      last_old = reading;
      failed_since = false;
    } else {
      failed_since = failed_since || (reading.flags & repeated) == 0;
    }
  }

  // Adds readings that are no longer recent to the windows, and settles complete windows.
  void advance(TimeNs now) {
    auto it = recent.begin();
    for (; it != recent.end() && it->t_ns < now - reach; ++it) add_to_windows(*it);
    recent.erase(recent.begin(), it);
    std::erase_if(windows, [&](Unsettled& window) {
      if (window.open) return false;
      if (!is_past(window.energy.t1_ns(), now)) return false;
      for (const Reading& r : recent) window.energy.add(r);
      Energy energy = window.energy.finish();
      auto cause = energy.valid ? std::string() : known_gap.within(window.t0_ns, window.energy.t1_ns());
      settled[window.name].add(window.id, std::move(energy), std::move(cause));
      return true;
    });
  }

  // Whether the reading beyond an instant has arrived, or would arrive too late to be used. A network may hold readings back;
  // but none is on its way if reads fail, or if a reading from beyond the limit is here, because they arrive in time order.
  bool is_past(TimeNs t1_ns, TimeNs now) const {
    if (last_sample >= t1_ns) return true;
    const TimeNs limit = t1_ns + edge + arrival;
    if (now <= limit) return false;
    return failing || last_reading > t1_ns + edge || now > limit + from_seconds(info.arrival_delay_s);
  }

  // A window that opens now starts with the readings that the trace would give it.
  Unsettled opened(std::string_view name, TimeNs t0_ns) const {
    Unsettled window{.name = std::string(name), .t0_ns = t0_ns, .energy = RunningEnergy(t0_ns, info)};
    if (last_old) window.energy.add(*last_old);
    if (failed_since) window.energy.add(Reading{.flags = gap_begins});
    return window;
  }

  void track(const Reading& reading) {
    if (live_last.t_ns != 0 && reading.t_ns > live_last.t_ns) {
      const double dt_s = to_seconds(reading.t_ns - live_last.t_ns);
      const double joules_J =
          info.counter ? reading.energy_J - live_last.energy_J : (reading.power_W + live_last.power_W) / 2 * dt_s;
      live.watts_W = info.counter ? joules_J / dt_s : reading.power_W;
      live.joules_J += joules_J;
    }
    live_last = reading;
  }

  // The error that ended the sampler's thread. Requires the mutex.
  std::exception_ptr error() const { return sampler ? sampler->error() : sampler_error; }
  std::string failure() const {
    try {
      if (const auto ended = error()) std::rethrow_exception(ended);
    } catch (const std::exception& problem) {
      return problem.what();
    }
    return {};
  }
  // `gap_cause`: of a gap in this window; may be empty.
  void blame_failure(Energy& energy, std::string_view gap_cause) const {
    if (energy.valid) return;
    if (const std::string died = failure(); !died.empty()) {
      energy.reason = fmt::format("the meter failed: {}", died);
    } else if (!gap_cause.empty()) {
      energy.reason += fmt::format(" ({})", gap_cause);
    }
  }
  void wait_a_little() const { clock->sleep_until(clock->now() + std::min(interval, gap_limit)); }

  // Takes the instant that opens or closes a window and writes it to the trace. Requires the mutex.
  Mark mark(std::string_view name, bool opens) {
    Mark row{.t_ns = clock->now(), .name = std::string(name), .opens = opens};
    if (instant) {
      marks.push_back(row);
    } else if (trace) {
      trace->write(row);
    }
    return row;
  }

  // Searches from the most recent window, because many closed ones may wait for a slow meter's next reading.
  Unsettled* find_open(std::string_view name) {
    const auto found = std::find_if(windows.rbegin(), windows.rend(),
                                    [&](const Unsettled& window) { return window.open && window.name == name; });
    return found == windows.rend() ? nullptr : &*found;
  }
  // Whether a closed window of that name with an id within [first, last] has no energy yet.
  bool pending(std::string_view name, std::uint64_t first, std::uint64_t last) const {
    return std::ranges::any_of(windows, [&](const Unsettled& window) {
      return !window.open && window.id >= first && window.id <= last && window.name == name;
    });
  }
  bool any_open() const { return std::ranges::any_of(windows, &Unsettled::open); }

  // Handles a mark of an instant replay, on the caller's thread.
  template <typename Row>
  void record(const Row& row) {
    if (!trace) return;
    trace->await_room();
    trace->write(row);
  }

  // Plays the recording once after the outermost window has closed. The time line of the playback makes that window as long as
  // the recording and scales the windows inside it. The trace file gets the same rows.
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
      settled[window.name].add(window.id, power::energy_part(readings, placed, info));
    }
    windows.clear();
    for (Mark& m : marks) m.t_ns = place(m.t_ns, m.opens);
    auto mark = marks.begin();
    for (const Reading& r : readings) {
      for (; mark != marks.end() && mark->t_ns <= r.t_ns; ++mark) record(*mark);
      track(r);
      record(r);
    }
    marks.clear();
  }

  // Called after the outermost window has closed.
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
