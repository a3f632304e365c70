#include "tbft/power/monitor.h"

#include <fmt/format.h>

#include <exception>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "power/engine/monitor_state.h"

namespace tbft::power {

namespace {

// Null where none is wanted.
std::unique_ptr<TraceQueue> open_trace(const MonitorOptions& options, const MeterInfo& meter) {
  if (!options.trace) return nullptr;
  if (options.trace_replace && std::filesystem::is_regular_file(*options.trace))
    std::filesystem::resize_file(*options.trace, 0);
  return std::make_unique<TraceQueue>(*options.trace, meter, clock_pair_now(), options.trace_keep);
}

}  // namespace

Monitor::Monitor(std::unique_ptr<Meter> meter, MonitorOptions options) : impl_(std::make_unique<Impl>()) {
  Impl& self = *impl_;
  self.meter = std::move(meter);
  self.clock = options.clock ? std::move(options.clock) : steady_clock();
  self.info = self.meter->sampled_info();
  self.on_mark = std::move(options.on_mark);
  if (self.info.gap_limit_s <= 0) self.info.gap_limit_s = default_gap_limit_s(self.info.nominal_period_s);
  self.interval = to_ns(self.meter->interval());
  self.gap_limit = from_seconds(self.info.gap_limit_s);
  self.edge = edge_limit(self.info);
  self.asleep_ns = self.clock->asleep();
  self.arrival = from_seconds(self.info.averaging_s + self.info.latency_s) + 2 * self.interval;
  self.reach = edge_reach(self.info);
  self.realtime = options.realtime;
  const Recording* recording = self.meter->recording();
  self.instant = recording != nullptr && recording->instant;
  if (recording != nullptr) {  // starts with the first window
    self.trace = open_trace(options, self.info);
    return;
  }

  // Opening a pipe waits for its reader, and a started meter must be polled.
  if (options.trace && std::filesystem::exists(*options.trace) && !std::filesystem::is_regular_file(*options.trace))
    self.trace = open_trace(options, self.info);
  self.meter->start(self.clock->now());
  try {
    try_scheduling(options.realtime);
    if (!self.trace) self.trace = open_trace(options, self.info);
    self.sample();
  } catch (...) {
    self.meter->stop();
    throw;
  }
  // The first window needs a reading before its start.
  const TimeNs give_up = self.clock->now() + self.gap_limit + self.arrival;
  const auto received = [&] {
    const std::lock_guard lock(self.mutex);
    if (const auto error = self.error()) std::rethrow_exception(error);
    return !self.recent.empty() || self.last_old || self.failed_since;
  };
  while (!received() && self.clock->now() < give_up) self.wait_a_little();
}

Monitor::~Monitor() {
  try {
    close();
  } catch (const std::exception&) {  // a destructor cannot report errors; close() does
    return;
  }
}

void Monitor::sync() {
  if (impl_->trace) impl_->trace->sync();
}

void Monitor::close() {
  Impl& self = *impl_;
  std::unique_ptr<Sampler> ended;
  {
    const std::lock_guard lock(self.mutex);
    ended = std::move(self.sampler);
    if (ended) self.stats = ended->stats();
    if (ended) self.sampler_error = ended->error();
  }
  if (ended) {
    ended.reset();  // its thread may still wait for the mutex
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
    if (self.cancelled.contains(name))
      throw std::logic_error(
          fmt::format("window `{}` was cancelled, and the trace has its opening mark: use another name", name));
    mark = self.mark(name, true);
    self.windows.push_back(self.opened(name, mark.t_ns));
  }
  if (self.on_mark) self.on_mark(mark);
  if (self.meter->recording() != nullptr && !self.instant && !self.sampler) {
    self.meter->start(mark.t_ns);
    self.sample();
  }
}

OpenWindow Monitor::window(std::string_view name) {
  begin(name);
  return {*this, name};
}

void Monitor::end(std::string_view name) {
  close_window(name);
}

std::uint64_t Monitor::close_window(std::string_view name) {
  Impl& self = *impl_;
  if (self.trace) self.trace->await_room_for_marks();
  Mark mark;
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(self.mutex);
    Unsettled* const window = self.find_open(name);
    if (window == nullptr) throw std::logic_error(fmt::format("window `{}` is not open", name));
    mark = self.mark(name, false);  // under the lock, so that no later reading has been added
    window->open = false;
    window->id = id = ++self.last_id;
    window->energy.close(mark.t_ns);
  }
  if (self.on_mark) self.on_mark(mark);
  self.play_if_closed();
  return id;
}

