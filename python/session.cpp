#include "python/session.h"

#include <fmt/format.h>

#include <exception>
#include <stdexcept>
#include <utility>

#include "python/errors.h"
#include "tbft/power/registry.h"

namespace tbft::python {

MeasuredNet net_of(const MeasuredEnergy& gross, const MeasuredEnergy& idle_before, const MeasuredEnergy& idle_after) {
  MeasuredNet net{.value = power::net(gross.value, idle_before.value, idle_after.value),
                  .measured = gross.measured && idle_before.measured && idle_after.measured,
                  .reason = {}};
  if (!gross.value.valid) {
    net.reason = gross.value.reason;
  } else if (!idle_before.value.valid) {
    net.reason = fmt::format("the idle window before: {}", idle_before.value.reason);
  } else if (!idle_after.value.valid) {
    net.reason = fmt::format("the idle window after: {}", idle_after.value.reason);
  }
  return net;
}

Session::Session(const std::string& uri, double interval_s, const std::optional<std::filesystem::path>& trace, bool append)
    : process_(::getpid()) {
  if (trace && !append && std::filesystem::exists(*trace))
    throw std::invalid_argument(
        fmt::format("trace {} exists: choose another file, or append=True to continue it", trace->string()));
  monitor_ = std::make_unique<power::Monitor>(power::open_meter(uri, power::Seconds(interval_s)),
                                              power::MonitorOptions{.trace = trace});
}

Session::~Session() {
  // The threads that the destructor would wait for exist in the parent only, as do the locks' owners.
  if (in_child()) static_cast<void>(monitor_.release());
}

void Session::refuse_in_child() const {
  if (in_child())
    throw Failure(fmt::format(
        "this monitor belongs to process {}, of which this one is a fork: use it there, or open another one here", process_));
}

void Session::close() {
  with_monitor([this](power::Monitor& monitor) {
    if (closed_) return;
    const power::Snapshot now = monitor.snapshot();
    static_cast<void>(monitor.between(now, now));  // waits for the reading beyond it
  });
  const std::unique_lock lock(closing_);
  if (!std::exchange(closed_, true)) monitor_->close();
}

power::OpenWindow Session::open(const std::string& name) {
  return with_marks([&](power::Monitor& monitor) {
    if (closed_) throw std::logic_error(fmt::format("window `{}`: the monitor is closed", name));
    return monitor.window(name);
  });
}

MeasuredEnergy Session::energy(const std::string& name) {
  return with_monitor([&](power::Monitor& monitor) {
    return MeasuredEnergy{.value = monitor.energy(name), .measured = monitor.meter().measured};
  });
}

MeasuredEnergy Session::between(const power::Snapshot& from, const power::Snapshot& to) {
  return with_monitor([&](power::Monitor& monitor) {
    return MeasuredEnergy{.value = monitor.between(from, to), .measured = monitor.meter().measured};
  });
}

Window::Window(std::shared_ptr<Session> session, std::string name)
    : session_(std::move(session)),
      name_(std::move(name)),
      window_(std::make_unique<power::OpenWindow>(session_->open(name_))) {}

Window::~Window() {
  if (session_->in_child()) {
    static_cast<void>(window_.release());  // its destructor would use the monitor
    return;
  }
  try {
    close();
  } catch (const std::exception&) {  // a destructor cannot report errors
    return;
  }
}

void Window::close() {
  session_->refuse_in_child();
  const std::lock_guard lock(mutex_);
  if (!open_) return;
  session_->with_marks([this](power::Monitor& /*monitor*/) { window_->close(); });
  open_ = false;
}

void Window::cancel() {
  session_->refuse_in_child();
  const std::lock_guard lock(mutex_);
  if (!open_) return;
  session_->with_marks([this](power::Monitor& /*monitor*/) { window_->cancel(); });
  open_ = false;
  energy_ = MeasuredEnergy{};
  energy_->value.reason = fmt::format("window `{}` was cancelled: its work did not end", name_);
}

MeasuredEnergy Window::energy() {
  if (in_child()) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (lock && energy_) return *energy_;
    session_->refuse_in_child();
  }
  const std::lock_guard lock(mutex_);
  if (open_) throw std::logic_error(fmt::format("window `{}` is open: its energy is known once it has ended", name_));
  if (energy_) return *energy_;
  MeasuredEnergy energy = session_->with_monitor([this](power::Monitor& monitor) {
    return MeasuredEnergy{.value = window_->end(), .measured = monitor.meter().measured};
  });
  if (energy.value.valid) energy_ = energy;  // an instant replay has none until the outermost window has closed
  return energy;
}

}  // namespace tbft::python
