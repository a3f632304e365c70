// A converter whose result is two 16-bit registers and whose ready flag is cleared by reading it: INA226, INA260, INA3221.
#pragma once

#include <memory>
#include <string_view>

#include "power/meters/converter.h"

namespace tbft::power {

struct WordChip {
  std::string_view name;
  std::uint8_t id_register = 0xFF;
  std::uint16_t id = 0;
  unsigned id_shift = 0;  // revision bits below the id

  std::uint8_t config_register = 0x00;
  std::uint16_t config = 0;  // writing it begins a conversion
  std::uint8_t status_register = 0;
  std::uint16_t status = 0;  // written once; `mark` in it reads 0 after a reset
  std::uint16_t mark = 0;
  std::uint16_t ready = 0;

  std::uint8_t amps_register = 0;
  std::uint8_t volts_register = 0;
  double (*amps_of)(std::uint16_t raw) = nullptr;  // amperes, or volts of the shunt
  double shunt_ohm = 1;
  double (*volts_of)(std::uint16_t raw) = nullptr;
  bool (*saturated_at)(std::uint16_t raw) = nullptr;
};

class WordConverter final : public Converter {
 public:
  WordConverter(MeterInfo info, const Timing& timing, const WordChip& chip, std::unique_ptr<I2cBus> bus,
                std::shared_ptr<Clock> clock, std::unique_ptr<GpioInput> ready = nullptr)
      : Converter(std::move(info), timing, std::move(bus), std::move(clock), std::move(ready)), chip_(chip) {}

 private:
  void identify() override;
  void configure() override;
  void trigger() override { write(chip_.config_register, chip_.config); }
  Status status() override;
  Values values() override;
  bool was_reset() override { return status() == Status::reset; }

  WordChip chip_;
};

// Throws MeterUnavailable, with what was found, unless the chip names itself. Reads only.
void require_identity(std::string_view name, const std::string& uri, std::uint16_t manufacturer, std::uint16_t id,
                      std::uint16_t wanted_id, unsigned id_shift);

// The line for people that all of these chips have.
std::string describe(std::string_view chip, const MeterUri& uri, std::uint8_t address, std::string_view what, double bus_hz);

}  // namespace tbft::power
