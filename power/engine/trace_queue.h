// The way from the sampling thread to the trace file: a queue of fixed size and a thread that writes. Whoever samples never
// waits for a disk.
//
// A disk that stalls for longer than the queue holds (a minute of readings, at most 65,536 and at least 4,096) costs the trace
// the readings that come meanwhile: a reading of unknown values with the flag g stands in their place, so that `integrate` sees
// a gap there, and lost() counts them. Windows and their energies do not depend on the trace.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

#include "tbft/power/clock.h"
#include "tbft/power/meter.h"
#include "tbft/power/trace.h"
#include "tbft/power/window.h"

namespace tbft::power {

class TraceQueue {
 public:
  // As TraceWriter; the queue holds a minute of this meter's readings.
  TraceQueue(const std::filesystem::path& path, const MeterInfo& meter, const ClockPair& clock, TraceKeep keep);
  ~TraceQueue();  // as close(), but silent
  TraceQueue(const TraceQueue&) = delete;
  TraceQueue& operator=(const TraceQueue&) = delete;

  // By one thread at a time. Never waits, allocates nothing.
  void write(const Reading& reading);
  // Stands before the readings that are written after it, and never waits. Whoever calls write() from several threads orders
  // the calls: a reading that was written before a mark must not be younger than the mark.
  void write(Mark mark);
  // Marks are never lost: while a disk stalls, this waits once 4,096 of them are on their way.
  void await_room_for_marks();
  // Waits until the queue is at most half full, for a caller that has many readings at once and is not the sampling thread.
  void await_room();

  // What was written until now reaches the disk; then throws the first error of writing, now or before, as TraceWriter does.
  void sync();
  // sync(), and closes the file. Nothing is written after it.
  void close();

  bool failed() const;           // nothing more reaches the file; sync() says why
  std::size_t lost() const;      // readings that found the queue full
  std::size_t capacity() const;  // readings
  double cpu_s() const;          // CPU time of the writing thread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tbft::power
