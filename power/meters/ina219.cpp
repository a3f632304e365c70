// ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1 : Texas Instruments INA219 on an I2C bus, read without a kernel driver.
//
// Options: the table below. Without adc the chip averages over the requested interval, or converts as fast as chip and bus
// allow.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "power/meters/converter.h"
#include "power/meters/converter_options.h"
#include "power/meters/list.h"
#include "power/protocol/ina219_registers.h"
#include "tbft/power/detect.h"

namespace tbft::power {
namespace {

using namespace ina219;

constexpr double shunt_tolerance = 0.01;  // breakout boards
constexpr int check_every = 64;           // readings between two checks for a reset of the chip

// Without it the usual breakout's is assumed, and the meter says so.
constexpr MeterOption assumed_shunt_option{.name = shunt_ohm_option.name,
                                           .meaning = shunt_ohm_option.meaning,
                                           .unit = shunt_ohm_option.unit,
                                           .low = shunt_ohm_option.low,
                                           .high = shunt_ohm_option.high,
                                           .fallback = 0.1};
constexpr MeterOption range_option{.name = "brng",
                                   .meaning = "range of the bus voltage",
                                   .unit = "V",
                                   .low = 16,
                                   .high = 32,
                                   .fallback = 16,
                                   .values = "16, 32"};
constexpr MeterOption largest_option{.name = max_A_option.name,
                                     .meaning = "largest current; chooses the smallest of the ranges 40, 80, 160 and 320 mV",
                                     .unit = max_A_option.unit,
                                     .low = max_A_option.low,
                                     .high = max_A_option.high,
                                     .otherwise = "3.2, or what 320 mV allow"};
constexpr MeterOption options[] = {
    addr_option,
    assumed_shunt_option,
    largest_option,
    range_option,
    {.name = "adc",
     .meaning = "bits of a conversion, or averages of 12 bits",
     .values = "9, 10, 11, 12, x2, x4, x8, x16, x32, x64, x128",
     .otherwise = "by the sampling interval"},
    i2c_hz_option,
    gain_pct_option,
    offset_A_option,
};

struct Settings {
  double shunt_ohm = 0.1;
  double max_A = 3.2;
  Gain gain = gains[3];
  bool range_32V = false;
  Adc adc = adcs[3];  // for both the shunt voltage and the bus voltage
  bool triggered = false;
  double read_s = 0;  // time to read one register

