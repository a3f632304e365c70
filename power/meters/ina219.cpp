#include "power/meters/ina219.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <optional>
#include <utility>

#include "power/meters/conversion_tracker.h"
#include "power/protocol/ina219_registers.h"

namespace tbft::power {
namespace {

using namespace ina219;

constexpr double bits_a_read = 47;        // start, address, pointer, restart, address, two bytes, stop
constexpr double shunt_tolerance = 0.01;  // breakout boards
constexpr int check_every = 64;           // readings between two looks at whether the chip was reset
constexpr int attempts = 3;
constexpr TimeNs pause_after_failure = 10'000'000;

struct Settings {
  double shunt_ohm = 0.1;
  double max_A = 3.2;
  Gain gain = gains[3];
  bool range_32V = false;
  Adc badc = adcs[3];
  Adc sadc = adcs[3];
  bool triggered = false;
  double read_s = 0;  // one register

  double pair_s() const { return badc.typical_s + sadc.typical_s; }
  double longest_pair_s() const { return badc.longest_s() + sadc.longest_s(); }
  std::uint16_t config() const {
    return configuration_word(range_32V, gain.code, badc.code, sadc.code, triggered ? triggered_both : continuous_both);
  }
  // The chip's own current register: only to see from its reset value that the chip was reset.
  std::uint16_t cal() const { return std::max<std::uint16_t>(calibration_word(max_A / 32767, shunt_ohm), 2); }
};

std::string adc_name(const Adc& adc) {
  return adc.averages > 1 ? fmt::format("x{}", adc.averages) : fmt::format("{}", adc.bits);
}

std::optional<Adc> adc_option(const MeterUri& uri, std::string_view key) {
  const auto text = uri.text(key);
  if (!text) return std::nullopt;
  for (const Adc& adc : adcs) {
    if (adc_name(adc) == *text) return adc;
  }
  throw BadMeterUri(
      fmt::format("meter ina219: {}={}: 9, 10, 11, 12, x2, x4, x8, x16, x32, x64 and x128 are known", key, *text));
}

Gain gain_option(const MeterUri& uri, double max_A, double shunt_ohm) {
  const auto text = uri.text("pga").value_or("auto");
  for (const Gain& gain : gains) {
    if (text == "auto" ? gain.full_scale * shunt_lsb_V >= max_A * shunt_ohm * (1 - 1e-9)
                       : text == std::to_string(gain.range_mV)) {
      return gain;
    }
  }
  if (text == "auto") {
    throw BadMeterUri(
        fmt::format("meter ina219: max_A={} on shunt_ohm={} is {:.0f} mV, the chip measures 320 mV at most; take a "
                    "smaller shunt or max_A",
                    max_A, shunt_ohm, 1e3 * max_A * shunt_ohm));
  }
  throw BadMeterUri(fmt::format("meter ina219: pga={}: auto, 40, 80, 160 and 320 (mV) are known", text));
}

// The converter setting: as asked, else the longest average within the interval, and in either case one that the bus can
// follow.
void choose_adc(Settings& s, const MeterUri& uri, double interval_s) {
  const auto both = adc_option(uri, "adc");
  const auto badc = adc_option(uri, "badc");
  const auto sadc = adc_option(uri, "sadc");
  if (both && (badc || sadc)) throw BadMeterUri("meter ina219: adc sets both converters; give it, or badc and sadc");
  const auto bus_keeps_up = [&] { return 3 * s.read_s <= s.pair_s() / 2; };
  if (both || badc || sadc) {
    s.badc = both ? *both : badc.value_or(adcs[3]);
    s.sadc = both ? *both : sadc.value_or(adcs[3]);
    s.triggered = !bus_keeps_up();  // values stand still until they are asked for: voltage and current stay a pair
    return;
  }
  std::size_t i = 3;  // 12 bit
  if (interval_s > 0) {
    for (i = 0; i + 1 < adcs.size() && 2 * adcs[i + 1].typical_s <= interval_s; ++i) continue;
  }
  for (s.badc = s.sadc = adcs[i]; !bus_keeps_up() && i + 1 < adcs.size();) s.badc = s.sadc = adcs[++i];
  s.triggered = !bus_keeps_up();
}

class Ina219 final : public Meter {
 public:
  Ina219(MeterInfo info, const Settings& settings, std::unique_ptr<I2cBus> bus, std::shared_ptr<Clock> clock)
      : info_(std::move(info)),
        settings_(settings),
        bus_(std::move(bus)),
        clock_(std::move(clock)),
        tracker_(settings.pair_s(), std::max(settings.pair_s() / 16, settings.read_s)) {}

  const MeterInfo& info() const override { return info_; }
  TimeNs next_poll(TimeNs /*scheduled*/) const override { return due(); }
  void stop() override {}

