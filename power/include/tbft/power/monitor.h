// The monitor: a meter, the thread that samples it, and named windows over what it said. All an experiment needs.
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

namespace tbft::power {

struct MonitorOptions {
  double interval_s = 0;  // 0: the meter's nominal period
  std::optional<std::filesystem::path> trace =
      std::nullopt;              // every reading and mark goes to this trace.csv; appended if it exists
  std::shared_ptr<Clock> clock;  // null: the steady clock
  // Called by begin() and end() right after they took the instant, e.g. to raise a GPIO line. Should return within
  // microseconds, and must not call the monitor.
  std::function<void(const Mark&)> on_mark;
  TraceKeep trace_keep = TraceKeep::full;
  Realtime realtime = Realtime::automatic;  // on: RealtimeForbidden where the system does not permit it
};

// For a progress line.
struct Live {
  double watts_W = unknown;
  double joules_J = 0;  // since start
};

// begin/end/energy may be called from one thread; the sampler and the writer of the trace run on their own. A meter that dies
// in the middle takes the energies with it, not the work that is measured: what its windows still need is missing, so they are
// invalid, and failure() says why.
class Monitor {
 public:
  Monitor(std::unique_ptr<Meter> meter, MonitorOptions options);
  ~Monitor();  // stops the sampler, syncs the trace
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  // As it is now: a converter that the host cannot follow averages longer, and says so in `note`.
  MeterInfo meter() const;

  // Opens and closes a window at this instant. The same name may be opened again after it was closed; its parts then add up.
  // Throws std::logic_error for a name that is open already, or was not open, std::invalid_argument for a name that a trace
  // file cannot hold.
  void begin(std::string_view name);
  void end(std::string_view name);

  // The energy of all closed windows of that name; waits up to the gap limit for the reading beyond the last edge.
  // Throws std::logic_error for a name that was never closed.
  Energy energy(std::string_view name);
  // Forgets windows whose name begins with `prefix` and readings no window needs, so that memory stays flat over long runs.
  void forget(std::string_view prefix);

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

  Live live() const;
  // CPU time: of the sampler and of the thread that writes the trace.
  SamplerStats sampler() const;
  // Readings that are missing in the trace, as a gap, because the disk stalled for longer than the queue holds. Energies have
  // them.
  std::size_t lost_in_trace() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tbft::power
