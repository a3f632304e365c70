// Simulates INA226, INA260, INA3221 and INA228 from their datasheets, on a bus that takes virtual time. The simulation shares
// no code with the drivers.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>

#include "power/bus/i2c_bus.h"
#include "tbft/power/gpio.h"
#include "tests/support/virtual_clock.h"

namespace tbft::power::testing {

// Converts shunt and bus voltage in turns; a result is the mean of one or more pairs.
class FakeConverter {
 public:
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::function<double(TimeNs)> amps = [](TimeNs) { return 1.0; };
  std::function<double(TimeNs)> volts = [](TimeNs) { return 5.0; };
  double oscillator = 1;            // ratio of conversion times to the typical ones
  TimeNs bit_ns = 2'500;            // 400 kHz
  std::function<TimeNs()> host_ns;  // time that the host adds to a transaction, half of it before; null: none
  bool stuck = false;               // never converts
  int failure = EREMOTEIO;          // errno of a failed transaction
  int nack = 0;                     // number of transactions that will not be acknowledged
  int lost_edges = 0;               // number of edges that will not reach the host
  std::size_t conversions = 0;
  std::uint64_t transactions = 0;
  std::size_t writes = 0;
  std::deque<Edge> edges;  // of the ALERT pin, as the kernel stamps them

  virtual ~FakeConverter() = default;
  virtual std::uint64_t get(int reg) = 0;
  virtual void set(int reg, std::uint16_t value) = 0;
  virtual void reset() = 0;

  std::uint64_t read(int reg, int bytes) {
    transfer(29 + 9 * bytes);
    return get(reg);
  }
  void write(int reg, std::uint16_t value) {
    transfer(38);
    ++writes;
    set(reg, value);
  }
  void run() {
    while (!stuck && mode() != Mode::off && !(mode() == Mode::triggered && done_)) {
      const TimeNs ct = std::llround(ct_s() * 1e9 * oscillator);
      if (phase_start_ + ct > clock->now()) return;
      if (!bus_phase_) {
        shunt_sum_ += mean(amps, phase_start_, ct);
        if (averages() == 1) shunt_done(shunt_sum_);
      } else {
        bus_sum_ += mean(volts, phase_start_, ct);
      }
      phase_start_ += ct;
      bus_phase_ = !bus_phase_;
      if (bus_phase_ || ++pairs_ < averages()) continue;
      if (averages() != 1) shunt_done(shunt_sum_ / averages());
      bus_done(bus_sum_ / averages(), 2e-9 * static_cast<double>(ct) * averages());
      ++conversions;
      pairs_ = 0;
      shunt_sum_ = bus_sum_ = 0;
      done_ = true;
      make_ready(phase_start_);
    }
  }

 protected:
  enum class Mode { off, triggered, continuous };
  virtual Mode mode() const = 0;
  virtual double ct_s() const = 0;
  virtual int averages() const = 0;
  virtual bool alert_enabled() const = 0;
  virtual void shunt_done(double amps_A) = 0;
  virtual void bus_done(double volts_V, double cycle_s) = 0;

  void begin() {
    phase_start_ = clock->now();
    bus_phase_ = done_ = false;
    pairs_ = 0;
    shunt_sum_ = bus_sum_ = 0;
    clear_ready();
  }
  bool take_ready() {
    const bool was = ready_;
    clear_ready();
    return was;
  }
  void clear_ready() { ready_ = pin_low_ = false; }

  static std::uint16_t word(double value, double lsb, int low, int high) {
    return static_cast<std::uint16_t>(static_cast<std::int16_t>(std::clamp<double>(std::round(value / lsb), low, high)));
  }

 private:
  void transfer(int bits) {
    ++transactions;
    const TimeNs length = bits * bit_ns;
    const TimeNs host = host_ns ? host_ns() : 0;
    clock->advance(host / 2 + length * 6 / 10);  // the register is sampled when its bytes go out
    run();
    clock->advance(length - length * 6 / 10 + host - host / 2);
    if (nack > 0) {
      --nack;
      throw I2cError(failure, "failed");
    }
  }
  void make_ready(TimeNs t) {
    ready_ = true;
    if (!alert_enabled() || pin_low_) return;
    pin_low_ = true;
    if (lost_edges > 0) {
      --lost_edges;
      return;
    }
    edges.push_back({.t_ns = t, .rising = false});
  }
  static double mean(const std::function<double(TimeNs)>& f, TimeNs from, TimeNs length) {
    double sum = 0;
    for (int i = 0; i < 8; ++i) sum += f(from + length * (2 * i + 1) / 16);
    return sum / 8;
  }

