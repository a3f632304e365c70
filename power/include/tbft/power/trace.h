// trace.csv has every reading and mark of a run. It is written during the run and read by `integrate` and replay.
//
// `# key: value` lines describe the meter and one instant on both clocks, then the line of columns, then rows
//   t_ns,volts_V,amps_A,power_W,energy_J,flags,mark
// A reading has an empty mark; a mark (`+name` opens, `-name` closes) has a row of its own with only its instant. Readings are
// in time order, and so are marks; a mark may precede older readings, because readings arrive later. Doubles are in shortest
// round-trip form, unknown values empty. A `#` line between rows replaces what was said of the meter before: its accuracy and
// latency for the whole segment, because a sum of meters learns its limits from its readings; its averaging, current share and
// gap limit from the next reading on, because a converter may begin to average longer. A run that is resumed adds another `#`
// block and its rows: a segment. The `#` lines may be missing or different if another logger wrote the file: period and kind
// then follow from the readings.
#pragma once

#include <filesystem>
#include <istream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tbft/power/clock.h"
#include "tbft/power/energy.h"
#include "tbft/power/meter.h"
#include "tbft/power/window.h"

namespace tbft::power {

// The message has the place and the problem: "trace.csv:17: 6 fields, a row has 7".
struct TraceError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline constexpr std::string_view trace_magic = "# tbft trace 1";
inline constexpr std::string_view trace_columns = "t_ns,volts_V,amps_A,power_W,energy_J,flags,mark";
inline constexpr std::string_view trace_flags = "srdgz";  // letter i is bit i of the flags

// Writes one segment; used by one thread at a time. Throws std::system_error with the path when the file cannot be written.
class TraceWriter {
 public:
  // Creates the file, or removes an incomplete last line of an existing trace and appends (TraceError if the file is not a
  // trace).
  TraceWriter(const std::filesystem::path& path, const MeterInfo& meter, const ClockPair& clock);
  ~TraceWriter();  // as close(), but reports no error
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;

  // Buffers the reading; the kernel gets the buffer about once per second of readings. Allocates nothing.
  void write(const Reading& reading);
  // Throws std::invalid_argument for a name that the file cannot contain.
  void write(const Mark& mark);
  // Replaces what was said of the meter's gap limit, period, averaging, current share, latency and accuracy.
  void write(const MeterInfo& changed);
  void flush();
  // Flushes, and syncs the kernel's buffers to the disk.
  void sync();
  // Flushes, syncs to the disk and closes. Nothing is written after it.
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Which readings a trace file keeps.
enum class TraceKeep {
  full,   // all readings
  cells,  // the readings in windows, the last before and the first after each, as `integrate` needs
};

// Receives a trace row by row, so that a trace of any length needs little memory.
class TraceVisitor {
 public:
  virtual ~TraceVisitor() = default;
  // Before the first row of each segment; both outlive the visit of the segment's rows.
  virtual void segment(const MeterInfo& meter, const ClockPair& clock) = 0;
  virtual void reading(const Reading& reading) = 0;
  virtual void window_opens(const std::string& name, TimeNs t0_ns) = 0;
  virtual void window_closes(const Window& window) = 0;
};
// Throws TraceError with file and line; any bytes are safe to read. `name` appears in messages. Returns whether the last line
// had no newline and was skipped.
bool visit_trace(std::istream& in, std::string_view name, TraceVisitor& visitor);
bool visit_trace(const std::filesystem::path& path, TraceVisitor& visitor);

struct TraceSegment {
  MeterInfo meter;
  std::vector<MeterChange> changes;  // of the meter
  ClockPair clock;
  std::vector<Reading> readings;
  std::vector<Window> windows;  // in the order in which they closed; without windows that never closed (a crash)
};
struct TraceFile {
  std::vector<TraceSegment> segments;  // at least one
  bool torn_tail = false;              // the last line had no newline and was dropped
};

// The whole trace in memory; errors as visit_trace().
TraceFile read_trace(std::istream& in, std::string_view name);
TraceFile read_trace(const std::filesystem::path& path);

// The windows of one name in one segment, and the energy of all of them, equal to what Monitor::energy() returned.
struct NamedEnergy {
  std::size_t segment = 0;
  std::string name;
  std::vector<Window> windows;
  std::vector<Energy> parts;
  Energy energy;
};
// The names are in the order in which each first closed.
std::vector<NamedEnergy> integrate(const TraceFile& trace);

}  // namespace tbft::power
