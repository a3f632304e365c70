// INA219 and INA226 as their datasheets describe them (SBOS448, SBOS547), in real time on a waveform. They know nothing of the
// drivers under test.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <string_view>

#include "tests/kernel/guest/waveform.h"

namespace tbft::kernel_test {

// 16-bit registers behind a pointer, and a converter that runs on its own.
class Chip {
 public:
  virtual ~Chip() = default;
  Chip(const Waveform& waveform, double shunt_ohm) : waveform_(waveform), shunt_ohm_(shunt_ohm) {}
  Chip(const Chip&) = delete;
  Chip& operator=(const Chip&) = delete;

  virtual void reset(Ns now) = 0;
  virtual std::uint16_t read(std::uint8_t reg, Ns now) = 0;
  virtual void write(std::uint8_t reg, std::uint16_t value, Ns now) = 0;
  // Whether the ALERT pin is pulled down.
  virtual bool alert(Ns /*now*/) { return false; }
  // When the conversion that is under way ends; 0: none is.
  Ns ends() const { return run_ == Run::stopped ? 0 : started_ + shunt_ns_ + bus_ns_; }

 protected:
  enum class Run { stopped, once, always };
  // Shunt first, then bus, as long as each takes; the values of the last conversion that is complete stand in the registers.
  void begin(Run run, Ns shunt_ns, Ns bus_ns, Ns now) {
    run_ = run;
    shunt_ns_ = shunt_ns;
    bus_ns_ = bus_ns;
    started_ = now;
  }
  // Whether a conversion ended since the last call; `interleaved`: both are averaged over the whole time.
  bool convert(Ns now, bool interleaved) {
    const Ns pair = shunt_ns_ + bus_ns_;
    if (run_ == Run::stopped || now < started_ + pair) return false;
    const Ns from = run_ == Run::once ? started_ : started_ + ((now - started_) / pair - 1) * pair;
    const Ns middle = from + shunt_ns_;
    const Ns to = from + pair;
    amps_A_ = Waveform::mean([this](Ns t) { return waveform_.amps_A(t); }, from, interleaved ? to : middle, points);
    volts_V_ = Waveform::mean([this](Ns t) { return waveform_.volts_V(t); }, interleaved ? from : middle, to, points);
    started_ = to;
    if (run_ == Run::once) run_ = Run::stopped;
    return true;
  }
  double shunt_V() const { return amps_A_ * shunt_ohm_; }
  double volts_V() const { return volts_V_; }

 private:
  static constexpr int points = 64;
  Waveform waveform_;
  double shunt_ohm_;
  Run run_ = Run::stopped;
  Ns shunt_ns_ = 1, bus_ns_ = 1, started_ = 0;
  double amps_A_ = 0, volts_V_ = 0;
};

class Ina219 final : public Chip {
 public:
  using Chip::Chip;
  void reset(Ns now) override {
    reg_ = {0x399F, 0, 0, 0, 0, 0};
    configure(now);
  }
  std::uint16_t read(std::uint8_t reg, Ns now) override {
    update(now);
    const std::uint16_t value = reg < reg_.size() ? reg_[reg] : 0xFFFF;
    if (reg == 3) reg_[2] &= 0xFFFD;  // reading the power register clears CNVR
    return value;
  }
  void write(std::uint8_t reg, std::uint16_t value, Ns now) override {
    update(now);
    if (reg == 0 && (value & 0x8000) != 0) return reset(now);
    if (reg == 5) reg_[5] = value & 0xFFFE;
    if (reg != 0) return;
    reg_[0] = value;
    configure(now);
  }

