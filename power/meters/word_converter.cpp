// ina226:// , ina260:// and ina3221:// : Texas Instruments INA226, INA260 (internal shunt) and INA3221 (one of its three
// channels) on an I2C bus, read without a kernel driver, such as ina226:///dev/i2c-1?addr=0x40&shunt_ohm=0.1.
//
// Options: the tables below. Without ct_us and avg the chip averages over the requested interval, or converts as fast as 588 us
// each and the bus allow. INA3221: the other two channels are switched off. Its own averaging is a running filter (8.4.1),
// whose results overlap, so it is switched off, and the longest conversion, 8.244 ms, is the longest average.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <span>
#include <stdexcept>
#include <utility>

#include "power/meters/conversion_choice.h"
#include "power/meters/converter.h"
#include "power/meters/converter_options.h"
#include "power/meters/list.h"
#include "power/protocol/ina_conversion.h"
#include "power/protocol/word_chip.h"
#include "tbft/power/detect.h"

namespace tbft::power {
namespace {

constexpr std::array chips{ina226, ina260, ina3221};
constexpr double shunt_tolerance = 0.01;  // breakout boards
constexpr std::array not_averaged{1};

constexpr MeterOption time_option{.name = "ct_us",
                                  .meaning = "time of one conversion",
                                  .unit = "us",
                                  .values = "140, 204, 332, 588, 1100, 2116, 4156, 8244",
                                  .otherwise = "by the sampling interval"};
constexpr MeterOption id_option{.name = "id",
                                .meaning = "any: accepts a clone with another identity; its gain is then unknown",
                                .values = "check, any",
                                .otherwise = "check"};
constexpr MeterOption channel_option{
    .name = "channel", .meaning = "the channel to measure; the others are switched off", .low = 1, .high = 3, .fallback = 1};
constexpr MeterOption first_addresses_option{.name = addr_option.name,
                                             .meaning = addr_option.meaning,
                                             .low = 0x40,
                                             .high = 0x43,
                                             .values = "0x40 to 0x43",
                                             .otherwise = "0x40"};
constexpr MeterOption options_226[] = {addr_option,  shunt_ohm_option, max_A_option, time_option,     avg_option,
                                       ready_option, i2c_hz_option,    id_option,    gain_pct_option, offset_A_option};
constexpr MeterOption options_260[] = {addr_option,   time_option,     avg_option,     ready_option,
                                       i2c_hz_option, gain_pct_option, offset_A_option};
constexpr MeterOption options_3221[] = {first_addresses_option, shunt_ohm_option, channel_option, max_A_option, time_option,
                                        i2c_hz_option,          gain_pct_option,  offset_A_option};

const WordChip& chip_of(const MeterUri& uri) {
  for (const WordChip& chip : chips) {
    if (chip.scheme == uri.name) return chip;
  }
  throw std::logic_error(fmt::format("power: {} is no converter of 16-bit registers", uri.name));
}

std::uint8_t address_of(const MeterUri& uri) {
  const WordChip& chip = chip_of(uri);
  return i2c_address(uri, chip.channels > 1 ? first_addresses_option : addr_option,
                     fmt::format("{}:///dev/i2c-1?addr=0x40{}{}", chip.scheme, chip.channels > 1 ? "&channel=1" : "",
                                 chip.shunt_range_V > 0 ? "&shunt_ohm=0.1" : ""));
}

// The chip has one ready flag, which a read clears, and each meter has its own conversions set up.
void refuse_all_channels(const MeterUri& uri) {
  if (uri.text(channel_option.name) == "all")
    throw BadMeterUri(
        fmt::format("meter {}: channel=all: one channel can be read without a kernel driver; for all of them use "
                    "the kernel's: hwmon://ina3221?channel=all",
                    uri.name));
}

// Checks the URI's options before any device is opened.
struct Plan {
  MeterInfo info;
  Timing timing;
  int channel = 1;
  double shunt_ohm = 1;  // 1: the chip measures amperes
  bool any_id = false;   // a clone, whose identity is not checked
  std::uint16_t config = 0;
  std::uint16_t status = 0;
};

Plan plan(const MeterUri& uri, double interval_s, double bus_hz) {
  const WordChip& chip = chip_of(uri);
  uri.allow(word_converter_options(uri.name));
  const auto id = uri.text(id_option.name).value_or("check");
  if (id != "check" && id != "any") throw BadMeterUri(fmt::format("meter {}: id={}: check and any are known", uri.name, id));
  const bool has_shunt = chip.shunt_range_V > 0;
  Plan p;
  p.any_id = id == "any";
  if (has_shunt) p.shunt_ohm = shunt_option(uri, chip.shunt_range_V);
  refuse_all_channels(uri);
  p.channel = static_cast<int>(uri.integer(channel_option).value_or(1));
  const double read_s = i2c_read_s(uri, bus_hz);
  const std::span<const int> averages = chip.averages ? std::span<const int>(ina::averages) : not_averaged;
  const Conversion c = choose_conversion(
      uri, {.ct_s = ina::ct_16bit_s, .averages = averages, .usual_ct_s = 588e-6, .sample_s = 3 * read_s}, interval_s);
  p.timing = c.timing(read_s);
  p.config = chip.configuration_word(p.channel, c.avg_code, c.ct_code,
                                     c.triggered ? WordChip::triggered_both : WordChip::continuous_both);
  p.status = static_cast<std::uint16_t>(chip.status.latch | (uri.text(ready_option.name) ? chip.status.alert : 0));

  p.info.uri = to_string(uri);
  p.info.description = describe(chip.name, uri, address_of(uri),
                                fmt::format("{}{}{}{}", chip.channels > 1 ? fmt::format("channel {}, ", p.channel) : "",
                                            has_shunt ? fmt::format("{} ohm shunt, ", p.shunt_ohm) : "", c.text(),
                                            p.any_id ? ", identity not checked (a clone's gain is unknown)" : ""),
                                bus_hz);
  set_pace(p.info, uri, p.timing);
  Accuracy& accuracy = p.info.accuracy;
  if (!p.any_id)
    accuracy.gain_limit_rel = has_shunt ? std::hypot(chip.limits.current_gain, chip.limits.bus_gain, shunt_tolerance)
                                        : std::hypot(chip.limits.current_gain, chip.limits.bus_gain);
  accuracy.offset_limit_A = chip.limits.current_offset / p.shunt_ohm;
  accuracy.offset_limit_V = chip.limits.bus_offset_V;
  accuracy.resolution_A = chip.current_lsb / p.shunt_ohm;
  accuracy.resolution_V = chip.bus_lsb_V;
  uri.apply_accuracy(accuracy);
  return p;
}

class WordConverter final : public Converter {
 public:
  WordConverter(Plan plan, const MeterUri& uri, double bus_hz, std::unique_ptr<I2cBus> bus, std::shared_ptr<Clock> clock,
                std::unique_ptr<GpioInput> ready)
      : Converter(plan.info, plan.timing, std::move(bus), std::move(clock), std::move(ready)),
        chip_(chip_of(uri)),
        plan_(std::move(plan)),
        uri_(uri),
        bus_hz_(bus_hz) {}