  double pair_s() const { return 2 * adc.typical_s; }
  double longest_pair_s() const { return 2 * adc.longest_s(); }
  // The shunt is converted first, so once its next conversion has ended, register 1 no longer belongs to the voltage that was
  // read.
  Timing timing() const {
    return {.cycle_s = pair_s(),
            .longest_s = longest_pair_s(),
            .read_s = read_s,
            .age_share = 0.75,
            .overlap_share = 0.5,
            .triggered = triggered};
  }
  std::uint16_t config() const {
    return configuration_word(range_32V, gain.code, adc.code, triggered ? triggered_both : continuous_both);
  }
  // For the chip's own current register, which is used only to detect a reset by its reset value.
  std::uint16_t cal() const { return std::max<std::uint16_t>(calibration_word(max_A / 32767, shunt_ohm), 2); }
};

std::string adc_name(const Adc& adc) {
  return adc.averages > 1 ? fmt::format("x{}", adc.averages) : fmt::format("{}", adc.bits);
}

std::optional<Adc> adc_option(const MeterUri& uri) {
  const auto text = uri.text("adc");
  if (!text) return std::nullopt;
  for (const Adc& adc : adcs) {
    if (adc_name(adc) == *text) return adc;
  }
  throw BadMeterUri(fmt::format("meter ina219: adc={}: 9, 10, 11, 12, x2, x4, x8, x16, x32, x64 and x128 are known", *text));
}

// The smallest range that includes the largest current.
Gain gain_for(double max_A, double shunt_ohm) {
  for (const Gain& gain : gains) {
    if (gain.full_scale * shunt_lsb_V >= max_A * shunt_ohm * (1 - 1e-9)) return gain;
  }
  throw BadMeterUri(
      fmt::format("meter ina219: max_A={} on shunt_ohm={} is {:.0f} mV, the chip measures 320 mV at most; take a "
                  "smaller shunt or max_A",
                  max_A, shunt_ohm, 1e3 * max_A * shunt_ohm));
}

// The converter setting: the URI's, or else the longest average within the interval. If the bus cannot keep up with it,
// conversions are triggered.
void choose_adc(Settings& s, const MeterUri& uri, double interval_s) {
  const auto bus_keeps_up = [&] { return 3 * s.read_s <= s.pair_s() / 2; };
  if (const auto asked = adc_option(uri)) {
    s.adc = *asked;
  } else {
    std::size_t i = 3;  // 12 bit
    if (interval_s > 0) {
      for (i = 0; i + 1 < adcs.size() && 2 * adcs[i + 1].typical_s <= interval_s; ++i) continue;
    }
    for (s.adc = adcs[i]; !bus_keeps_up() && i + 1 < adcs.size();) s.adc = adcs[++i];
  }
  s.triggered = !bus_keeps_up();  // values then stay unchanged until the next trigger, so voltage and current stay a pair
}

// Refuses options of earlier versions.
void refuse_removed_options(const MeterUri& uri) {
  for (const auto& [key, instead] :
       {std::pair{"badc", "adc sets both converters"}, std::pair{"sadc", "adc sets both converters"},
        std::pair{"pga", "max_A chooses the range"}}) {
    if (uri.text(key)) throw BadMeterUri(fmt::format("meter ina219: {} is no longer an option: {}", key, instead));
  }
}

// Checks the URI's options before any device is opened.
struct Plan {
  MeterInfo info;
  Settings settings;
};
Plan plan(const MeterUri& uri, double interval_s, double bus_hz) {
  refuse_removed_options(uri);
  uri.allow(options);
  Settings s;
  const bool assumed = !uri.text(assumed_shunt_option.name);
  s.shunt_ohm = uri.number_or_fallback(assumed_shunt_option);
  s.max_A = uri.number(largest_option).value_or(std::min(3.2, 0.32 / s.shunt_ohm));
  s.gain = gain_for(s.max_A, s.shunt_ohm);
  const long brng = uri.integer(range_option).value_or(16);
  if (brng != 16 && brng != 32) throw BadMeterUri(fmt::format("meter ina219: brng={}: 16 and 32 (V) are known", brng));
  s.range_32V = brng == 32;
  s.read_s = i2c_read_s(uri, bus_hz);
  choose_adc(s, uri, interval_s);

  MeterInfo info;
  info.uri = to_string(uri);
  info.description =
      fmt::format("INA219 at 0x{:02x} of {}, {} ohm shunt{}, {} mV and {} V ranges, ADC {}, {}, I2C at {:.0f} kHz",
                  uri.integer(addr_option).value_or(0x40), uri.path, s.shunt_ohm, assumed ? " (assumed)" : "", s.gain.range_mV,
                  brng, adc_name(s.adc), s.triggered ? "triggered" : "continuous", i2c_hz(uri, bus_hz) / 1e3);
  if (assumed) info.assumption = assumed_shunt_text(uri, s.shunt_ohm);
  info.averaging_s = s.pair_s();
  info.current_share = 0.5;
  info.nominal_period_s = s.triggered ? s.longest_pair_s() + 3 * s.read_s : s.pair_s();
  info.latency_s = s.triggered ? s.longest_pair_s() - s.pair_s() : resolution_s(s.timing());
  info.gap_limit_s = uri.gap_limit_s(info.nominal_period_s);
  info.accuracy.gain_limit_rel = std::hypot(current_gain_limit, bus_gain_limit, shunt_tolerance);
  info.accuracy.offset_limit_A = s.gain.offset_limit_V / s.shunt_ohm;
  info.accuracy.offset_limit_V = bus_lsb_V / 2;  // the datasheet states only a gain error; the chip may truncate
  info.accuracy.resolution_A = shunt_lsb_V / s.shunt_ohm;
  info.accuracy.resolution_V = bus_lsb_V;
  uri.apply_accuracy(info.accuracy);
  return {.info = std::move(info), .settings = s};
}

class Ina219 final : public Converter {
 public:
  Ina219(const MeterUri& uri, const Plan& p, double bus_hz, std::unique_ptr<I2cBus> bus, std::shared_ptr<Clock> clock)
      : Converter(p.info, p.settings.timing(), std::move(bus), std::move(clock)),
        uri_(uri),
        bus_hz_(bus_hz),
        settings_(p.settings) {}

