// The common part of meters on I2C converters: polling times, retries, gaps, resets, and time stamps in order. The file of each
// chip defines which registers to read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "power/bus/i2c_bus.h"
#include "power/meters/conversion_tracker.h"
#include "tbft/power/clock.h"
#include "tbft/power/gpio.h"
#include "tbft/power/meter.h"

namespace tbft::power {

// The timing of a chip's results and of its bus.
struct Timing {
  double cycle_s = 0;        // typical time from one result to the next, including all averaged conversions
  double longest_s = 0;      // longest cycle that the datasheet allows
  double read_s = 0;         // time to read one register
  double age_share = 0.5;    // share of a cycle from the middle of the current's conversion to the end of the cycle
  double overlap_share = 1;  // share of a cycle after its end at which the current's register changes; 1: all change at the end
  bool triggered = false;    // each conversion is triggered; values stay unchanged until the next trigger
};

class Converter : public Meter {
 public:
  const MeterInfo& info() const override { return info_; }
  void start(TimeNs first_window) override;
  std::optional<Reading> poll(TimeNs now) override;
  TimeNs next_poll(TimeNs scheduled) const override;
  void stop() override {}

 protected:
  // `ready`, if any: the falling edge of the chip's ALERT pin ends each conversion; its time stamp is that of the end.
  Converter(MeterInfo info, const Timing& timing, std::unique_ptr<I2cBus> bus, std::shared_ptr<Clock> clock,
            std::unique_ptr<GpioInput> ready = nullptr);

  enum class Status { busy, ready, reset };

  // Each may throw I2cError.
  virtual void identify() {}                         // called before any write; throws MeterUnavailable for another chip
  virtual void configure() = 0;                      // writes all registers; the last write restarts conversions
  virtual void verify() {}                           // called after configure(); throws MeterUnavailable
  virtual void trigger() {}                          // starts one conversion
  virtual Status status() = 0;                       // whether there is a new result; reading may clear the flag
  virtual void read_current() {}                     // reads the register that changes first
  virtual void read_rest() = 0;                      // reads the others; clears the flag
  virtual Reading reading() = 0;                     // the values of the registers read, without a time stamp
  virtual bool was_reset() = 0;                      // from a register whose reset value differs from the one written
  virtual bool check_due() { return false; }         // for chips whose status() does not show a reset
  virtual bool needs_pairs() const { return true; }  // whether values of different conversions are dropped
  // Chooses the next longer average in hardware and updates `info` and `timing`; false: there is none, or the user chose the
  // average.
  virtual bool average_longer(MeterInfo& /*info*/, Timing& /*timing*/) { return false; }

  std::uint16_t read(std::uint8_t reg);
  void read_bytes(std::uint8_t reg, std::span<std::uint8_t> bytes);
  void write(std::uint8_t reg, std::uint16_t value);
  TimeNs now() const { return clock_->now(); }
  const Timing& timing() const { return timing_; }

 private:
  // The order in which the registers of a result are read. The current's register changes first, so it is read first, unless
  // the result may not be ready yet or all registers change at once.
  enum class Order { current_first, flag_first };

  TimeNs due() const;
  TimeNs lead() const;
  bool current_is_first() const { return timing_.overlap_share < 1; }
  template <typename Transfer>
  auto timed(Transfer transfer);
  Status sample(Order order);
  void set_up();
  void check_edges();
  Reading set_up_again();
  std::optional<Reading> poll_chip();
  std::optional<Reading> poll_continuous();
  std::optional<Reading> dropped();
  bool is_pair(const Span& end, TimeNs period) const;
  void watch_share();
  std::optional<Reading> poll_triggered();
  std::optional<Reading> poll_edges();
  std::optional<TimeNs> latest_edge();
  void follow_edge(TimeNs edge);
  std::optional<Reading> edge_missing(TimeNs t);
  void begin_triggered();
  TimeNs silence() const;
  Reading silent(TimeNs t);
  Reading stamped(TimeNs end, TimeNs period, Reading reading);
  Reading gap(TimeNs t);
  TimeNs in_order(TimeNs t) { return last_t_ = t > last_t_ ? t : last_t_ + 1; }

  MeterInfo info_;
  Timing timing_;
  std::unique_ptr<I2cBus> bus_;
  std::shared_ptr<Clock> clock_;
  std::unique_ptr<GpioInput> ready_;
  ConversionTracker tracker_;
  Span last_write_;             // the last write's transaction
  Span last_read_;              // when the chip latched the value of the last register read
  Span current_, flag_, rest_;  // the reads of the last sample
  TimeNs shortest_read_ = 0;    // shortest read of one register so far
  TimeNs polled_until_ = 0;
  TimeNs due_ = 0;           // next poll, if triggered or by edges
  TimeNs triggered_at_ = 0;  // 0: no conversion is in progress
  TimeNs set_up_at_ = 0;
  TimeNs last_edge_ = 0;
  TimeNs last_alive_ = 0;  // by edges: time of the chip's last result
  double edge_period_ns_ = 0;
  int edges_missing_ = 0;  // in a row
  TimeNs last_t_ = 0;
  std::int64_t watched_from_ = 0;  // cycle
  std::int64_t read_in_time_ = 0;  // conversions since then
  int bad_shares_ = 0;             // in a row
  bool suspect_ = false;           // a transfer failed, so the chip may have lost power
  std::uint8_t dropped_flags_ = 0;
  bool reinitialised_ = false;
};

}  // namespace tbft::power
