#include "power/meters/ina226.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "power/meters/conversion_choice.h"
#include "power/meters/word_converter.h"
#include "power/protocol/ina226_registers.h"
#include "power/protocol/ina_conversion.h"

namespace tbft::power {
namespace {

using namespace ina226;

constexpr double shunt_tolerance = 0.01;  // breakout boards
constexpr std::string_view example = "ina226:///dev/i2c-1?addr=0x40&shunt_ohm=0.1";

WordPlan plan(const MeterUri& uri, double interval_s, double bus_hz) {
  uri.allow({"addr", "shunt_ohm", "max_A", "ct_us", "avg", "ready", "i2c_hz", "id", "gain_pct", "offset_A"});
  const auto id = uri.text("id").value_or("check");
  if (id != "check" && id != "any") throw BadMeterUri(fmt::format("meter ina226: id={}: check and any are known", id));
  const double shunt_ohm = shunt_option(uri, shunt_range_V);
  const double read_s = i2c_read_s(uri, bus_hz);
  const Conversion c = choose_conversion(
      uri, {.ct_s = ina::ct_16bit_s, .averages = ina::averages, .usual_ct_s = 588e-6, .sample_s = 3 * read_s}, interval_s);

  WordPlan p;
  p.timing = c.timing(read_s);
  p.chip = {.name = "INA226",
            .id_register = die_id,
            .id = die,
            .id_shift = 4,
            .any_id = id == "any",
            .config_register = configuration,
            .config = configuration_word(c.avg_code, c.ct_code, c.triggered ? triggered_both : continuous_both),
            .status_register = mask_enable,
            .status = uri.text("ready") ? std::uint16_t{mask_LEN | mask_CNVR} : mask_LEN,
            .mark = mask_LEN,
            .ready = mask_CVRF,
            .amps_register = shunt_voltage,
            .volts_register = bus_voltage,
            .amps_of = shunt_V,
            .shunt_ohm = shunt_ohm,
            .volts_of = bus_V,
            .saturated_at = is_saturated};
  p.info.uri = to_string(uri);
  p.info.description = describe("INA226", uri, i2c_address(uri, 0x40, 0x4F, example),
                                fmt::format("{} ohm shunt, {}{}", shunt_ohm, c.text(),
                                            p.chip.any_id ? ", identity not asked (a clone's gain is unknown)" : ""),
                                bus_hz);
  set_pace(p.info, uri, p.timing);
  if (!p.chip.any_id) p.info.accuracy.gain_limit_rel = std::hypot(shunt_gain_limit, bus_gain_limit, shunt_tolerance);
  p.info.accuracy.offset_limit_A = shunt_offset_limit_V / shunt_ohm;
  p.info.accuracy.offset_limit_V = bus_offset_limit_V;
  p.info.accuracy.resolution_A = shunt_lsb_V / shunt_ohm;
  p.info.accuracy.resolution_V = bus_lsb_V;
  uri.apply_accuracy(p.info.accuracy);
  return p;
}

}  // namespace

std::unique_ptr<Meter> make_ina226(const MeterUri& uri, double interval_s, std::unique_ptr<I2cBus> bus,
                                   std::shared_ptr<Clock> clock, double bus_hz, std::unique_ptr<GpioInput> ready) {
  return std::make_unique<WordConverter>(plan, uri, interval_s, bus_hz, std::move(bus), std::move(clock), std::move(ready));
}

std::unique_ptr<Meter> open_ina226(const MeterUri& uri, double interval_s) {
  return open_word(plan, uri, interval_s, i2c_address(uri, 0x40, 0x4F, example));
}

}  // namespace tbft::power