 private:
  // Table 5 of the datasheet: BADC and SADC.
  static Ns time_of(unsigned code) {
    static constexpr std::array us{84, 148, 276, 532, 84, 148, 276, 532, 532, 1060, 2130, 4260, 8510, 17020, 34050, 68100};
    return us[code & 15U] * Ns{1000};
  }
  void configure(Ns now) {
    const unsigned mode = reg_[0] & 7U;
    reg_[2] &= 0xFFFD;
    begin((mode & 3U) == 0   ? Run::stopped
          : (mode & 4U) != 0 ? Run::always
                             : Run::once,
          time_of(reg_[0] >> 3U), time_of(reg_[0] >> 7U), now);
  }
  void update(Ns now) {
    if (!convert(now, false)) return;
    const double limit = 4000 << (reg_[0] >> 11U & 3U);
    reg_[1] = static_cast<std::uint16_t>(static_cast<std::int16_t>(std::clamp(std::round(shunt_V() / 10e-6), -limit, limit)));
    const auto bus = static_cast<unsigned>(volts_V() / 4e-3);
    reg_[2] = static_cast<std::uint16_t>(bus << 3U | 2U);
    const int current = static_cast<std::int16_t>(reg_[1]) * reg_[5] / 4096;
    reg_[4] = static_cast<std::uint16_t>(current);
    reg_[3] = static_cast<std::uint16_t>(std::abs(current) * static_cast<int>(bus) / 5000);
  }
  std::array<std::uint16_t, 6> reg_{};
};

class Ina226 final : public Chip {
 public:
  using Chip::Chip;
  void reset(Ns now) override {
    reg_ = {{0, 0x4127}, {0xFE, 0x5449}, {0xFF, 0x2260}};
    configure(now);
  }
  std::uint16_t read(std::uint8_t reg, Ns now) override {
    update(now);
    const std::uint16_t value = reg_[reg];
    if (reg == 6) reg_[6] &= 0xFFF7;  // reading Mask/Enable clears CVRF
    return value;
  }
  bool alert(Ns now) override {
    update(now);
    return (reg_[6] & 0x0408) == 0x0408;  // CNVR asked for, CVRF set
  }
  void write(std::uint8_t reg, std::uint16_t value, Ns now) override {
    update(now);
    if (reg == 0 && (value & 0x8000) != 0) return reset(now);
    if (reg == 5) reg_[5] = value & 0x7FFF;
    if (reg == 7) reg_[7] = value;
    if (reg == 6) reg_[6] = static_cast<std::uint16_t>((value & 0xFC03) | (reg_[6] & 0x001C));
    if (reg != 0) return;
    reg_[0] = static_cast<std::uint16_t>((value & 0x0FFF) | 0x4000);
    configure(now);
  }

 private:
  static Ns time_of(unsigned code) {  // tables 7 and 8: VBUSCT, VSHCT
    static constexpr std::array us{140, 204, 332, 588, 1100, 2116, 4156, 8244};
    return us[code & 7U] * Ns{1000};
  }
  void configure(Ns now) {
    static constexpr std::array averages{1, 4, 16, 64, 128, 256, 512, 1024};
    const unsigned config = reg_[0];
    const unsigned mode = config & 7U;
    const Ns n = averages[config >> 9U & 7U];
    averaged_ = n > 1;
    if ((mode & 3U) != 0) reg_[6] &= 0xFFF7;
    begin((mode & 3U) == 0   ? Run::stopped
          : (mode & 4U) != 0 ? Run::always
                             : Run::once,
          n * time_of(config >> 3U), n * time_of(config >> 6U), now);
  }
  void update(Ns now) {
    if (!convert(now, averaged_)) return;
    reg_[1] =
        static_cast<std::uint16_t>(static_cast<std::int16_t>(std::clamp(std::round(shunt_V() / 2.5e-6), -32768.0, 32767.0)));
    reg_[2] = static_cast<std::uint16_t>(std::min(volts_V() / 1.25e-3, 32767.0));
    reg_[6] |= 8U;
    const int current = static_cast<std::int16_t>(reg_[1]) * reg_[5] / 2048;
    reg_[4] = static_cast<std::uint16_t>(current);
    reg_[3] = static_cast<std::uint16_t>(std::abs(current) * reg_[2] / 20000);
  }
  std::map<std::uint8_t, std::uint16_t> reg_;
  bool averaged_ = false;
};

inline std::unique_ptr<Chip> make_chip(std::string_view name, const Waveform& waveform, double shunt_ohm) {
  if (name == "ina219") return std::make_unique<Ina219>(waveform, shunt_ohm);
  if (name == "ina226") return std::make_unique<Ina226>(waveform, shunt_ohm);
  throw std::runtime_error("chips: ina219, ina226");
}

}  // namespace tbft::kernel_test
