// Connects the sampling thread to the trace file by a queue of fixed size and a writing thread, so that sampling never waits
// for a disk.
//
// If a disk stalls for longer than the queue can bridge (a minute of readings, 4,096 to 65,536), the trace loses the readings
// that arrive after that. A reading of unknown values with the flag g replaces them, so that `integrate` sees a gap, and lost()
// counts them. Windows and their energies do not depend on the trace.
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
  ~TraceQueue();  // as close(), but reports no error
  TraceQueue(const TraceQueue&) = delete;
  TraceQueue& operator=(const TraceQueue&) = delete;

  // Call it from one thread at a time. Never waits, allocates nothing.
  void write(const Reading& reading);
  // Writes a mark before all readings that are written after this call. Never waits. If several threads call write(), they must
  // order the calls so that a reading written before a mark is not more recent than the mark.
  void write(Mark mark);
  // Writes what has changed in a meter's description, at the place of a mark.
  void write(const MeterInfo& changed);
  // Marks are never lost: if 4,096 marks are queued while a disk stalls, this waits until there is room.
  void await_room_for_marks();
  // Waits until the queue is at most half full, for a caller that has many readings at once and is not the sampling thread.
  void await_room();

  // Waits until everything written so far is on the disk; then throws the first error of writing, present or earlier, as
  // TraceWriter does.
  void sync();
  // sync(), and closes the file. Nothing is written after it.
  void close();

  bool failed() const;           // nothing more reaches the file; sync() throws the reason
  std::size_t lost() const;      // readings that found the queue full
  std::size_t capacity() const;  // readings
  double cpu_s() const;          // CPU time of the writing thread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tbft::power
