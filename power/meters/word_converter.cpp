#include "power/meters/word_converter.h"

#include <fmt/format.h>

#include "power/protocol/ina_conversion.h"

namespace tbft::power {

void require_identity(std::string_view name, const std::string& uri, std::uint16_t manufacturer, std::uint16_t id,
                      std::uint16_t wanted_id, unsigned id_shift) {
  if (manufacturer == ina::manufacturer && id >> id_shift == wanted_id) return;
  throw MeterUnavailable(
      fmt::format("{}: not an {}: manufacturer 0x{:04x} and chip 0x{:04x} were read, 0x{:04x} and 0x{:x} are expected; is the "
                  "address right? Nothing was written",
                  uri, name, manufacturer, id, ina::manufacturer, wanted_id << id_shift));
}

std::string describe(std::string_view chip, const MeterUri& uri, std::uint8_t address, std::string_view what, double bus_hz) {
  return fmt::format("{} at 0x{:02x} of {}, {}, I2C at {:.0f} kHz", chip, address, uri.path, what, i2c_hz(uri, bus_hz) / 1e3);
}

void WordConverter::identify() {
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

// The current first: its register is the first to change.
Converter::Values WordConverter::values() {
  const std::uint16_t amps = read(chip_.amps_register);
  const std::uint16_t volts = read(chip_.volts_register);
  Values v{.read_at = now()};
  v.reading.amps_A = chip_.amps_of(amps) / chip_.shunt_ohm;
  v.reading.volts_V = chip_.volts_of(volts);
  v.reading.power_W = v.reading.volts_V * v.reading.amps_A;
  if (chip_.saturated_at(amps)) v.reading.flags |= saturated;
  return v;
}

}  // namespace tbft::power
