// The monitor: a meter, the thread that samples it, and the energy of named windows and between snapshots.
#pragma once

#include <cstdint>
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
  // The file to which every reading and mark is written; an existing trace is continued. nullopt: no trace.
  std::optional<std::filesystem::path> trace = std::nullopt;
  bool trace_replace = false;              // empties a trace that exists instead, once the meter has started
  std::shared_ptr<Clock> clock = nullptr;  // null: the steady clock
  // Called immediately after the instant of a window's opening or closing was taken, e.g. to raise a GPIO line. It should
  // return within microseconds and must not call the monitor.
  std::function<void(const Mark&)> on_mark = nullptr;
  TraceKeep trace_keep = TraceKeep::full;
  Realtime realtime = Realtime::automatic;  // on: throws RealtimeForbidden if the system does not permit it
};

// Values for a progress line.
struct Live {
  double watts_W = unknown;
  double joules_J = 0;  // since the monitor began
};

// One thread opens and closes windows and requests their energies; snapshot(), between(), meter(), live(), sampler() and
// failure() may be called from any thread, but not while close() or the destructor runs. The sampler and the writer of the
// trace run on separate threads. A meter that fails during the measurement does not stop the measured work: windows without
// enough readings are invalid, and failure() gives the reason. Memory does not grow with the length of a window.
class Monitor {
 public:
  // Starts sampling the meter at its interval(); a recording begins with the first window. Waits for the first reading, up to
  // the gap limit. Throws the exceptions of Meter::start(), RealtimeForbidden, and TraceError or std::system_error if the trace
  // cannot be written. A meter that does not start leaves no file of a trace, and an
  // earlier one as it was.
  explicit Monitor(std::unique_ptr<Meter> meter, MonitorOptions options = {});
  ~Monitor();  // stops the sampler, syncs the trace
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  // The meter's description at this interval. It may change: a converter that is too fast for the host averages longer and sets
  // `note`.
  MeterInfo meter() const;

  // Opens a window at this instant; the guard closes it. Windows of different names nest and overlap. Throws std::logic_error
  // if the name is already open, or was cancelled while a trace is written; std::invalid_argument if a trace cannot contain the
  // name (is_valid_mark_name()).
  OpenWindow window(std::string_view name);
  // As window(), for callers that close the window in another scope.
  void begin(std::string_view name);
  void end(std::string_view name);
  // The energy of all windows of that name that have closed before this call, in joules and watts, or the reason why there is
  // none (Energy::reason). Waits up to the gap limit, over a network up to MeterInfo::arrival_delay_s more, for the reading
  // beyond the last edge, and for no window that closes later. Throws std::logic_error for a name that was never closed, or was
  // forgotten.
  Energy energy(std::string_view name);
  // Forgets closed windows whose name begins with `prefix`, so that memory stays constant in long runs.
  void forget(std::string_view prefix);

  // The present instant, for between(). The trace has no mark for it.
  Snapshot snapshot();
  // The energy between two snapshots of this monitor, equal to that of a window from `from` to `to`, or the reason why there is
  // none (Energy::reason). Waits for the reading beyond `to` as energy() does. With an instant replay it is invalid, because
  // such a replay has no time line.
  Energy between(const Snapshot& from, const Snapshot& to) const;

  // Waits until all data recorded so far are on the disk. Throws std::system_error if writing the trace fails or has failed
  // before; sampling and energies continue without the trace.
  void sync();
  // Stops sampling and closes the trace, with sync()'s errors. Afterwards only energies may be requested. The destructor does
  // the same but reports no error.
  void close();

  // The error that ended the sampler, from the meter; empty while it runs.
  std::string failure() const;
  // Whether the trace can no longer be written; sync() throws the reason.
  bool trace_failed() const;

  // The last power in watts and the joules since the monitor began.
  Live live() const;
  // Rates and cost of sampling. CPU time is the sum of the sampler's and the trace writer's.
  SamplerStats sampler() const;
  // The number of readings that the trace lacks (it has a gap there), because the disk stalled for longer than the queue can
  // bridge. Energies include them.
  std::size_t lost_in_trace() const;

 private:
  friend class OpenWindow;
  std::uint64_t close_window(std::string_view name);  // returns the closed window's id: 1, 2, ... over all names
  void cancel_window(std::string_view name);
  Energy energy_of(std::string_view name, std::uint64_t id);
  // Of the closed windows of that name whose ids are within [first, last]; nullopt if there is none.
  std::optional<Energy> await(std::string_view name, std::uint64_t first, std::uint64_t last);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tbft::power
