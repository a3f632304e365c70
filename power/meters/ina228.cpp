// ina228:///dev/i2c-1?addr=0x40&shunt_ohm=0.015 : Texas Instruments INA228 on an I2C bus, read without a kernel driver. A
// counter: the chip itself sums its power over time, so no conversion is missed however slowly it is polled.
//
// Options: the table below. The chip counts the magnitude of the power: a reverse current adds as well.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "power/meters/conversion_choice.h"
#include "power/meters/converter.h"
#include "power/meters/converter_options.h"
#include "power/meters/list.h"
#include "power/protocol/counters.h"
#include "power/protocol/ina228_registers.h"
#include "power/protocol/ina_conversion.h"
#include "tbft/power/detect.h"

namespace tbft::power {
namespace {

using namespace ina228;

constexpr double shunt_tolerance = 0.01;  // breakout boards
constexpr std::string_view example = "ina228:///dev/i2c-1?addr=0x40&shunt_ohm=0.015";

constexpr MeterOption options[] = {
    addr_option,
    shunt_ohm_option,
    max_A_option,
    {.name = "adcrange",
     .meaning = "range of the shunt's voltage: 0 is 163.84 mV, 1 is 40.96 mV, auto the smallest that includes max_A",
     .values = "auto, 0, 1",
     .otherwise = "auto"},
    {.name = "ct_us",
     .meaning = "time of one conversion",
     .unit = "us",
     .values = "50, 84, 150, 280, 540, 1052, 2074, 4120",
     .otherwise = "by the sampling interval"},
    avg_option,
    ready_option,
    i2c_hz_option,
    gain_pct_option,
    offset_A_option,
};

struct Settings {
  double shunt_ohm = 0;
  bool narrow = false;  // ADCRANGE = 1
  bool alert = false;
  Conversion conversion;
  double read_s = 0;

  Timing timing() const {
    Timing t = conversion.timing(read_s);
    t.age_share = 0;      // a count is valid at the end of its cycle
    t.overlap_share = 1;  // a count needs no other register
    return t;
  }
};

class Ina228 final : public Converter {
 public:
  Ina228(MeterInfo info, const Settings& settings, std::unique_ptr<I2cBus> bus, std::shared_ptr<Clock> clock,
         std::unique_ptr<GpioInput> ready)
      : Converter(std::move(info), settings.timing(), std::move(bus), std::move(clock), std::move(ready)),
        settings_(settings),
        counter_(new_counter()) {}

 private:
  CounterUnwrapper new_counter() const {
    return {energy_range, energy_lsb_J(settings_.narrow, settings_.shunt_ohm),
            bus_range_V * shunt_range_V(settings_.narrow) / settings_.shunt_ohm};
  }

  void identify() override {
    const std::uint16_t manufacturer = read(manufacturer_id);
    require_identity("INA228", info().uri, manufacturer, read(device_id), device, 4);
    count();  // throws before any write if the adapter cannot read five bytes
  }
  void configure() override {
    write(config, settings_.narrow ? config_adcrange : std::uint16_t{0});
    write(shunt_cal, shunt_cal_value);
    write(diag_alrt, settings_.alert ? std::uint16_t{diag_ALATCH | diag_CNVR} : diag_ALATCH);
    write(adc_config, adc_config_word(settings_.conversion.avg_code, settings_.conversion.ct_code));
  }
  Status status() override {
    diag_ = read(diag_alrt);
    if ((diag_ & diag_ALATCH) == 0) {
      count_anew();
      return Status::reset;
    }
    return (diag_ & diag_CNVRF) != 0 ? Status::ready : Status::busy;
  }
  // A count that decreased has wrapped, unless the chip was reset after status(). While the shunt voltage exceeds the range,
  // the chip counts too little, so the readings are saturated; a smaller shunt helps, more frequent reads do not.
  void read_rest() override {
    const std::uint64_t raw = count();
    if (raw < last_count_ && was_reset()) throw I2cError(EIO, "the chip was reset");
    const auto counted = counter_.next(now(), raw);
    last_count_ = raw;
    reading_ = {};
    reading_.energy_J = last_J_ = before_J_ + counted.energy_J;
    const std::int32_t shunt = signed20(vshunt);
    reading_.volts_V = signed20(vbus) * bus_lsb_V;
    reading_.amps_A = shunt * current_lsb_A(settings_.narrow, settings_.shunt_ohm);
    reading_.power_W = reading_.volts_V * reading_.amps_A;
    if (is_saturated(shunt) || (diag_ & diag_MATHOF) != 0) reading_.flags |= saturated;
    // 40 bits do not wrap between two reads, so the counter restarted at an unknown instant.
    if (counted.ambiguous) reading_.flags |= reinitialised;
  }
  Reading reading() override { return reading_; }
  bool was_reset() override {
    const bool reset = read(adc_config) == adc_config_reset;
    if (reset) count_anew();
    return reset;
  }
  // The energy counted so far stays; the energy between the last read and the reset is lost, in a gap.
  void count_anew() {
    before_J_ = last_J_;
    counter_ = new_counter();
    last_count_ = 0;
  }
  bool needs_pairs() const override { return false; }  // the count alone gives the energy