  void start(TimeNs /*first_window*/) override {
    try {
      set_up();
      const std::uint16_t found = read(configuration);
      if (found != settings_.config()) {
        throw MeterUnavailable(fmt::format("{}: configuration 0x{:04x} was written and 0x{:04x} read back: not an INA219?",
                                           info_.uri, settings_.config(), found));
      }
    } catch (const I2cError& error) {
      throw MeterUnavailable(error.what());
    }
  }

  std::optional<Reading> poll(TimeNs now) override {
    if (now < due()) return std::nullopt;  // asked again at once: costs no transaction
    try {
      return settings_.triggered ? poll_triggered() : poll_continuous();
    } catch (const I2cError&) {
      const TimeNs t = clock_->now();
      suspect_ = true;
      triggered_at_ = 0;
      due_ = t + pause_after_failure;
      tracker_.skip(t, pause_after_failure);
      return gap(t);
    }
  }

 private:
  TimeNs due() const { return settings_.triggered ? due_ : tracker_.due(); }

  // A device that does not acknowledge is asked again at once: glitches on long wires are short.
  template <typename Transfer>
  auto retried(Transfer transfer) {
    for (int attempt = 1;; ++attempt) {
      try {
        return transfer();
      } catch (const I2cError& error) {
        if (attempt == attempts || (error.code != EREMOTEIO && error.code != ENXIO)) throw;
      }
    }
  }
  std::uint16_t read(std::uint8_t reg) {
    return retried([&] { return bus_->read_word(reg); });
  }
  void write(std::uint8_t reg, std::uint16_t value) {
    retried([&] { bus_->write_word(reg, value); });
  }

  void set_up() {
    write(calibration, settings_.cal());
    write(configuration, settings_.config());  // conversions begin anew
    const TimeNs t = clock_->now();
    tracker_.restart(t);
    triggered_at_ = settings_.triggered ? t : 0;
    due_ = t + from_seconds(settings_.longest_pair_s());
    since_check_ = 0;
    suspect_ = false;
  }

  // Looks at a register whose reset value is not what was written to it.
  bool was_reset() {
    since_check_ = 0;
    suspect_ = false;
    // Triggered mode writes the configuration before every conversion, so only the calibration tells there.
    if (!settings_.triggered && settings_.config() != configuration_reset) return read(configuration) == configuration_reset;
    return read(calibration) == 0;
  }
  std::optional<Reading> set_up_again() {
    set_up();
    reinitialised_ = true;
    return gap(clock_->now());
  }

  std::optional<Reading> poll_continuous() {
    if (suspect_ && was_reset()) return set_up_again();
    const TimeNs t = clock_->now();
    const std::uint16_t bus = read(bus_voltage);
    if (!is_ready(bus)) {
      if (t - tracker_.last_ready() > silence()) return silent(t);
      tracker_.not_ready(t);
      return std::nullopt;
    }
    const std::uint16_t shunt = read(shunt_voltage);
    const TimeNs shunt_read = clock_->now();
    read(power);  // sources conflict about what clears CNVR: after 02 and 03 it is clear in every case
    tracker_.ready(t);
    if (++since_check_ >= check_every && was_reset()) return set_up_again();
    const auto end = tracker_.last_end();
    if (!end) return std::nullopt;
    // Once the next shunt conversion has ended, 01 no longer belongs to the voltage that was read.
    const double shunt_share = settings_.sadc.typical_s / settings_.pair_s();
    const double shunt_ends_ns = shunt_share * static_cast<double>(tracker_.period()) - tracker_.uncertainty_ns(t);
    if (static_cast<double>(shunt_read - *end) > shunt_ends_ns) return std::nullopt;
    return reading(*end - tracker_.period() / 2, bus, shunt);
  }

  std::optional<Reading> poll_triggered() {
    if (suspect_ && was_reset()) return set_up_again();
    if (triggered_at_ == 0) {
      trigger();
      return std::nullopt;
    }
    const TimeNs t = clock_->now();
    const std::uint16_t bus = read(bus_voltage);
    if (!is_ready(bus)) {
      if (t - triggered_at_ > silence()) return silent(t);
      due_ = t + from_seconds(settings_.pair_s() / 16);
      return std::nullopt;
    }
    const std::uint16_t shunt = read(shunt_voltage);
    const TimeNs centre = triggered_at_ + from_seconds(settings_.pair_s() / 2);
    if (++since_check_ >= check_every && was_reset()) return set_up_again();
    trigger();  // writing the mode clears CNVR
    return reading(centre, bus, shunt);
  }
  void trigger() {
    write(configuration, settings_.config());
    triggered_at_ = clock_->now();
    due_ = triggered_at_ + from_seconds(settings_.longest_pair_s());
  }

  // How long no conversion may end before the chip counts as silent.
  TimeNs silence() const { return from_seconds(std::max(4 * settings_.longest_pair_s(), 0.02)); }
  std::optional<Reading> silent(TimeNs t) {
    if (was_reset()) return set_up_again();
    set_up();
    return gap(t);
  }

