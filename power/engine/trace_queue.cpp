#include "power/engine/trace_queue.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <ctime>
#include <exception>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "tbft/power/running_energy.h"
#include "tbft/power/trace.h"

namespace tbft::power {
namespace {

constexpr double held_s = 60;  // seconds of readings in the queue
constexpr std::size_t least_capacity = 4096;
constexpr std::size_t most_capacity = 65536;
constexpr std::size_t most_marks = 4096;
constexpr std::chrono::milliseconds writing_interval{250};

std::size_t capacity_for(const MeterInfo& meter) {
  const double readings = meter.nominal_period_s > 0 ? held_s / meter.nominal_period_s : 0;
  return std::bit_ceil(static_cast<std::size_t>(std::clamp<double>(readings, least_capacity, most_capacity)));
}

double thread_cpu_s() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// A queue of one writer and one reader, neither of which ever waits for the other.
class ReadingRing {
 public:
  explicit ReadingRing(std::size_t capacity) : slots_(capacity) {}  // a power of two

  std::size_t capacity() const { return slots_.size(); }
  std::uint64_t written() const { return written_.load(std::memory_order_acquire); }
  std::uint64_t taken() const { return taken_.load(std::memory_order_acquire); }
  std::size_t used() const { return static_cast<std::size_t>(written_.load(std::memory_order_relaxed) - taken()); }

  // Requires that it is not full.
  void push(const Reading& reading) {
    const std::uint64_t at = written_.load(std::memory_order_relaxed);
    slots_[at & (slots_.size() - 1)] = reading;
    written_.store(at + 1, std::memory_order_release);
  }
  // Requires taken() < written().
  Reading pop() {
    const std::uint64_t at = taken_.load(std::memory_order_relaxed);
    const Reading reading = slots_[at & (slots_.size() - 1)];
    taken_.store(at + 1, std::memory_order_release);
    return reading;
  }

 private:
  std::vector<Reading> slots_;
  std::atomic<std::uint64_t> written_ = 0;
  std::atomic<std::uint64_t> taken_ = 0;
};

// The trace file, and the choice of the readings that are written to it.
class KeptTrace {
 public:
  KeptTrace(const std::filesystem::path& path, const MeterInfo& meter, const ClockPair& clock, TraceKeep keep)
      : meter_(meter), keep_(keep), file_(path, meter, clock) {}

  void write(const MeterInfo& changed) { file_.write(changed); }

  void write(const Mark& mark) {
    if (mark.opens) {
      if (sample_) file_.write(*sample_);
      if (failure_) file_.write(*failure_);
      forget();
      ++open_;
    } else {
      --open_;
      closed_ns_ = std::max(closed_ns_, mark.t_ns);
      ending_ = true;
    }
    file_.write(mark);
  }

  void write(const Reading& reading) {
    const bool sample = is_sample(reading, meter_);
    if (keep_ == TraceKeep::full || open_ > 0 || ending_) {
      file_.write(reading);
      forget();
      if (open_ == 0 && sample && reading.t_ns >= closed_ns_) ending_ = false;
    } else if (sample) {
      sample_ = reading;
      failure_.reset();
    } else if ((reading.flags & repeated) == 0 && !failure_) {
      failure_ = reading;
    }
  }

  TraceWriter& file() { return file_; }

 private:
  void forget() {
    sample_.reset();
    failure_.reset();
  }

  const MeterInfo meter_;
  TraceKeep keep_;
  TraceWriter file_;
  // Outside windows: the last sample, and whether a read failed after it, for the next window.
  std::optional<Reading> sample_, failure_;
  std::size_t open_ = 0;
  bool ending_ = false;  // waits for the first sample beyond the last window's end
  TimeNs closed_ns_ = std::numeric_limits<TimeNs>::min();
};

// A row that is no reading.
struct PlacedMark {
  std::uint64_t position = 0;  // number of readings before it
  Mark mark;
  std::unique_ptr<const MeterInfo> changed = nullptr;  // in place of the mark
};

}  // namespace

struct TraceQueue::Impl {
  KeptTrace trace;  // used by the writing thread
  ReadingRing ring;
  std::optional<TimeNs> lost_since;  // used by the sampling thread: time since which the queue has been full
  std::atomic<std::size_t> lost = 0;
  std::atomic<double> cpu_s = 0;

  std::mutex mutex;  // guards the members below; never held during disk operations
  std::condition_variable wake, progress;
  std::vector<PlacedMark> marks;
  std::uint64_t wanted = 0, done = 0;  // syncs
  bool ending = false;
  std::exception_ptr error;

  std::vector<PlacedMark> taken;  // used by the writing thread: marks taken from `marks`
  std::jthread thread;            // last, so that it ends before the members it uses

  Impl(const std::filesystem::path& path, const MeterInfo& meter, const ClockPair& clock, TraceKeep keep)
      : trace(path, meter, clock, keep), ring(capacity_for(meter)) {
    marks.reserve(most_marks);
    taken.reserve(most_marks);
    thread = std::jthread([this] { run(); });
  }

