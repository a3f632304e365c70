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
  bool any_id = false;    // a clone: neither is asked

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

// What a URI asks for, checked before any device is opened.
struct WordPlan {
  MeterInfo info;
  Timing timing;
  WordChip chip;
};
using PlanWord = WordPlan (*)(const MeterUri& uri, double interval_s, double bus_hz);

class WordConverter final : public Converter {
 public:
  WordConverter(PlanWord plan, const MeterUri& uri, double interval_s, double bus_hz, std::unique_ptr<I2cBus> bus,
                std::shared_ptr<Clock> clock, std::unique_ptr<GpioInput> ready = nullptr)
      : WordConverter(plan(uri, interval_s, bus_hz), plan, uri, bus_hz, std::move(bus), std::move(clock), std::move(ready)) {}

 private:
  WordConverter(WordPlan first, PlanWord plan, const MeterUri& uri, double bus_hz, std::unique_ptr<I2cBus> bus,
                std::shared_ptr<Clock> clock, std::unique_ptr<GpioInput> ready);

  void identify() override;
  void configure() override;
  void trigger() override { write(chip_.config_register, chip_.config); }
  Status status() override;
  void read_current() override { amps_ = read(chip_.amps_register); }
  void read_rest() override { volts_ = read(chip_.volts_register); }
  Reading reading() override;
  bool was_reset() override { return status() == Status::reset; }
  bool average_longer(MeterInfo& info, Timing& timing) override;

  PlanWord plan_;
  MeterUri uri_;
  double bus_hz_;
  WordChip chip_;
  std::uint16_t amps_ = 0, volts_ = 0;
};

// Throws MeterUnavailable, with what was found, unless the chip names itself. Reads only.
void require_identity(std::string_view name, const std::string& uri, std::uint16_t manufacturer, std::uint16_t id,
                      std::uint16_t wanted_id, unsigned id_shift);

// The meter that a URI names, on the bus that it names; `address` is checked.
std::unique_ptr<Meter> open_word(PlanWord plan, const MeterUri& uri, double interval_s, std::uint8_t address);

// The line for people that all of these chips have.
std::string describe(std::string_view chip, const MeterUri& uri, std::uint8_t address, std::string_view what, double bus_hz);

}  // namespace tbft::power
