#include <fmt/format.h>

#include <exception>
#include <stdexcept>
#include <utility>

#include "tbft/power/monitor.h"

namespace tbft::power {

OpenWindow::OpenWindow(Monitor& monitor, std::string_view name)
    : monitor_(&monitor), name_(name), exceptions_(std::uncaught_exceptions()) {}

OpenWindow::OpenWindow(OpenWindow&& other) noexcept
    : monitor_(other.monitor_),
      name_(std::move(other.name_)),
      open_(std::exchange(other.open_, false)),
      cancelled_(other.cancelled_),
      id_(other.id_),
      exceptions_(other.exceptions_) {}

OpenWindow::~OpenWindow() {
  if (!open_) return;
  try {
    if (std::uncaught_exceptions() > exceptions_) {
      cancel();
    } else {
      close();
    }
  } catch (const std::exception&) {  // a destructor cannot report errors
    return;
  }
}

void OpenWindow::close() {
  if (!std::exchange(open_, false)) throw std::logic_error(fmt::format("window `{}` is not open", name_));
  id_ = monitor_->close_window(name_);
}

Energy OpenWindow::end() {
  if (open_) close();
  if (cancelled_) throw std::logic_error(fmt::format("window `{}` was cancelled", name_));
  return monitor_->energy_of(name_, id_);
}

void OpenWindow::cancel() {
  if (!std::exchange(open_, false)) throw std::logic_error(fmt::format("window `{}` is not open", name_));
  cancelled_ = true;
  monitor_->cancel_window(name_);
}

}  // namespace tbft::power
