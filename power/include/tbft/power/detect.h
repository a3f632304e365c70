// What meters this machine has, without touching any: files that kernel drivers offer are looked at, devices are not written
// to, and no I2C address is read.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tbft/power/meter.h"

namespace tbft::power {

// Where the system is looked for; tests lay out their own trees.
struct Roots {
  std::filesystem::path sys = "/sys";
  std::filesystem::path dev = "/dev";
  std::filesystem::path proc = "/proc";
  std::string nvml = "libnvidia-ml.so.1";
  // The answer of the Raspberry Pi's firmware to a command; empty: through DEV/vcio. Throws FirmwareError.
  std::function<std::string(std::string_view command)> firmware = nullptr;
};

enum class MeterState {
  ready,          // open_meter(uri) works
  no_permission,  // it is there and this user may not read it
  needs_option,   // it is there and the URI must say more
  driver_bound,   // a kernel driver owns the chip: hwmon:// reads it, the raw bus may not
  not_wired,      // it is described to the kernel, which could not make it work
  unusable,       // it is there and cannot measure now (a battery that charges)
  absent,
};
// The name of the state as it stands above.
std::string to_string(MeterState state);

struct FoundMeter {
  std::string uri;
  Scope scope = Scope::board;
  MeterState state = MeterState::absent;
  std::string detail;  // what it is, or what is wrong
  std::string fix;     // a command or a URI; empty where there is nothing to mend
};

// Meters of all kinds, in the order of the registry's list. What cannot be looked at is reported as a state; throws nothing
// else.
std::vector<FoundMeter> find_meters(const Roots& roots = {});

// Power sensors on I2C that the kernel was told of (device tree, new_device), from SYS/bus/i2c/devices: driver_bound or
// not_wired.
std::vector<FoundMeter> find_i2c_devices(const Roots& roots);

// The clock of an I2C bus (/dev/i2c-1) in Hz, as the device tree sets it (clock-frequency of the adapter); 0 where it says
// nothing.
double bus_clock_hz(const std::filesystem::path& device, const std::filesystem::path& sysfs = "/sys");

// The meters that nothing prefers to one another, of those that are ready: of the widest scope (board, package, battery, rail),
// and of packages the processor before a card. `auto` takes one that is alone; among several it does not guess.
std::vector<const FoundMeter*> best_meters(std::span<const FoundMeter> found);
// What `auto` takes. Null: none, or several are equally good.
const FoundMeter* best_meter(std::span<const FoundMeter> found);
// The other ready ones of the same scope, for a hint.
std::vector<std::string> equals_of(std::span<const FoundMeter> found, const FoundMeter& best);
// The error of `auto`: the equals to choose from, or what to name, and what was found that cannot be used, each with its fix.
std::string no_meter_found(std::span<const FoundMeter> found);

// Asks roots.firmware, or DEV/vcio. Throws FirmwareError (tbft/power/firmware.h), now and when it is called.
std::function<std::string(std::string_view command)> firmware_of(const Roots& roots);

}  // namespace tbft::power