  // The loop of the writing thread until close(). After an error it discards everything and keeps the reason.
  void run() {
    for (bool last = false; !last;) {
      std::uint64_t serve = 0;
      {
        std::unique_lock lock(mutex);
        const auto called = [&] { return ending || wanted > done || ring.used() > ring.capacity() / 2; };
        wake.wait_for(lock, writing_interval, called);
        last = ending;
        serve = wanted;
      }
      attempt([&] { write_out(); });
      if (last) {
        attempt([&] { finish(); });
      } else if (serve > done) {  // only this thread changes `done`
        attempt([&] { trace.file().sync(); });
      }
      cpu_s = thread_cpu_s();
      {
        const std::lock_guard lock(mutex);
        done = serve;
      }
      progress.notify_all();
    }
  }

  template <typename Work>
  void attempt(const Work& work) {
    try {
      if (!error) work();  // only this thread changes `error`
    } catch (const std::exception&) {
      const std::lock_guard lock(mutex);
      error = std::current_exception();
    }
    // Nothing can be written any more, so the waiting callers get room.
    if (error) {
      while (ring.taken() < ring.written()) ring.pop();
      const std::lock_guard lock(mutex);
      marks.clear();
    }
  }

  void write_out() {
    const std::uint64_t until = ring.written();
    {
      // Read after `until`, so that all marks before these readings have arrived.
      const std::lock_guard lock(mutex);
      taken.swap(marks);
    }
    auto mark = taken.begin();
    for (std::uint64_t at = ring.taken(); at < until; ++at) {
      for (; mark != taken.end() && mark->position <= at; ++mark) write(*mark);
      trace.write(ring.pop());
    }
    for (; mark != taken.end(); ++mark) {
      while (ring.taken() < mark->position) trace.write(ring.pop());
      write(*mark);
    }
    taken.clear();
  }

  void write(const PlacedMark& placed) {
    if (placed.changed) {
      trace.write(*placed.changed);
    } else {
      trace.write(placed.mark);
    }
  }

  // No thread writes any more, so this thread may use `lost_since`.
  void finish() {
    if (lost_since) trace.write(gap_from(*lost_since));
    trace.file().close();
  }

  static Reading gap_from(TimeNs t_ns) { return {.t_ns = t_ns, .flags = gap_begins}; }

  // Waits until the writing thread makes `condition` true.
  template <typename Condition>
  void await(const Condition& condition) {
    std::unique_lock lock(mutex);
    if (condition()) return;
    wake.notify_one();
    progress.wait(lock, condition);
  }

  void rethrow() {
    const std::lock_guard lock(mutex);
    if (error) std::rethrow_exception(error);
  }
};

TraceQueue::TraceQueue(const std::filesystem::path& path, const MeterInfo& meter, const ClockPair& clock, TraceKeep keep)
    : impl_(std::make_unique<Impl>(path, meter, clock, keep)) {}

TraceQueue::~TraceQueue() {
  try {
    close();
  } catch (const std::exception&) {  // a destructor cannot report errors; close() does
    return;
  }
}

void TraceQueue::write(const Reading& reading) {
  Impl& self = *impl_;
  const std::size_t room = self.ring.capacity() - self.ring.used();
  if (room < (self.lost_since ? 2U : 1U)) {
    if (!self.lost_since) self.lost_since = reading.t_ns;
    ++self.lost;
    return;
  }
  if (self.lost_since) self.ring.push(Impl::gap_from(*std::exchange(self.lost_since, std::nullopt)));
  self.ring.push(reading);
  if (room == self.ring.capacity() / 2) self.wake.notify_one();
}

void TraceQueue::write(Mark mark) {
  Impl& self = *impl_;
  const std::lock_guard lock(self.mutex);
  if (!self.error) self.marks.push_back({.position = self.ring.written(), .mark = std::move(mark)});
}

void TraceQueue::write(const MeterInfo& changed) {
  Impl& self = *impl_;
  const std::lock_guard lock(self.mutex);
  if (self.error) return;
  self.marks.push_back({.position = self.ring.written(), .mark = {}, .changed = std::make_unique<const MeterInfo>(changed)});
}

void TraceQueue::await_room_for_marks() {
  Impl& self = *impl_;
  self.await([&] { return self.marks.size() < most_marks; });
}

void TraceQueue::await_room() {
  Impl& self = *impl_;
  self.await([&] { return self.ring.used() <= self.ring.capacity() / 2 && self.marks.size() < most_marks; });
}

void TraceQueue::sync() {
  Impl& self = *impl_;
  {
    const std::lock_guard lock(self.mutex);
    if (!self.ending) ++self.wanted;
  }
  self.await([&] { return self.done >= self.wanted; });
  self.rethrow();
}

void TraceQueue::close() {
  Impl& self = *impl_;
  {
    const std::lock_guard lock(self.mutex);
    self.ending = true;
  }
  self.wake.notify_one();
  if (self.thread.joinable()) self.thread.join();
  self.rethrow();
}

bool TraceQueue::failed() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->error != nullptr;
}

std::size_t TraceQueue::lost() const {
  return impl_->lost;
}

std::size_t TraceQueue::capacity() const {
  return impl_->ring.capacity();
}

double TraceQueue::cpu_s() const {
  return impl_->cpu_s;
}

}  // namespace tbft::power