  std::uint64_t count() {
    std::array<std::uint8_t, 5> bytes{};
    read_bytes(energy, bytes);
    return unsigned_of(bytes);
  }
  std::int32_t signed20(std::uint8_t reg) {
    std::array<std::uint8_t, 3> bytes{};
    read_bytes(reg, bytes);
    return signed20_of(bytes);
  }

  Settings settings_;
  CounterUnwrapper counter_;
  std::uint64_t last_count_ = 0;
  double before_J_ = 0;  // energy counted before the chip's last reset
  double last_J_ = 0;
  std::uint16_t diag_ = 0;
  Reading reading_;
};

bool narrow_option(const MeterUri& uri) {
  const auto text = uri.text("adcrange").value_or("auto");
  if (text == "0" || text == "1") return text == "1";
  if (text != "auto") throw BadMeterUri(fmt::format("meter ina228: adcrange={}: auto, 0 and 1 are known", text));
  const auto max_A = uri.number(max_A_option);
  return max_A && *max_A * uri.number(shunt_ohm_option).value_or(1e6) <= shunt_range_V(true) * (1 + 1e-9);
}

// Checks the URI's options before any device is opened.
struct Plan {
  MeterInfo info;
  Settings settings;
};
Plan plan(const MeterUri& uri, double interval_s, double bus_hz) {
  uri.allow(options);
  Plan p;
  Settings& s = p.settings;
  s.narrow = narrow_option(uri);
  s.shunt_ohm = shunt_option(uri, shunt_range_V(s.narrow));
  s.alert = uri.text(ready_option.name).has_value();
  s.read_s = i2c_read_s(uri, bus_hz);
  const double sample_s = s.read_s + i2c_read_s(uri, bus_hz, 5) + 2 * i2c_read_s(uri, bus_hz, 3);
  s.conversion = choose_conversion(
      uri,
      {.ct_s = ina::ct_20bit_s, .averages = ina::averages, .usual_ct_s = 540e-6, .sample_s = sample_s, .can_trigger = false},
      interval_s);

  const Timing timing = s.timing();
  p.info.uri = to_string(uri);
  p.info.description = describe("INA228", uri, i2c_address(uri, addr_option, example),
                                fmt::format("{} ohm shunt, {} mV range, energy counted by the chip, {}", s.shunt_ohm,
                                            1e3 * shunt_range_V(s.narrow), s.conversion.text()),
                                bus_hz);
  p.info.counter = true;
  set_pace(p.info, uri, timing);
  // The count includes everything up to the end of a cycle. The datasheet does not state whether it grows with each conversion
  // or with each result, so the latency is a whole cycle.
  p.info.averaging_s = 0;
  p.info.current_share = 1;
  p.info.latency_s = std::max(timing.cycle_s, sample_s);
  p.info.accuracy.gain_limit_rel = std::hypot(energy_gain_limit, shunt_tolerance);
  p.info.accuracy.offset_limit_A = shunt_offset_limit_V / s.shunt_ohm;
  p.info.accuracy.offset_limit_V = bus_offset_limit_V;
  p.info.accuracy.resolution_A = current_lsb_A(s.narrow, s.shunt_ohm);
  p.info.accuracy.resolution_V = bus_lsb_V;
  p.info.accuracy.resolution_J = energy_lsb_J(s.narrow, s.shunt_ohm);
  uri.apply_accuracy(p.info.accuracy);
  return p;
}

}  // namespace

std::span<const MeterOption> ina228_options() {
  return options;
}

std::unique_ptr<Meter> make_ina228(const MeterUri& uri, double interval_s, std::unique_ptr<I2cBus> bus,
                                   std::shared_ptr<Clock> clock, double bus_hz, std::unique_ptr<GpioInput> ready) {
  Plan p = plan(uri, interval_s, bus_hz);
  return std::make_unique<Ina228>(std::move(p.info), p.settings, std::move(bus), std::move(clock), std::move(ready));
}

std::unique_ptr<Meter> open_ina228(const MeterUri& uri, double interval_s) {
  const auto address = i2c_address(uri, addr_option, example);
  Plan p = plan(uri, interval_s, bus_clock_hz(uri.path));
  auto ready = open_ready(uri);
  auto bus = std::make_unique<LinuxI2cBus>(uri.path, address);
  return std::make_unique<Ina228>(std::move(p.info), p.settings, std::move(bus), steady_clock(), std::move(ready));
}

}  // namespace tbft::power
