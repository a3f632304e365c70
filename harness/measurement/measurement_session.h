// The session connects a program that does work with the power monitors. It opens the windows of the work and the idle windows
// around it, and pairs them afterwards. result_of() then decides which joules are valid and gives the reasons if they are not.
// Several monitors get the same windows, within microseconds.
// It uses neither a clock nor /proc directly: both are injected.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/host/processor_use.h"
#include "tbft/power/energy.h"
#include "tbft/power/meter.h"
#include "tbft/power/monitor.h"

namespace tbft {

// The idle windows before and after some work. An energy is invalid if its idle window was not measured.
struct IdleWindows {
  power::Energy idle_before, idle_after;
  std::optional<ProcessorUse> use_before, use_after;  // of the processors in these windows
};

// "idle power is unknown: REASON" where an idle window was measured in vain, otherwise empty.
std::string idle_unknown_text(const IdleWindows& idle);

// A window of work as measured, and the facts that decide whether the meter can be believed.
struct MeasuredWindow : IdleWindows {
  power::Energy gross;
  std::optional<ProcessorUse> use;  // of the processors in the window
  std::optional<bool> throttled;    // whether the board was throttled in the window
};

struct WindowResult {
  // Invalid, with all reasons, if there are no readings (a gap, a suspend, a failed meter), if the meter's value did not
  // change, if the joules are negative beyond their uncertainty, or if the board was throttled.
  power::Energy gross;
  power::NetEnergy net;    // see net_of_idle()
  std::string net_reason;  // the reason why net is refused; empty otherwise
  std::string doubt;       // evidence against the meter that does not suffice to refuse its joules
};
WindowResult result_of(const MeasuredWindow& window, const power::MeterInfo& meter);

// Idle power is the mean of both idle windows; half their difference is added to U. Net joules are unknown if gross or idle is.
// They are refused, with a `reason`, if they are negative beyond their uncertainty.
power::NetEnergy net_of_idle(const power::Energy& gross, const IdleWindows& idle, std::string& reason);

struct SessionOptions {
  double idle_s = 0;                         // length of an idle window in seconds; 0: no idle windows
  std::function<void(double seconds)> wait;  // sleeps during an idle window; may throw to end it
  // Read at both ends of an idle window to measure how busy the processors were. The default returns nothing.
  std::function<std::optional<ProcessorTimes>()> processor_times = [] { return std::nullopt; };
};

// Idle windows and work alternate: idle(), begin(), end(), idle(), measured(). A meter that fails does not throw: the windows
// that it leaves incomplete are invalid, and the work and the other meters continue.
class MeasurementSession {
 public:
  // The monitors, at least one, must outlive the session.
  MeasurementSession(std::vector<power::Monitor*> monitors, SessionOptions options)
      : monitors_(std::move(monitors)), options_(std::move(options)), failure_is_known_(monitors_.size()) {}
  MeasurementSession(power::Monitor& monitor, SessionOptions options)
      : MeasurementSession(std::vector{&monitor}, std::move(options)) {}

  // Measures an idle window now; returns at once if idle_s is 0 or every meter has failed. Keeps only the last two idle
  // windows. If `wait` throws, the exception passes through and this idle window stays unknown.
  void idle(std::string_view name);

  // Open and close a window, like power::Monitor. The outermost window is the work; those inside it are its phases.
  void begin(std::string_view name);
  void end(std::string_view name);

  // The last work with the idle windows around it, by one of the meters; the caller fills `use` and `throttled`. Throws
  // std::logic_error unless idle() was called exactly once since the work ended, because its net joules are not known before.
  MeasuredWindow measured(std::size_t meter = 0);
  // The last two idle windows.
  IdleWindows idle_windows(std::size_t meter = 0);
  // Forgets closed windows whose name begins with `prefix` in all monitors, so that memory stays constant.
  void forget(std::string_view prefix);

  // Returns the reason why the meter failed, on the first call after the failure only; otherwise empty.
  std::string new_failure(std::size_t meter = 0);

 private:
  struct Idle {
    std::string name;  // empty: not measured
    std::optional<ProcessorUse> use;
  };

  std::vector<power::Monitor*> monitors_;
  SessionOptions options_;
  Idle before_, after_;
  std::string work_;
  bool work_is_open_ = false;
  int idle_since_work_ = 0;
  std::vector<bool> failure_is_known_;  // of each meter
};

}  // namespace tbft
