// Named windows: the intervals whose energy is measured, and the guard and the snapshots by which a Monitor measures them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tbft/power/units.h"

namespace tbft::power {

struct Energy;
class Monitor;

// The instant at which a named window opened or closed; the trace has a separate row for it.
struct Mark {
  TimeNs t_ns = 0;
  std::string name;
  bool opens = true;
};

// A named interval [t0, t1] on the steady clock. Windows nest and overlap; the same name may recur.
struct Window {
  std::string name;
  TimeNs t0_ns = 0;
  TimeNs t1_ns = 0;
};

// Whether a window may have this name, since a trace file must hold it: 1 to 512 bytes, no comma, quote or control character.
bool is_valid_mark_name(std::string_view name);

// A window of a Monitor that is open; Monitor::window() gives it. The monitor must outlive it.
//
//   auto train = monitor.window("train");
//   work();
//   const Energy e = train.end();
//
// The destructor closes the window; Monitor::energy(name) then has its joules. If an exception is leaving the scope, the
// destructor cancels the window, because its work did not end.
class OpenWindow {
 public:
  OpenWindow(OpenWindow&& other) noexcept;
  OpenWindow& operator=(OpenWindow&&) = delete;
  ~OpenWindow();  // never throws

  // Closes the window at this instant. Returns at once; the energy is known when a reading from beyond the end has arrived.
  // Throws std::logic_error if the window is not open any more.
  void close();
  // Closes the window if it is open and returns its energy: joules, watts and uncertainty of this window alone, or why there
  // are none (Energy::reason). Waits for the reading beyond the end, up to the meter's gap limit. Throws std::logic_error if
  // the window was cancelled or forgotten.
  Energy end();
  // Closes the window without a result; Monitor::energy() ignores it. A trace keeps the opening mark without a closing one, and
  // readers skip such a window. While a trace is written, the name cannot be used again, and TraceKeep::cells keeps all later
  // readings. Throws std::logic_error if the window is not open any more.
  void cancel();

 private:
  friend class Monitor;
  OpenWindow(Monitor& monitor, std::string_view name);

  Monitor* monitor_;
  std::string name_;
  bool open_ = true;
  bool cancelled_ = false;
  std::uint64_t id_ = 0;  // of the closed window, as Monitor::close_window() gave it
  int exceptions_;        // number of uncaught exceptions when the window opened
};

// An instant of a Monitor, from Monitor::snapshot(). Monitor::between() gives the energy between two. While a snapshot exists,
// the monitor keeps all readings since then in memory: 48 bytes each, so 160 MB per hour at 940 readings per second. Copies are
// cheap and share these readings. A snapshot may outlive the monitor.
class Snapshot {
 public:
  // The instant in nanoseconds on the steady clock.
  TimeNs t_ns() const { return *t_ns_; }

 private:
  friend class Monitor;
  explicit Snapshot(TimeNs t_ns) : t_ns_(std::make_shared<const TimeNs>(t_ns)) {}
  std::shared_ptr<const TimeNs> t_ns_;  // the monitor holds a weak pointer to see whether the snapshot still exists
};

}  // namespace tbft::power
