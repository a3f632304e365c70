// A power::Monitor for all threads of a Python program, its windows, and their energies. Nothing here needs the interpreter's
// lock (GIL): module.cpp releases it around every call. Errors are those of the power library and Failure (errors.h).
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>

#include "tbft/power/monitor.h"

namespace tbft::python {

// An energy, and whether its meter measures; an estimate or a replay does not.
struct MeasuredEnergy {
  power::Energy value;
  bool measured = false;
};

// The energy beyond idle. It is measured if all three energies are; `reason` is that of the first one that is not valid: the
// window's, that of the idle window before, that of the one after. Empty if there is an energy.
struct MeasuredNet {
  power::NetEnergy value;
  bool measured = false;
  std::string reason;
};
MeasuredNet net_of(const MeasuredEnergy& gross, const MeasuredEnergy& idle_before, const MeasuredEnergy& idle_after);

class Session {
 public:
  // Opens the meter and samples it. `interval_s`: as of open_meter(), 0 for the meter's default. Throws std::invalid_argument
  // if `trace` exists and `append` is false, and the exceptions of open_meter() and Monitor.
  Session(const std::string& uri, double interval_s, const std::optional<std::filesystem::path>& trace, bool append);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Ends sampling and closes the trace, after the reading beyond the windows that have closed: their energies stay available.
  // Waits for threads that are waiting for an energy. Without effect the second time.
  void close();
  power::OpenWindow open(const std::string& name);
  MeasuredEnergy energy(const std::string& name);
  MeasuredEnergy between(const power::Snapshot& from, const power::Snapshot& to);

  // Calls `use` with the monitor, which no other thread closes meanwhile. Throws Failure in a child of the process that made
  // it: a fork has no sampling thread.
  template <typename Use>
  auto with_monitor(const Use& use) {
    refuse_in_child();
    const std::shared_lock lock(closing_);
    return use(*monitor_);
  }
  // The same for whatever opens or closes a window, which the monitor allows one thread at a time.
  template <typename Use>
  auto with_marks(const Use& use) {
    refuse_in_child();
    const std::shared_lock lock(closing_);
    const std::lock_guard one(marks_);
    return use(*monitor_);
  }
  bool in_child() const { return ::getpid() != process_; }
  // Throws Failure in a child. To be called before any lock is taken: its owner may exist in the parent only.
  void refuse_in_child() const;

 private:
  pid_t process_;
  std::shared_mutex closing_;
  std::mutex marks_;
  bool closed_ = false;
  std::unique_ptr<power::Monitor> monitor_;
};

// A window that any thread may close. It closes with the object at the latest.
class Window {
 public:
  Window(std::shared_ptr<Session> session, std::string name);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  const std::string& name() const { return name_; }
  bool in_child() const { return session_->in_child(); }
  void close();   // without effect unless it is open
  void cancel();  // as close(), but the window has no energy
  // Waits for the reading beyond the end, up to the meter's gap limit. A valid one is kept, also for a child. Throws
  // std::logic_error while the window is open, and if it was forgotten.
  MeasuredEnergy energy();

 private:
  std::shared_ptr<Session> session_;
  std::string name_;
  std::mutex mutex_;  // for the rest
  std::unique_ptr<power::OpenWindow> window_;
  bool open_ = true;
  std::optional<MeasuredEnergy> energy_;
};

}  // namespace tbft::python
