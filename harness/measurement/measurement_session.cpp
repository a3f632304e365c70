#include "harness/measurement/measurement_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "tbft/power/plausible.h"

namespace tbft {

namespace {

power::WatchedEnergy watched(const power::Energy& energy, const std::optional<ProcessorUse>& use) {
  return use ? power::WatchedEnergy{&energy, use->busy_pct, use->busy_processors} : power::WatchedEnergy{&energy};
}

}  // namespace

std::string idle_unknown_text(const IdleWindows& idle) {
  const auto& why = idle.idle_before.valid ? idle.idle_after.reason : idle.idle_before.reason;
  return why.empty() ? std::string() : "idle power is unknown: " + why;
}

power::NetEnergy net_of_idle(const power::Energy& gross, const IdleWindows& idle, std::string& reason) {
  auto net = power::net(gross, idle.idle_before, idle.idle_after);
  reason = power::negative_reason(net, gross);
  if (!reason.empty()) net.net_J = net.U_net_J = net.U_random_net_J = power::unknown;
  return net;
}

WindowResult result_of(const MeasuredWindow& window, const power::MeterInfo& meter) {
  const std::array idle{watched(window.idle_before, window.use_before), watched(window.idle_after, window.use_after)};
  const auto still = power::stands_still(meter, watched(window.gross, window.use), idle);
  WindowResult result{.gross = window.gross, .doubt = still.warning};
  std::string reasons;
  for (const std::string& reason :
       {window.gross.valid ? "" : window.gross.reason, power::negative_reason(window.gross), still.invalid,
        std::string(window.throttled.value_or(false) ? "the board was throttled or under voltage" : "")})
    if (!reason.empty()) reasons += (reasons.empty() ? "" : "; ") + reason;
  if (!reasons.empty()) power::invalidate(result.gross, reasons);
  result.net = net_of_idle(result.gross, window, result.net_reason);
  return result;
}

void MeasurementSession::idle(std::string_view name) {
  if (options_.idle_s <= 0) return;
  if (!before_.name.empty()) forget(before_.name);
  before_ = std::exchange(after_, {});
  ++idle_since_work_;
  const auto processors = options_.processor_times();
  const auto end = [&] {
    for (auto* monitor : monitors_) monitor->end(name);
  };
  for (auto* monitor : monitors_) monitor->begin(name);
  try {
    if (std::ranges::any_of(monitors_, [](const auto* monitor) { return monitor->failure().empty(); }))
      options_.wait(options_.idle_s);
  } catch (...) {
    end();
    throw;
  }
  end();
  after_ = {std::string(name), processor_use(processors, options_.processor_times())};
}

void MeasurementSession::begin(std::string_view name) {
  for (auto* monitor : monitors_) monitor->begin(name);
  if (work_is_open_) return;
  work_ = name;
  work_is_open_ = true;
}

void MeasurementSession::end(std::string_view name) {
  for (auto* monitor : monitors_) monitor->end(name);
  if (name != work_) return;
  work_is_open_ = false;
  idle_since_work_ = 0;
}

MeasuredWindow MeasurementSession::measured(std::size_t meter) {
  if (options_.idle_s > 0 && (work_is_open_ || idle_since_work_ != 1))
    throw std::logic_error(fmt::format("window `{}`: net joules need exactly one idle window after it", work_));
  return {idle_windows(meter), monitors_.at(meter)->energy(work_)};
}

IdleWindows MeasurementSession::idle_windows(std::size_t meter) {
  const auto energy = [monitor = monitors_.at(meter)](const Idle& idle) {
    return idle.name.empty() ? power::Energy{} : monitor->energy(idle.name);
  };
  return {energy(before_), energy(after_), before_.use, after_.use};
}

void MeasurementSession::forget(std::string_view prefix) {
  for (auto* monitor : monitors_) monitor->forget(prefix);
}

std::string MeasurementSession::new_failure(std::size_t meter) {
  auto failure = monitors_.at(meter)->failure();
  if (failure.empty() || failure_is_known_[meter]) return {};
  failure_is_known_[meter] = true;
  return failure;
}

}  // namespace tbft
