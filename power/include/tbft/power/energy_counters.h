// Joules beside times in any Google Benchmark (1.7.1 or later); link tbft::power_benchmark.
//
//   tbft::power::EnergyCounters energy("ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1");
//   void BM_work(benchmark::State& state) {
//     for (auto _ : energy.over(state)) work();
//   }
//
// The window opens immediately before the first iteration and closes immediately after the last, so it contains exactly the
// iterations that are timed. Use pause() and resume() in place of State::PauseTiming() and ResumeTiming(): paused time is
// excluded from the joules as well.
//
// Counters are the same in every benchmark, as the CSV reporter of Google Benchmark requires:
//   J_per_iteration    joules of one iteration, over all threads of the benchmark
//   U_J_per_iteration  its expanded uncertainty, k = 2
//   U_complete         1; 0: the meter's accuracy is unknown, and U contains only the random part
//   watts_W            mean power
//   samples            distinct readings inside the window
//   energy_valid       1; 0: no energy (too short for the meter, gaps, an interrupted loop): the counters above are then 0 and
//                      means nothing (a NaN would break the JSON reporter)
//   measured           1; 0: an estimate or a replay
//
// With several threads, the first one measures the energy of all; the window ends with the slowest thread. Every pause keeps
// about 200 bytes until the benchmark ends, and 600 until the meter's next reading.
#pragma once

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tbft/power/monitor.h"
#include "tbft/power/registry.h"

namespace tbft::power {

class EnergyCounters {
 public:
  // Throws the exceptions of open_meter() and Monitor.
  explicit EnergyCounters(std::string_view meter_uri = "auto") : EnergyCounters(open_meter(meter_uri), {}) {}
  EnergyCounters(std::unique_ptr<Meter> meter, MonitorOptions options) : monitor_(std::move(meter), std::move(options)) {}

  // The range of `for (auto _ : energy.over(state))`.
  class Loop {
   public:
    class Iterator {
     public:
      Iterator(benchmark::State::StateIterator position, Loop* loop) : position_(position), loop_(loop) {}
      BENCHMARK_ALWAYS_INLINE auto operator*() const { return *position_; }
      BENCHMARK_ALWAYS_INLINE Iterator& operator++() {
        ++position_;
        return *this;
      }
      BENCHMARK_ALWAYS_INLINE bool operator!=(const Iterator& end) const {
        if (position_ != end.position_) return true;  // the comparison that gives false ends the timing
        loop_->finish();
        return false;
      }

     private:
      benchmark::State::StateIterator position_;
      Loop* loop_;
    };

    Loop(EnergyCounters& energy, benchmark::State& state) : energy_(energy), state_(state) {}
    // A loop that was left by break, return or an exception has no energy.
    ~Loop() {
      if (begun_ && !finished_) abandon();
    }
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    Iterator begin() { return {state_.begin(), this}; }
    Iterator end() {
      // end() starts the timing: with one thread after the window has opened, with several after all threads have arrived.
      if (state_.threads() == 1) open();
      const auto last = state_.end();
      if (state_.threads() > 1) open();
      return {last, this};
    }

   private:
    void open() {
      if (state_.thread_index() != 0) return;
      begun_ = true;
      energy_.begin();
    }
    void finish() {
      finished_ = true;
      if (begun_) energy_.finish(state_);
    }
    void abandon() {
      try {
        if (energy_.window_) energy_.window_->cancel();
        energy_.window_.reset();
        energy_.forget();
        set(state_, {}, false);
      } catch (const std::exception&) {  // the next begin() reports it
        return;
      }
    }

    EnergyCounters& energy_;
    benchmark::State& state_;
    bool begun_ = false;
    bool finished_ = false;
  };
  Loop over(benchmark::State& state) { return {*this, state}; }

  void pause(benchmark::State& state) {
    state.PauseTiming();
    if (state.thread_index() == 0) close();
  }
  void resume(benchmark::State& state) {
    if (state.thread_index() == 0) open();
    state.ResumeTiming();
  }

  MeterInfo meter() const { return monitor_.meter(); }

 private:
  void begin() {
    name_ = "benchmark/" + std::to_string(++runs_);
    open();
  }
  void open() { window_.emplace(monitor_.window(name_)); }
  void close() {
    if (window_) window_->close();
    window_.reset();
  }
  void forget() { monitor_.forget(name_); }

  void finish(benchmark::State& state) {
    close();
    const Energy energy = monitor_.energy(name_);
    forget();
    set(state, energy, meter().measured);
  }

  static void set(benchmark::State& state, const Energy& energy, bool measured) {
    const double iterations = static_cast<double>(state.iterations()) * state.threads();
    const bool valid = energy.valid && std::isfinite(energy.energy_J) && iterations > 0;
    const bool complete = valid && std::isfinite(energy.U_J);
    const auto counter = [&](const char* name, double value) { state.counters[name] = std::isfinite(value) ? value : 0; };
    counter("J_per_iteration", valid ? energy.energy_J / iterations : 0);
    counter("U_J_per_iteration", valid ? (complete ? energy.U_J : energy.U_random_J) / iterations : 0);
    counter("U_complete", complete ? 1 : 0);
    counter("watts_W", valid ? energy.mean_W : 0);
    counter("samples", static_cast<double>(energy.samples));
    counter("energy_valid", valid ? 1 : 0);
    counter("measured", measured ? 1 : 0);
  }

  Monitor monitor_;
  std::string name_;  // the window's name, with a number that distinguishes repetitions
  std::size_t runs_ = 0;
  std::optional<OpenWindow> window_;  // empty while the benchmark is paused
};

}  // namespace tbft::power
