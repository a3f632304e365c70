// The monitors of one measurement. The first meter is the quantity that a command reports; further ones measure the same
// windows beside it, each with its own sampling thread, trace and joules. One that fails does not stop the others.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tbft/power/meter.h"
#include "tbft/power/monitor.h"

namespace tbft {

// The file of a meter's trace beside that of the first (0): trace.csv, trace.meter2.csv, trace.meter3.csv, ...
std::filesystem::path trace_of_meter(const std::filesystem::path& first, std::size_t meter);

class Monitors {
 public:
  // Starts every meter, at least one. `options` are those of the first; the others have a trace of their own and no markers.
  // Throws as power::Monitor does.
  Monitors(std::vector<std::unique_ptr<power::Meter>> meters, power::MonitorOptions options);

  std::size_t size() const { return all_.size(); }
  power::Monitor& operator[](std::size_t meter) const { return *all_.at(meter); }
  power::Monitor& first() const { return *all_.front(); }
  // For a MeasurementSession.
  std::vector<power::Monitor*> pointers() const;

  // Call power::Monitor::sync() or close() of all monitors. The first exception is rethrown after all were synced or closed.
  void sync();
  void close();

  // Processor seconds of each meter's sampler so far.
  std::vector<double> sampler_cpu_s() const;
  // Whether all have failed, so that nothing measures any more.
  bool all_failed() const;
  // energy_text's sampler_warnings() of all; those of further meters name theirs. `trace`: the name of the first trace, empty
  // without one.
  std::vector<std::string> warnings(const std::string& trace) const;

 private:
  void for_all(void (power::Monitor::*call)());
  std::vector<std::unique_ptr<power::Monitor>> all_;
};

}  // namespace tbft
