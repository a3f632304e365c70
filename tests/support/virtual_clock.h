// Virtual clocks. ManualClock is for one thread; sleeping advances it. SharedClock is for several threads: as soon as all of
// them sleep, time jumps to the earliest wake-up, so that results do not depend on how fast threads run.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "tbft/power/clock.h"

namespace tbft::power::testing {

class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimeNs start = 1'000'000'000) : now_(start) {}
  using Clock::sleep_until;
  TimeNs now() const override { return now_; }
  void sleep_until(TimeNs instant, const std::stop_token& /*stop*/) override {
    ++sleeps;
    if (instant > now_) now_ = instant + (late ? late(now_) : 0);
  }
  void advance(TimeNs duration) { now_ += duration; }

  std::size_t sleeps = 0;
  std::function<TimeNs(TimeNs now)> late;  // by how much a sleeper wakes late; null: not at all

 private:
  TimeNs now_;
};

class SharedClock final : public Clock {
 public:
  explicit SharedClock(std::size_t threads, TimeNs start = 1'000'000'000) : threads_(threads), now_(start) {}
  using Clock::sleep_until;
  TimeNs now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  TimeNs asleep() const override {
    const std::lock_guard lock(mutex_);
    return asleep_;
  }
  // Simulates a suspend of the machine, during which the steady clock stands still.
  void suspend(TimeNs duration) {
    const std::lock_guard lock(mutex_);
    asleep_ += duration;
  }
  void sleep_until(TimeNs instant, const std::stop_token& stop) override {
    std::unique_lock lock(mutex_);
    sleepers_.push_back(instant);
    advance_if_all_sleep();
    woken_.wait(lock, stop, [&] { return now_ >= instant; });
    std::erase_if(sleepers_, [&, first = true](TimeNs t) mutable { return t == instant && std::exchange(first, false); });
  }
  // One more thread takes part, or one has ended, so the others no longer wait for it.
  void join() {
    const std::lock_guard lock(mutex_);
    ++threads_;
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    --threads_;
    if (!sleepers_.empty()) advance_if_all_sleep();
  }

 private:
  // A sleeper that is due is still in the list, so time waits for it.
  void advance_if_all_sleep() {
    const TimeNs earliest = *std::ranges::min_element(sleepers_);
    if (sleepers_.size() < threads_ || earliest <= now_) {
      woken_.notify_all();
      return;
    }
    now_ = earliest;
    woken_.notify_all();
  }

  std::size_t threads_;
  mutable std::mutex mutex_;
  std::condition_variable_any woken_;
  std::vector<TimeNs> sleepers_;
  TimeNs now_;
  TimeNs asleep_ = 0;
};

}  // namespace tbft::power::testing