 private:
  void configure() override {
    write(calibration, settings_.cal());
    write(configuration, settings_.config());
    since_check_ = 0;
  }
  void verify() override {
    const std::uint16_t found = read(configuration);
    if (found == settings_.config()) return;
    throw MeterUnavailable(fmt::format("{}: configuration 0x{:04x} was written and 0x{:04x} read back: not an INA219?",
                                       info().uri, settings_.config(), found));
  }
  // Writing the mode clears CNVR.
  void trigger() override { write(configuration, settings_.config()); }

  Status status() override {
    bus_ = read(bus_voltage);
    return is_ready(bus_) ? Status::ready : Status::busy;
  }
  void read_current() override { shunt_ = read(shunt_voltage); }
  // Sources disagree on what clears CNVR: after reading 02 and 03 it is clear in every case.
  void read_rest() override {
    if (!settings_.triggered) read(power);
  }
  Reading reading() override {
    Reading r;
    r.volts_V = bus_V(bus_);
    r.amps_A = shunt_V(shunt_) / settings_.shunt_ohm;
    r.power_W = r.volts_V * r.amps_A;
    if (is_saturated(shunt_, settings_.gain) || is_saturated_bus(bus_, settings_.range_32V)) r.flags |= saturated;
    return r;
  }
  bool average_longer(MeterInfo& info, Timing& timing) override {
    Plan longer = plan(uri_, next_interval_s(timing), bus_hz_);
    if (longer.settings.pair_s() <= settings_.pair_s()) return false;
    settings_ = longer.settings;
    timing = settings_.timing();
    info = std::move(longer.info);
    return true;
  }
  bool was_reset() override {
    since_check_ = 0;
    // Triggered mode writes the configuration before every conversion, so only the calibration shows a reset.
    if (!settings_.triggered && settings_.config() != configuration_reset) return read(configuration) == configuration_reset;
    return read(calibration) == 0;
  }
  bool check_due() override { return ++since_check_ >= check_every; }

  MeterUri uri_;
  double bus_hz_;
  Settings settings_;
  std::uint16_t bus_ = 0;  // the voltage that status() read together with CNVR
  std::uint16_t shunt_ = 0;
  int since_check_ = 0;
};

}  // namespace

std::span<const MeterOption> ina219_options() {
  return options;
}

std::unique_ptr<Meter> make_ina219(const MeterUri& uri, double interval_s, std::unique_ptr<I2cBus> bus,
                                   std::shared_ptr<Clock> clock, double bus_hz) {
  return std::make_unique<Ina219>(uri, plan(uri, interval_s, bus_hz), bus_hz, std::move(bus), std::move(clock));
}

std::unique_ptr<Meter> open_ina219(const MeterUri& uri, double interval_s) {
  const auto address = i2c_address(uri, addr_option, "ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1");
  const double bus_hz = bus_clock_hz(uri.path);
  const Plan p = plan(uri, interval_s, bus_hz);
  auto bus = std::make_unique<LinuxI2cBus>(uri.path, address);
  return std::make_unique<Ina219>(uri, p, bus_hz, std::move(bus), steady_clock());
}

}  // namespace tbft::power
