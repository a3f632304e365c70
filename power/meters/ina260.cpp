#include "power/meters/ina260.h"

#include <cmath>
#include <utility>

#include "power/meters/conversion_choice.h"
#include "power/meters/word_converter.h"
#include "power/protocol/ina260_registers.h"
#include "power/protocol/ina_conversion.h"

namespace tbft::power {
namespace {

using namespace ina260;

constexpr std::string_view example = "ina260:///dev/i2c-1?addr=0x40";

WordPlan plan(const MeterUri& uri, double interval_s, double bus_hz) {
  uri.allow({"addr", "ct_us", "avg", "ready", "i2c_hz", "gain_pct", "offset_A"});
  const double read_s = i2c_read_s(uri, bus_hz);
  const Conversion c = choose_conversion(
      uri, {.ct_s = ina::ct_16bit_s, .averages = ina::averages, .usual_ct_s = 588e-6, .sample_s = 3 * read_s}, interval_s);

  WordPlan p;
  p.timing = c.timing(read_s);
  p.chip = {.name = "INA260",
            .id_register = die_id,
            .id = die,
            .id_shift = 4,
            .config_register = configuration,
            .config = configuration_word(c.avg_code, c.ct_code, c.triggered ? triggered_both : continuous_both),
            .status_register = mask_enable,
            .status = uri.text("ready") ? std::uint16_t{mask_LEN | mask_CNVR} : mask_LEN,
            .mark = mask_LEN,
            .ready = mask_CVRF,
            .amps_register = current,
            .volts_register = bus_voltage,
            .amps_of = current_A,
            .volts_of = bus_V,
            .saturated_at = is_saturated};
  p.info.uri = to_string(uri);
  p.info.description = describe("INA260", uri, i2c_address(uri, 0x40, 0x4F, example), c.text(), bus_hz);
  set_pace(p.info, uri, p.timing);
  p.info.accuracy.gain_limit_rel = std::hypot(current_gain_limit, bus_gain_limit);
  p.info.accuracy.offset_limit_A = current_offset_limit_A;
  p.info.accuracy.offset_limit_V = bus_offset_limit_V;
  p.info.accuracy.resolution_A = current_lsb_A;
  p.info.accuracy.resolution_V = bus_lsb_V;
  uri.apply_accuracy(p.info.accuracy);
  return p;
}

}  // namespace

std::unique_ptr<Meter> make_ina260(const MeterUri& uri, double interval_s, std::unique_ptr<I2cBus> bus,
                                   std::shared_ptr<Clock> clock, double bus_hz, std::unique_ptr<GpioInput> ready) {
  return std::make_unique<WordConverter>(plan, uri, interval_s, bus_hz, std::move(bus), std::move(clock), std::move(ready));
}

std::unique_ptr<Meter> open_ina260(const MeterUri& uri, double interval_s) {
  return open_word(plan, uri, interval_s, i2c_address(uri, 0x40, 0x4F, example));
}

}  // namespace tbft::power