  TimeNs phase_start_ = 0;
  bool bus_phase_ = false;
  bool done_ = false;
  bool ready_ = false;
  bool pin_low_ = false;
  int pairs_ = 0;
  double shunt_sum_ = 0, bus_sum_ = 0;
};

inline constexpr std::array fake_ct_us{140.0, 204.0, 332.0, 588.0, 1100.0, 2116.0, 4156.0, 8244.0};
inline constexpr std::array fake_averages{1, 4, 16, 64, 128, 256, 512, 1024};

// INA226 and, with a resistor inside, INA260.
class FakeIna226 : public FakeConverter {
 public:
  explicit FakeIna226(bool ina260 = false, double shunt = 0.1) : ina260_(ina260), shunt_ohm_(shunt) { power_up(); }
  void reset() override { power_up(); }
  std::map<int, std::uint16_t> reg;

  std::uint64_t get(int r) override {
    if (r == 0x06) return static_cast<std::uint16_t>((reg[6] & 0xFFF7U) | (take_ready() ? 8U : 0U));
    const auto found = reg.find(r);
    return found == reg.end() ? 0 : found->second;
  }
  void set(int r, std::uint16_t value) override {
    if (r == 0 && (value & 0x8000U) != 0) return power_up();
    if (r == 0x06) value &= 0xFC03U;  // flags cannot be written
    reg[r] = value;
    if (r == 0) begin();
  }

 protected:
  Mode mode() const override {
    const unsigned m = reg.at(0) & 7U;
    return m == 7 ? Mode::continuous : m == 3 ? Mode::triggered : Mode::off;
  }
  double ct_s() const override { return fake_ct_us.at(reg.at(0) >> 3U & 7U) * 1e-6; }
  int averages() const override { return fake_averages.at(reg.at(0) >> 9U & 7U); }
  bool alert_enabled() const override { return (reg.at(6) & 0x0400U) != 0; }
  void shunt_done(double amps_A) override {
    reg[1] = ina260_ ? word(amps_A, 1.25e-3, -32768, 32767) : word(amps_A * shunt_ohm_, 2.5e-6, -32768, 32767);
  }
  void bus_done(double volts_V, double /*cycle_s*/) override { reg[2] = word(volts_V, 1.25e-3, 0, 32767); }

 private:
  void power_up() {
    reg = {{0, ina260_ ? 0x6127 : 0x4127},   {1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 0}, {6, 0}, {7, 0}, {0xFE, 0x5449},
           {0xFF, ina260_ ? 0x2270 : 0x2260}};
    begin();
  }
  bool ina260_;
  double shunt_ohm_;
};

class FakeIna3221 : public FakeConverter {
 public:
  FakeIna3221() { power_up(); }
  void reset() override { power_up(); }
  std::map<int, std::uint16_t> reg;
  double shunt_ohm = 0.1;

  std::uint64_t get(int r) override {
    if (r == 0x0F) return static_cast<std::uint16_t>((reg[15] & 0xFFFEU) | (take_ready() ? 1U : 0U));
    const auto found = reg.find(r);
    return found == reg.end() ? 0 : found->second;
  }
  void set(int r, std::uint16_t value) override {
    if (r == 0 && (value & 0x8000U) != 0) return power_up();
    if (r == 15) value = static_cast<std::uint16_t>((value & 0x7C00U) | (reg[15] & 0x03FFU));
    reg[r] = value;
    if (r == 0) begin();
  }

 protected:
  Mode mode() const override {
    const unsigned m = reg.at(0) & 7U;
    return m == 7 ? Mode::continuous : m == 3 ? Mode::triggered : Mode::off;
  }
  // The enabled channels convert in turns; here all of them have the same input.
  int channels() const { return (reg.at(0) >> 14 & 1) + (reg.at(0) >> 13 & 1) + (reg.at(0) >> 12 & 1); }
  double ct_s() const override { return channels() * fake_ct_us.at(reg.at(0) >> 3U & 7U) * 1e-6; }
  int averages() const override { return 1; }
  bool alert_enabled() const override { return false; }
  void shunt_done(double amps_A) override {
    for (unsigned c = 0; c < 3; ++c) {
      if ((std::uint32_t{reg[0]} >> (14 - c) & 1U) == 0) continue;
      reg[static_cast<int>(1 + 2 * c)] = static_cast<std::uint16_t>(word(amps_A * shunt_ohm, 40e-6, -4096, 4095) << 3U);
    }
  }
  void bus_done(double volts_V, double /*cycle_s*/) override {
    for (unsigned c = 0; c < 3; ++c) {
      if ((std::uint32_t{reg[0]} >> (14 - c) & 1U) != 0)
        reg[static_cast<int>(2 + 2 * c)] = static_cast<std::uint16_t>(word(volts_V, 8e-3, 0, 4095) << 3U);
    }
  }

 private:
  void power_up() {
    reg = {{0, 0x7127}, {1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 0}, {6, 0}, {15, 0x0002}, {0xFE, 0x5449}, {0xFF, 0x3220}};
    begin();
  }
};

class FakeIna228 : public FakeConverter {
 public:
  FakeIna228() { power_up(); }
  void reset() override { power_up(); }
  std::map<int, std::uint64_t> reg;
  double shunt_ohm = 0.015;
  double energy_count = 0;  // the register ENERGY before it is cut to 40 bits

