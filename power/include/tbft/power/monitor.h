// The monitor: a meter, the thread that samples it, and the energy of named windows and between snapshots.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tbft/power/clock.h"
#include "tbft/power/energy.h"
#include "tbft/power/meter.h"
#include "tbft/power/sampling.h"
#include "tbft/power/trace.h"
#include "tbft/power/window.h"

namespace tbft::power {

struct MonitorOptions {
  // Every reading and mark goes to this trace.csv, which is appended to if it exists; nullopt: no trace.
  std::optional<std::filesystem::path> trace = std::nullopt;
  std::shared_ptr<Clock> clock = nullptr;  // null: the steady clock
  // Called right after a window's opening or closing instant was taken, e.g. to raise a GPIO line. Should return within
  // microseconds, and must not call the monitor.
  std::function<void(const Mark&)> on_mark = nullptr;
  TraceKeep trace_keep = TraceKeep::full;
  Realtime realtime = Realtime::automatic;  // on: RealtimeForbidden where the system does not permit it
};

// For a progress line.
struct Live {
  double watts_W = unknown;
  double joules_J = 0;  // since the monitor began
};

// Windows are opened, closed and asked for by one thread; snapshot(), between(), meter(), live(), sampler() and failure() may
// be called from any thread, but not while close() or the destructor runs. The sampler and the writer of the trace run on
// threads of their own. A meter that dies in the middle takes the energies with it, not the work that is measured: windows that
// lack readings are invalid, and failure() says why. Memory does not grow with the length of a window.
class Monitor {
 public:
  // Samples the meter at its interval() from now on; a recording begins with the first window. Waits for the first reading, up
  // to the gap limit. Throws what Meter::start() throws, RealtimeForbidden, and TraceError or std::system_error where the trace
  // cannot be written.
  explicit Monitor(std::unique_ptr<Meter> meter, MonitorOptions options = {});
  ~Monitor();  // stops the sampler, syncs the trace
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  // What the meter says of itself at this interval. It may change: a converter that the host cannot follow averages longer, and
  // says so in `note`.
  MeterInfo meter() const;

  // Opens a window at this instant; the guard closes it. Windows of different names nest and overlap. Throws std::logic_error
  // for a name that is open already, or was cancelled while a trace is written, std::invalid_argument for a name that a trace
  // cannot hold (is_valid_mark_name()).
  OpenWindow window(std::string_view name);
  // As window(), for callers that close it elsewhere.
  void begin(std::string_view name);
  void end(std::string_view name);
  // The energy of all closed windows of that name together, in joules and watts, or why there is none (Energy::reason). Waits
  // up to the gap limit for the reading beyond the last edge. Throws std::logic_error for a name that was never closed.
  Energy energy(std::string_view name);
  // Forgets closed windows whose name begins with `prefix`, so that memory stays flat over long runs.
  void forget(std::string_view prefix);

  // This instant, for between(). The trace has no mark of it.
  Snapshot snapshot();
  // The energy between two snapshots of this monitor, or why there is none (Energy::reason): as a window from `from` to `to`
  // would have. Waits up to the gap limit for the reading beyond `to`. An instant replay has no instants of its own, so there
  // it is invalid.
  Energy between(const Snapshot& from, const Snapshot& to) const;

  // What was recorded so far reaches the disk; waits for it. Throws std::system_error where the trace could not be written, now
  // or before: sampling and energies go on without it.
  void sync();
  // Stops sampling and closes the trace, with sync()'s errors. Only energies may be asked for afterwards. The destructor does
  // the same and is silent.
  void close();

  // What ended the sampler before its time: the meter's last words. Empty while it runs.
  std::string failure() const;
  // Whether the trace had to be given up; sync() says why.
  bool trace_failed() const;

  // The last power in watts and the joules since the monitor began.
  Live live() const;
  // Rates and cost of sampling. CPU time is that of the sampler and of the thread that writes the trace.
  SamplerStats sampler() const;
  // Readings that are missing in the trace, as a gap, because the disk stalled for longer than the queue holds. Energies have
  // them.
  std::size_t lost_in_trace() const;

 private:
  friend class OpenWindow;
  std::size_t close_window(std::string_view name);  // returns how many windows of that name were closed before
  void cancel_window(std::string_view name);
  Energy energy_of(std::string_view name, std::optional<std::size_t> nth);  // nullopt: all of that name

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tbft::power
