#include "power/meters/converter_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "power/protocol/ina_conversion.h"

namespace tbft::power {

std::uint8_t i2c_address(const MeterUri& uri, const MeterOption& address, std::string_view example) {
  if (uri.path.empty()) throw BadMeterUri(fmt::format("meter {}: no bus; {}", uri.name, example));
  return static_cast<std::uint8_t>(uri.integer(address).value_or(static_cast<long>(address.low)));
}

double next_interval_s(const Timing& timing) {
  return 2.05 * timing.cycle_s;
}

double resolution_s(const Timing& timing) {
  return std::max(timing.cycle_s / 16, timing.read_s);
}

double i2c_hz(const MeterUri& uri, double bus_hz) {
  return uri.number(i2c_hz_option).value_or(bus_hz > 0 ? bus_hz : 100e3);
}

double i2c_read_s(const MeterUri& uri, double bus_hz, int bytes) {
  return (29 + 9 * bytes) / i2c_hz(uri, bus_hz);
}

double shunt_option(const MeterUri& uri, double range_V) {
  const auto shunt_ohm = uri.number(shunt_ohm_option);
  if (!shunt_ohm) {
    throw BadMeterUri(fmt::format(
        "meter {}: shunt_ohm is needed, boards differ: it is printed on the resistor (R100 is 0.1, R010 is 0.01)", uri.name));
  }
  const double max_A = uri.number(max_A_option).value_or(range_V / *shunt_ohm);
  if (max_A * *shunt_ohm > range_V * (1 + 1e-9)) {
    throw BadMeterUri(
        fmt::format("meter {}: max_A={} on shunt_ohm={} is {:.1f} mV, the chip measures {:.4g} mV at most; take a "
                    "smaller shunt or max_A",
                    uri.name, max_A, *shunt_ohm, 1e3 * max_A * *shunt_ohm, 1e3 * range_V));
  }
  return *shunt_ohm;
}

std::string assumed_shunt_text(const MeterUri& uri, double assumed_ohm) {
  constexpr double other_ohm = 0.01;  // R010, the other usual shunt
  MeterUri stated = uri;
  stated.options[std::string(shunt_ohm_option.name)] = fmt::format("{:g}", assumed_ohm);
  return fmt::format(
      "the URI states no shunt_ohm, so {:g} ohm is assumed; with a shunt of {:g} ohm every joule would be {:.4g} times too "
      "small. State the one that is fitted, such as -m '{}'",
      assumed_ohm, other_ohm, assumed_ohm / other_ohm, to_string(stated));
}

void set_pace(MeterInfo& info, const MeterUri& uri, const Timing& timing) {
  info.averaging_s = timing.cycle_s;
  info.current_share = 0.5;
  info.nominal_period_s = timing.triggered ? timing.longest_s + 4 * timing.read_s : timing.cycle_s;
  if (timing.triggered) {
    info.latency_s = timing.longest_s - timing.cycle_s;
  } else if (!uri.text(ready_option.name)) {  // with `ready`, the edge gives the time of the conversion's end
    info.latency_s = resolution_s(timing);
  }
  info.gap_limit_s = uri.gap_limit_s(info.nominal_period_s);
}

std::unique_ptr<GpioInput> open_ready(const MeterUri& uri) {
  const auto text = uri.text(ready_option.name);
  if (!text) return nullptr;
  try {
    return open_gpio_input(parse_gpio_line(*text), Edges::falling, "tbft ready");
  } catch (const std::invalid_argument& error) {
    throw BadMeterUri(fmt::format("meter {}: ready={}: {}", uri.name, *text, error.what()));
  }
}

void require_identity(std::string_view name, const std::string& uri, std::uint16_t manufacturer, std::uint16_t id,
                      std::uint16_t wanted_id, unsigned id_shift) {
  if (manufacturer == ina::manufacturer && id >> id_shift == wanted_id) return;
  throw MeterUnavailable(
      fmt::format("{}: not an {}: manufacturer 0x{:04x} and chip 0x{:04x} were read, 0x{:04x} and 0x{:x} are expected; is the "
                  "address right? Nothing was written{}",
                  uri, name, manufacturer, id, ina::manufacturer, wanted_id << id_shift,
                  name == "INA226" ? "; for a clone with another identity add id=any" : ""));
}

std::string describe(std::string_view chip, const MeterUri& uri, std::uint8_t address, std::string_view what, double bus_hz) {
  return fmt::format("{} at 0x{:02x} of {}, {}, I2C at {:.0f} kHz", chip, address, uri.path, what, i2c_hz(uri, bus_hz) / 1e3);
}

}  // namespace tbft::power