  std::uint64_t get(int r) override {
    if (r == 0x0B) {
      const bool latched = (reg[11] & 0x8000U) != 0;
      const std::uint64_t value = (reg[11] & ~std::uint64_t{2}) | (flag_ ? 2U : 0U);
      if (latched) {
        flag_ = false;
        clear_ready();
      }
      return value;
    }
    if (r == 9) return static_cast<std::uint64_t>(energy_count) & 0xFF'FFFF'FFFFU;
    const auto found = reg.find(r);
    return found == reg.end() ? 0 : found->second;
  }
  void set(int r, std::uint16_t value) override {
    if (r == 0) {
      if ((value & 0x8000U) != 0) return power_up();
      if ((value & 0x4000U) != 0) energy_count = 0;
      value &= 0x3FFFU;
    }
    if (r == 11) value = static_cast<std::uint16_t>((value & 0xF000U) | (reg[11] & 0x0FFFU));
    reg[r] = value;
    if (r == 1) {
      flag_ = false;
      begin();
    }
  }

 protected:
  Mode mode() const override {
    return (reg.at(1) >> 12U & 15U) == 0xB || (reg.at(1) >> 12U) == 0xF ? Mode::continuous : Mode::off;
  }
  double ct_s() const override {
    static constexpr std::array us{50.0, 84.0, 150.0, 280.0, 540.0, 1052.0, 2074.0, 4120.0};
    return us.at(reg.at(1) >> 6U & 7U) * 1e-6;
  }
  int averages() const override { return fake_averages.at(reg.at(1) & 7U); }
  bool alert_enabled() const override { return (reg.at(11) & 0x4000U) != 0; }
  void shunt_done(double amps_A) override {
    const bool narrow = (reg[0] & 0x10U) != 0;
    shunt_ = std::clamp(std::round(amps_A * shunt_ohm / (narrow ? 78.125e-9 : 312.5e-9)), -524288.0, 524287.0);
    reg[4] = (static_cast<std::uint64_t>(static_cast<std::int64_t>(shunt_)) & 0xFFFFFU) << 4U;
  }
  void bus_done(double volts_V, double cycle_s) override {
    const double bus = std::round(volts_V / 195.3125e-6);
    reg[5] = static_cast<std::uint64_t>(bus) << 4U;
    // Datasheet 8.1.2: CURRENT is VSHUNT scaled by SHUNT_CAL; POWER = |I| V; ENERGY is its sum, in units of 16 x 3.2 x current
    // LSB.
    const bool narrow = (reg[0] & 0x10U) != 0;
    const double lsb_A = static_cast<double>(reg[2]) / (13107.2e6 * shunt_ohm * (narrow ? 4 : 1));
    const double amps_A = shunt_ * (narrow ? 78.125e-9 : 312.5e-9) / shunt_ohm;
    const double power = std::floor(std::abs(amps_A) * bus * 195.3125e-6 / (3.2 * lsb_A));
    energy_count += power * cycle_s / 16;
    flag_ = true;
  }

 private:
  void power_up() {
    reg = {{0, 0}, {1, 0xFB68}, {2, 0x1000}, {4, 0}, {5, 0}, {11, 1}, {0x3E, 0x5449}, {0x3F, 0x2281}};
    energy_count = 0;
    flag_ = false;
    begin();
  }
  double shunt_ = 0;
  bool flag_ = false;
};

class FakeConverterBus final : public I2cBus {
 public:
  explicit FakeConverterBus(FakeConverter& chip, bool long_reads = true) : chip_(chip), long_reads_(long_reads) {}
  std::uint16_t read_word(std::uint8_t reg) override { return static_cast<std::uint16_t>(chip_.read(reg, 2)); }
  void write_word(std::uint8_t reg, std::uint16_t value) override { chip_.write(reg, value); }
  void read_bytes(std::uint8_t reg, std::span<std::uint8_t> bytes) override {
    if (!long_reads_) return I2cBus::read_bytes(reg, bytes);
    const std::uint64_t value = chip_.read(reg, static_cast<int>(bytes.size()));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<std::uint8_t>(value >> 8U * (bytes.size() - 1 - i) & 0xFFU);
    }
  }
  std::uint64_t transactions() const override { return chip_.transactions; }

 private:
  FakeConverter& chip_;
  bool long_reads_;
};

// The GPIO line to which ALERT is wired.
class FakeAlertLine final : public GpioInput {
 public:
  explicit FakeAlertLine(FakeConverter& chip) : chip_(chip) {}
  std::optional<Edge> take() override {
    chip_.run();
    if (chip_.edges.empty()) return std::nullopt;
    const Edge edge = chip_.edges.front();
    chip_.edges.pop_front();
    return edge;
  }
  std::optional<Edge> wait(TimeNs /*until*/, const std::stop_token& /*stop*/) override {
    throw std::logic_error("a meter must not wait for an edge while it is polled");
  }

 private:
  FakeConverter& chip_;
};

}  // namespace tbft::power::testing