void Monitor::cancel_window(std::string_view name) {
  Impl& self = *impl_;
  const Mark mark{.t_ns = self.clock->now(), .name = std::string(name), .opens = false};
  {
    const std::lock_guard lock(self.mutex);
    std::erase_if(self.windows, [&](const Unsettled& window) { return window.open && window.name == name; });
    if (self.trace) self.cancelled.emplace(name);
  }
  if (self.on_mark) self.on_mark(mark);
  self.play_if_closed();
}

Energy Monitor::energy(std::string_view name) {
  std::uint64_t last = 0;
  {
    const std::lock_guard lock(impl_->mutex);
    last = impl_->last_id;
  }
  if (auto energy = await(name, 1, last)) return *std::move(energy);
  throw std::logic_error(fmt::format("window `{}` was never closed, or was forgotten", name));
}

Energy Monitor::energy_of(std::string_view name, std::uint64_t id) {
  if (auto energy = await(name, id, id)) return *std::move(energy);
  throw std::logic_error(fmt::format("window `{}` was forgotten", name));
}

std::optional<Energy> Monitor::await(std::string_view name, std::uint64_t first, std::uint64_t last) {
  Impl& self = *impl_;
  while (true) {
    {
      const std::lock_guard lock(self.mutex);
      if (!self.instant) self.advance(self.clock->now());
      if (!self.pending(name, first, last)) {
        const auto found = self.settled.find(name);
        if (found == self.settled.end()) return std::nullopt;
        const std::span<const Energy> parts = found->second.within(first, last);
        if (parts.empty()) return std::nullopt;
        Energy energy = combine(parts);
        self.blame_failure(energy, found->second.cause_within(first, last));
        return energy;
      }
    }
    if (self.instant) {
      Energy waiting;
      waiting.reason = "an instant replay knows a window's energy only once the outermost window has closed";
      return waiting;
    }
    self.wait_a_little();
  }
}

Snapshot Monitor::snapshot() {
  Impl& self = *impl_;
  const std::lock_guard lock(self.mutex);
  Snapshot now(self.clock->now());
  if (!self.kept.pinned()) {  // as opened()
    if (self.last_old) self.kept.add(*self.last_old, self.info);
    if (self.failed_since)
      self.kept.add(Reading{.t_ns = self.last_old ? self.last_old->t_ns : 0, .flags = gap_begins}, self.info);
    for (const Reading& reading : self.recent) self.kept.add(reading, self.info);
  }
  self.kept.pin(now.t_ns_);
  return now;
}

Energy Monitor::between(const Snapshot& from, const Snapshot& to) const {
  Impl& self = *impl_;
  Energy energy;
  if (self.instant) {
    energy.reason = "an instant replay has no time line: name a window";
    return energy;
  }
  MeterInfo info;
  std::size_t next = 0;
  for (bool waits = true; waits;) {
    {
      const std::lock_guard lock(self.mutex);
      waits = self.sampler && !self.is_past(to.t_ns(), self.clock->now());
      info = self.info;
      next = self.kept.position(from.t_ns(), info);
    }
    if (waits) self.wait_a_little();
  }
  RunningEnergy running(from.t_ns(), info);
  running.close(to.t_ns());
  // Adds a few at a time, so that the sampler never waits for long.
  for (std::vector<Reading> some; !running.complete(); next += some.size()) {
    {
      const std::lock_guard lock(self.mutex);
      some = self.kept.some(next);
    }
    if (some.empty()) break;
    for (const Reading& reading : some) running.add(reading);
  }
  const Energy whole = running.finish();
  energy = combine(std::span(&whole, 1));
  const std::lock_guard lock(self.mutex);
  self.blame_failure(energy, self.known_gap.within(from.t_ns(), to.t_ns()));
  return energy;
}

void Monitor::forget(std::string_view prefix) {
  Impl& self = *impl_;
  const std::lock_guard lock(self.mutex);
  std::erase_if(self.windows, [&](const Unsettled& window) { return !window.open && window.name.starts_with(prefix); });
  std::erase_if(self.settled, [&](const auto& entry) { return entry.first.starts_with(prefix); });
}

std::string Monitor::failure() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->failure();
}

bool Monitor::trace_failed() const {
  return impl_->trace && impl_->trace->failed();
}

Live Monitor::live() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->live;
}

SamplerStats Monitor::sampler() const {
  SamplerStats stats;
  {
    const std::lock_guard lock(impl_->mutex);
    stats = impl_->sampler ? impl_->sampler->stats() : impl_->stats;
  }
  if (impl_->trace) stats.cpu_s += impl_->trace->cpu_s();
  return stats;
}

std::size_t Monitor::lost_in_trace() const {
  return impl_->trace ? impl_->trace->lost() : 0;
}

}  // namespace tbft::power
