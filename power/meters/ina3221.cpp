#include "power/meters/ina3221.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

#include "power/meters/conversion_choice.h"
#include "power/meters/word_converter.h"
#include "power/protocol/ina3221_registers.h"
#include "power/protocol/ina_conversion.h"

namespace tbft::power {
namespace {

using namespace ina3221;

constexpr double shunt_tolerance = 0.01;  // breakout boards
constexpr std::array not_averaged{1};
constexpr std::string_view example = "ina3221:///dev/i2c-1?addr=0x40&channel=1&shunt_ohm=0.1";

WordPlan plan(const MeterUri& uri, double interval_s, double bus_hz) {
  uri.allow({"addr", "shunt_ohm", "channel", "max_A", "ct_us", "i2c_hz", "gain_pct", "offset_A"});
  const double shunt_ohm = shunt_option(uri, shunt_range_V);
  const auto channel = static_cast<int>(uri.integer("channel", 1, 3).value_or(1));
  const double read_s = i2c_read_s(uri, bus_hz);
  const Conversion c = choose_conversion(
      uri, {.ct_s = ina::ct_16bit_s, .averages = not_averaged, .usual_ct_s = 588e-6, .sample_s = 3 * read_s}, interval_s);

  WordPlan p;
  p.timing = c.timing(read_s);
  p.chip = {.name = "INA3221",
            .id_register = die_id,
            .id = die,
            .config_register = configuration,
            .config = configuration_word(channel, c.ct_code, c.triggered ? triggered_both : continuous_both),
            .status_register = mask_enable,
            .status = mask_WEN,
            .mark = mask_WEN,
            .ready = mask_CVRF,
            .amps_register = shunt_voltage(channel),
            .volts_register = bus_voltage(channel),
            .amps_of = shunt_V,
            .shunt_ohm = shunt_ohm,
            .volts_of = bus_V,
            .saturated_at = is_saturated};
  p.info.uri = to_string(uri);
  p.info.description = describe("INA3221", uri, i2c_address(uri, 0x40, 0x43, example),
                                fmt::format("channel {}, {} ohm shunt, {}", channel, shunt_ohm, c.text()), bus_hz);
  set_pace(p.info, uri, p.timing);
  p.info.accuracy.gain_limit_rel = std::hypot(shunt_gain_limit, bus_gain_limit, shunt_tolerance);
  p.info.accuracy.offset_limit_A = shunt_offset_limit_V / shunt_ohm;
  p.info.accuracy.offset_limit_V = bus_offset_limit_V;
  p.info.accuracy.resolution_A = shunt_lsb_V / shunt_ohm;
  p.info.accuracy.resolution_V = bus_lsb_V;
  uri.apply_accuracy(p.info.accuracy);
  return p;
}

}  // namespace

std::unique_ptr<Meter> make_ina3221(const MeterUri& uri, double interval_s, std::unique_ptr<I2cBus> bus,
                                    std::shared_ptr<Clock> clock, double bus_hz) {
  return std::make_unique<WordConverter>(plan, uri, interval_s, bus_hz, std::move(bus), std::move(clock));
}

std::unique_ptr<Meter> open_ina3221(const MeterUri& uri, double interval_s) {
  return open_word(plan, uri, interval_s, i2c_address(uri, 0x40, 0x43, example));
}

}  // namespace tbft::power