 private:
  void identify() override {
    if (plan_.any_id) return;
    const std::uint16_t manufacturer = read(WordChip::manufacturer_id);
    require_identity(chip_.name, info().uri, manufacturer, read(WordChip::die_id), chip_.die, chip_.revision_bits);
  }
  void configure() override {
    write(chip_.status.address, plan_.status);
    write(WordChip::configuration, plan_.config);
  }
  void trigger() override { write(WordChip::configuration, plan_.config); }
  Status status() override {
    const std::uint16_t word = read(chip_.status.address);
    if ((word & chip_.status.latch) == 0) return Status::reset;
    return (word & chip_.status.ready) != 0 ? Status::ready : Status::busy;
  }
  void read_current() override { current_ = read(WordChip::current_register(plan_.channel)); }
  void read_rest() override { bus_ = read(WordChip::bus_register(plan_.channel)); }
  Reading reading() override {
    Reading r;
    r.amps_A = chip_.current(current_) / plan_.shunt_ohm;
    r.volts_V = chip_.bus_V(bus_);
    r.power_W = r.volts_V * r.amps_A;
    if (chip_.is_saturated(current_)) r.flags |= saturated;
    return r;
  }
  bool was_reset() override { return status() == Status::reset; }
  bool average_longer(MeterInfo& info, Timing& timing) override {
    Plan longer = plan(uri_, next_interval_s(timing), bus_hz_);
    if (longer.timing.cycle_s <= timing.cycle_s) return false;
    timing = longer.timing;
    info = longer.info;
    plan_ = std::move(longer);
    return true;
  }

  const WordChip& chip_;
  Plan plan_;
  MeterUri uri_;
  double bus_hz_;
  std::uint16_t current_ = 0, bus_ = 0;
};

}  // namespace

std::span<const MeterOption> word_converter_options(std::string_view name) {
  if (name == ina226.scheme) return options_226;
  return name == ina260.scheme ? std::span<const MeterOption>(options_260) : options_3221;
}

std::unique_ptr<Meter> make_word_converter(const MeterUri& uri, double interval_s, std::unique_ptr<I2cBus> bus,
                                           std::shared_ptr<Clock> clock, double bus_hz, std::unique_ptr<GpioInput> ready) {
  return std::make_unique<WordConverter>(plan(uri, interval_s, bus_hz), uri, bus_hz, std::move(bus), std::move(clock),
                                         std::move(ready));
}

std::unique_ptr<Meter> open_word_converter(const MeterUri& uri, double interval_s) {
  const auto address = address_of(uri);
  const double bus_hz = bus_clock_hz(uri.path);
  Plan p = plan(uri, interval_s, bus_hz);  // throws for a wrong URI before a device is opened
  auto ready = open_ready(uri);
  auto bus = std::make_unique<LinuxI2cBus>(uri.path, address);
  return std::make_unique<WordConverter>(std::move(p), uri, bus_hz, std::move(bus), steady_clock(), std::move(ready));
}

}  // namespace tbft::power
