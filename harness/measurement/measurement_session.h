// The session between what runs something and the power monitor. It opens the windows of the work and the idle windows around
// it, and pairs them afterwards. result_of() then says which joules are valid, or why they are not. No clock and no /proc here:
// both are injected.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "harness/host/processor_use.h"
#include "tbft/power/energy.h"
#include "tbft/power/meter.h"
#include "tbft/power/monitor.h"

namespace tbft {

// The idle windows on both sides of some work. An energy is invalid where no idle window was measured.
struct IdleWindows {
  power::Energy idle_before, idle_after;
  std::optional<ProcessorUse> use_before, use_after;  // of the processors in them
};

// A window of work as the meter has it, and what tells whether the meter can be believed.
struct MeasuredWindow : IdleWindows {
  power::Energy gross;
  std::optional<ProcessorUse> use;  // of the processors in the window
  std::optional<bool> throttled;    // whether the board was throttled in the window
};

struct WindowResult {
  // Invalid, with every reason, where there are no readings (a gap, a suspend, a meter that failed), where the meter stood
  // still, where the joules are negative beyond their uncertainty, and where the board was throttled.
  power::Energy gross;
  power::NetEnergy net;    // see net_of_idle()
  std::string net_reason;  // why net is refused; empty otherwise
  std::string doubt;       // what speaks against the meter, but not enough to refuse its joules
};
WindowResult result_of(const MeasuredWindow& window, const power::MeterInfo& meter);

// Idle power is the mean of both sides, and half their difference goes into U. Net joules are unknown where gross or idle is.
// They are refused, with a `reason`, where they are negative beyond their uncertainty.
power::NetEnergy net_of_idle(const power::Energy& gross, const IdleWindows& idle, std::string& reason);

struct SessionOptions {
  double idle_s = 0;                         // length of an idle window in seconds; 0: there are none
  std::function<void(double seconds)> wait;  // sleeps through an idle window; may throw to end it
  // Read at both ends of an idle window, to tell how busy the processors were. Default: nobody knows.
  std::function<std::optional<ProcessorTimes>()> processor_times = [] { return std::nullopt; };
};

// Work and idle windows take turns: idle(), begin(), end(), idle(), measured(). A meter that fails in between never throws:
// the windows that it leaves incomplete are invalid, and the work goes on.
class MeasurementSession {
 public:
  // `monitor` outlives the session.
  MeasurementSession(power::Monitor& monitor, SessionOptions options) : monitor_(monitor), options_(std::move(options)) {}

  // Measures an idle window now; returns at once where idle_s is 0 or the meter has failed. Forgets all idle windows but the
  // last two. What `wait` throws passes through, and leaves this idle window unknown.
  void idle(std::string_view name);

  // Opens and closes a window, as power::Monitor does. The outermost one is the work; those inside it are its phases.
  void begin(std::string_view name);
  void end(std::string_view name);

  // The last work with the idle windows around it; `use` and `throttled` are the caller's to fill. Throws std::logic_error
  // where idle() was not called exactly once since the work ended: its net joules are not known before.
  MeasuredWindow measured();
  // The last two idle windows.
  IdleWindows idle_windows();

  // Why the meter failed, the first time that somebody asks; empty later, and while the meter works.
  std::string new_failure();

 private:
  struct Idle {
    std::string name;  // empty: not measured
    std::optional<ProcessorUse> use;
  };

  power::Monitor& monitor_;
  SessionOptions options_;
  Idle before_, after_;
  std::string work_;
  bool work_is_open_ = false;
  int idle_since_work_ = 0;
  bool failure_is_known_ = false;
};

}  // namespace tbft
