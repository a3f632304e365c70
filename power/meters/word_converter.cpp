#include "power/meters/word_converter.h"

#include <fmt/format.h>

#include <utility>

#include "power/protocol/ina_conversion.h"
#include "tbft/power/detect.h"

namespace tbft::power {

void require_identity(std::string_view name, const std::string& uri, std::uint16_t manufacturer, std::uint16_t id,
                      std::uint16_t wanted_id, unsigned id_shift) {
  if (manufacturer == ina::manufacturer && id >> id_shift == wanted_id) return;
  throw MeterUnavailable(
      fmt::format("{}: not an {}: manufacturer 0x{:04x} and chip 0x{:04x} were read, 0x{:04x} and 0x{:x} are expected; is the "
                  "address right? Nothing was written{}",
                  uri, name, manufacturer, id, ina::manufacturer, wanted_id << id_shift,
                  name == "INA226" ? "; a clone with another identity is read with id=any" : ""));
}

std::string describe(std::string_view chip, const MeterUri& uri, std::uint8_t address, std::string_view what, double bus_hz) {
  return fmt::format("{} at 0x{:02x} of {}, {}, I2C at {:.0f} kHz", chip, address, uri.path, what, i2c_hz(uri, bus_hz) / 1e3);
}

WordConverter::WordConverter(WordPlan first, PlanWord plan, const MeterUri& uri, double bus_hz, std::unique_ptr<I2cBus> bus,
                             std::shared_ptr<Clock> clock, std::unique_ptr<GpioInput> ready)
    : Converter(std::move(first.info), first.timing, std::move(bus), std::move(clock), std::move(ready)),
      plan_(plan),
      uri_(uri),
      bus_hz_(bus_hz),
      chip_(first.chip) {}

void WordConverter::identify() {
  if (chip_.any_id) return;
  const std::uint16_t manufacturer = read(0xFE);
  require_identity(chip_.name, info().uri, manufacturer, read(chip_.id_register), chip_.id, chip_.id_shift);
}

void WordConverter::configure() {
  write(chip_.status_register, chip_.status);
  write(chip_.config_register, chip_.config);
}

Converter::Status WordConverter::status() {
  const std::uint16_t word = read(chip_.status_register);
  if ((word & chip_.mark) == 0) return Status::reset;
  return (word & chip_.ready) != 0 ? Status::ready : Status::busy;
}

Reading WordConverter::reading() {
  Reading r;
  r.amps_A = chip_.amps_of(amps_) / chip_.shunt_ohm;
  r.volts_V = chip_.volts_of(volts_);
  r.power_W = r.volts_V * r.amps_A;
  if (chip_.saturated_at(amps_)) r.flags |= saturated;
  return r;
}

bool WordConverter::average_longer(MeterInfo& info, Timing& timing) {
  WordPlan longer = plan_(uri_, next_interval_s(timing), bus_hz_);
  if (longer.timing.cycle_s <= timing.cycle_s) return false;
  timing = longer.timing;
  info = std::move(longer.info);
  chip_ = longer.chip;
  return true;
}

std::unique_ptr<Meter> open_word(PlanWord plan, const MeterUri& uri, double interval_s, std::uint8_t address) {
  const double bus_hz = bus_clock_hz(uri.path);
  plan(uri, interval_s, bus_hz);  // what is wrong with the URI is said before a device is opened
  auto ready = open_ready(uri);
  auto bus = std::make_unique<LinuxI2cBus>(uri.path, address);
  return std::make_unique<WordConverter>(plan, uri, interval_s, bus_hz, std::move(bus), steady_clock(), std::move(ready));
}

}  // namespace tbft::power
