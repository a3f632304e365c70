// Simulates an INA219 from its datasheet, on a bus that takes virtual time. The simulation shares no code with the driver.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "power/bus/i2c_bus.h"
#include "tests/support/virtual_clock.h"

namespace tbft::power::testing {

struct FakeIna219 {
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::function<double(TimeNs)> amps = [](TimeNs) { return 1.0; };
  std::function<double(TimeNs)> volts = [](TimeNs) { return 5.0; };
  double shunt_ohm = 0.1;
  double oscillator = 1;               // ratio of conversion times to the typical ones
  TimeNs transaction_ns = 117'500;     // 47 bits at 400 kHz
  std::function<TimeNs()> host_ns;     // time that the host adds to a transaction, half of it before; null: none
  bool bus_read_clears_ready = false;  // sources disagree; reading register 3 and writing the mode always clear it
  bool stuck = false;                  // never converts
  int nack = 0;                        // number of transactions that will not be acknowledged
  TimeNs hangs_until = 0;              // until then the bus does not answer, and each transaction times out
  std::size_t conversions = 0;
  std::uint64_t transactions = 0;
  std::map<int, std::size_t> reads;  // by register
  std::array<std::uint16_t, 6> reg{};

  FakeIna219() { reset(); }

  void reset() {
    reg = {0x399F, 0, 0, 0, 0, 0};
    begin();
  }

  std::uint16_t read(int r) {
    transfer();
    ++reads[r];
    const std::uint16_t value = reg.at(static_cast<std::size_t>(r));
    if (r == 3 || (r == 2 && bus_read_clears_ready)) reg[2] &= 0xFFFD;
    return value;
  }
  void write(int r, std::uint16_t value) {
    transfer();
    if (r == 0 && (value & 0x8000) != 0) return reset();
    reg.at(static_cast<std::size_t>(r)) = value;
    if (r == 0) {
      reg[2] &= 0xFFFD;
      begin();
    }
  }

 private:
  void transfer() {
    ++transactions;
    if (clock->now() < hangs_until) {
      clock->advance(50'000'000);
      throw I2cError(ETIMEDOUT, "timed out");
    }
    const TimeNs host = host_ns ? host_ns() : 0;
    clock->advance(host / 2 + transaction_ns * 6 / 10);  // the register is sampled when its bytes go out
    run();
    clock->advance(transaction_ns - transaction_ns * 6 / 10 + host - host / 2);
    if (nack > 0) {
      --nack;
      throw I2cError(EREMOTEIO, "no acknowledge");
    }
  }
  // Conversion times from the datasheet's table, in microseconds, by ADC code.
  TimeNs time_of(unsigned code) const {
    static constexpr std::array us{84.0,  148.0,  276.0,  532.0,  84.0,   148.0,   276.0,   532.0,
                                   532.0, 1060.0, 2130.0, 4260.0, 8510.0, 17020.0, 34050.0, 68100.0};
    return std::llround(us.at(code) * 1000 * oscillator);
  }
  TimeNs shunt_time() const { return time_of(reg[0] >> 3U & 15U); }
  TimeNs bus_time() const { return time_of(reg[0] >> 7U & 15U); }

  void begin() {
    started_ = clock->now();
    shunt_done_ = false;
    idle_ = (reg[0] & 7U) == 0;
  }
  void run() {
    while (!idle_ && !stuck) {
      if (!shunt_done_) {
        if (started_ + shunt_time() > clock->now()) return;
        const int limit = 4000 << (reg[0] >> 11U & 3U);
        const double raw = std::round(mean(amps, started_, shunt_time()) * shunt_ohm / 10e-6);
        reg[1] = static_cast<std::uint16_t>(static_cast<std::int16_t>(std::clamp(raw, -1.0 * limit, 1.0 * limit)));
        shunt_done_ = true;
      }
      if (started_ + shunt_time() + bus_time() > clock->now()) return;
      const double raw = std::floor(mean(volts, started_ + shunt_time(), bus_time()) / 4e-3 + 1e-9);
      reg[2] = static_cast<std::uint16_t>(static_cast<unsigned>(raw) << 3U | 2U);
      const int current = static_cast<std::int16_t>(reg[1]) * reg[5] / 4096;
      reg[4] = static_cast<std::uint16_t>(current);
      reg[3] = static_cast<std::uint16_t>(std::abs(current) * (reg[2] >> 3U) / 5000);
      ++conversions;
      started_ += shunt_time() + bus_time();
      shunt_done_ = false;
      idle_ = (reg[0] & 4U) == 0;  // a triggered conversion happens once
    }
  }
  static double mean(const std::function<double(TimeNs)>& f, TimeNs from, TimeNs length) {
    double sum = 0;
    for (int i = 0; i < 16; ++i) sum += f(from + length * (2 * i + 1) / 32);
    return sum / 16;
  }

  TimeNs started_ = 0;
  bool shunt_done_ = false;
  bool idle_ = false;
};

class FakeIna219Bus final : public I2cBus {
 public:
  explicit FakeIna219Bus(FakeIna219& chip) : chip_(chip) {}
  std::uint16_t read_word(std::uint8_t reg) override { return chip_.read(reg); }
  void write_word(std::uint8_t reg, std::uint16_t value) override { chip_.write(reg, value); }
  std::uint64_t transactions() const override { return chip_.transactions; }

 private:
  FakeIna219& chip_;
};

}  // namespace tbft::power::testing
