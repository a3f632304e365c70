#include "harness/measurement/monitors.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "harness/measurement/energy_text.h"

namespace tbft {

std::filesystem::path trace_of_meter(const std::filesystem::path& first, std::size_t meter) {
  if (meter == 0) return first;
  auto name = first.stem();
  name += fmt::format(".meter{}", meter + 1);
  name += first.extension();
  return first.parent_path() / name;
}

Monitors::Monitors(std::vector<std::unique_ptr<power::Meter>> meters, power::MonitorOptions options) {
  for (auto& meter : meters) {
    auto own = options;
    if (options.trace) own.trace = trace_of_meter(*options.trace, all_.size());
    if (!all_.empty()) own.on_mark = nullptr;
    all_.push_back(std::make_unique<power::Monitor>(std::move(meter), std::move(own)));
  }
}

std::vector<power::Monitor*> Monitors::pointers() const {
  std::vector<power::Monitor*> result;
  for (const auto& monitor : all_) result.push_back(monitor.get());
  return result;
}

void Monitors::for_all(void (power::Monitor::*call)()) {
  std::exception_ptr first;
  for (const auto& monitor : all_) {
    try {
      ((*monitor).*call)();
    } catch (...) {
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
}

void Monitors::sync() {
  for_all(&power::Monitor::sync);
}

void Monitors::close() {
  for_all(&power::Monitor::close);
}

std::vector<double> Monitors::sampler_cpu_s() const {
  std::vector<double> all;
  for (const auto& monitor : all_) all.push_back(monitor->sampler().cpu_s);
  return all;
}

bool Monitors::all_failed() const {
  return std::ranges::all_of(all_, [](const auto& monitor) { return !monitor->failure().empty(); });
}

std::vector<std::string> Monitors::warnings(const std::string& trace) const {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < all_.size(); ++i)
    for (const auto& warning : sampler_warnings(*all_[i], trace.empty() ? trace : trace_of_meter(trace, i).string()))
      all.push_back(i == 0 ? warning : fmt::format("{}: {}", all_[i]->meter().uri, warning));
  return all;
}

}  // namespace tbft