  Reading reading(TimeNs centre, std::uint16_t bus, std::uint16_t shunt) {
    Reading r;
    r.t_ns = in_order(centre);
    r.volts_V = bus_V(bus);
    r.amps_A = shunt_V(shunt) / settings_.shunt_ohm;
    r.power_W = r.volts_V * r.amps_A;
    if (is_saturated(shunt, settings_.gain)) r.flags |= saturated;
    if (std::exchange(reinitialised_, false)) r.flags |= reinitialised;
    return r;
  }
  // Stamped half a conversion back, as a reading would be, so that the two stay in order.
  std::optional<Reading> gap(TimeNs t) {
    return Reading{.t_ns = in_order(t - from_seconds(settings_.pair_s() / 2)), .flags = gap_begins};
  }
  TimeNs in_order(TimeNs t) { return last_t_ = std::max(t, last_t_ + 1); }

  MeterInfo info_;
  Settings settings_;
  std::unique_ptr<I2cBus> bus_;
  std::shared_ptr<Clock> clock_;
  ConversionTracker tracker_;
  TimeNs due_ = 0;           // triggered mode
  TimeNs triggered_at_ = 0;  // 0: no conversion is under way
  TimeNs last_t_ = 0;
  int since_check_ = 0;
  bool suspect_ = false;  // a transfer failed: was the chip without power?
  bool reinitialised_ = false;
};

// What the URI asks for, checked before any device is opened.
struct Plan {
  MeterInfo info;
  Settings settings;
};
Plan plan(const MeterUri& uri, double interval_s, double bus_hz) {
  uri.allow({"addr", "shunt_ohm", "max_A", "pga", "brng", "adc", "badc", "sadc", "i2c_hz", "gain_pct", "offset_A"});
  Settings s;
  s.shunt_ohm = uri.number("shunt_ohm", 1e-5, 100).value_or(0.1);
  s.max_A = uri.number("max_A", 1e-4, 1e4).value_or(std::min(3.2, 0.32 / s.shunt_ohm));
  s.gain = gain_option(uri, s.max_A, s.shunt_ohm);
  const long brng = uri.integer("brng", 16, 32).value_or(16);
  if (brng != 16 && brng != 32) throw BadMeterUri(fmt::format("meter ina219: brng={}: 16 and 32 (V) are known", brng));
  s.range_32V = brng == 32;
  const double hz = uri.number("i2c_hz", 1e3, 3.4e6).value_or(bus_hz > 0 ? bus_hz : 100e3);
  s.read_s = bits_a_read / hz;
  choose_adc(s, uri, interval_s);

  MeterInfo info;
  info.uri = to_string(uri);
  info.description = fmt::format(
      "INA219 at 0x{:02x} of {}, {} ohm shunt, {} mV and {} V ranges, bus ADC {}, shunt ADC {}, {}, I2C at {:.0f} kHz",
      uri.integer("addr", 0x40, 0x4F).value_or(0x40), uri.path, s.shunt_ohm, s.gain.range_mV, brng, adc_name(s.badc),
      adc_name(s.sadc), s.triggered ? "triggered" : "continuous", hz / 1e3);
  info.averaging_s = s.pair_s();
  info.nominal_period_s = s.triggered ? s.longest_pair_s() + 3 * s.read_s : s.pair_s();
  info.latency_s = s.triggered ? s.longest_pair_s() - s.pair_s() : std::max(s.pair_s() / 16, s.read_s);
  info.gap_limit_s = uri.gap_limit_s(info.nominal_period_s);
  info.accuracy.gain_limit_rel = std::hypot(current_gain_limit, bus_gain_limit, shunt_tolerance);
  info.accuracy.offset_limit_A = s.gain.offset_limit_V / s.shunt_ohm;
  info.accuracy.offset_limit_V = 0;  // the datasheet states the bus error as a gain alone
  info.accuracy.resolution_A = shunt_lsb_V / s.shunt_ohm;
  info.accuracy.resolution_V = bus_lsb_V;
  uri.apply_accuracy(info.accuracy);
  return {.info = std::move(info), .settings = s};
}

}  // namespace

std::unique_ptr<Meter> make_ina219(const MeterUri& uri, double interval_s, std::unique_ptr<I2cBus> bus,
                                   std::shared_ptr<Clock> clock, double bus_hz) {
  Plan p = plan(uri, interval_s, bus_hz);
  return std::make_unique<Ina219>(std::move(p.info), p.settings, std::move(bus), std::move(clock));
}

std::unique_ptr<Meter> open_ina219(const MeterUri& uri, double interval_s) {
  if (uri.path.empty()) throw BadMeterUri("meter ina219: no bus; ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1");
  const auto address = static_cast<std::uint8_t>(uri.integer("addr", 0x40, 0x4F).value_or(0x40));
  Plan p = plan(uri, interval_s, bus_clock_hz(uri.path));
  auto bus = std::make_unique<LinuxI2cBus>(uri.path, address);
  return std::make_unique<Ina219>(std::move(p.info), p.settings, std::move(bus), steady_clock());
}

}  // namespace tbft::power
