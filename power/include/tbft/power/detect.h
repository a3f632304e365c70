// Finds the meters of this machine by reading files of kernel drivers. It writes to no device and reads no I2C address.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tbft/power/meter.h"

namespace tbft::power {

// The roots of the system's files; tests provide their own trees.
struct Roots {
  std::filesystem::path sys = "/sys";
  std::filesystem::path dev = "/dev";
  std::filesystem::path proc = "/proc";
  std::string nvml = "libnvidia-ml.so.1";
  // Returns the answer of the Raspberry Pi's firmware to a command and throws FirmwareError. Empty: DEV/vcio is used.
  std::function<std::string(std::string_view command)> firmware = nullptr;
};

enum class MeterState {
  ready,          // open_meter(uri) works
  no_permission,  // this user may not read it
  needs_option,   // the URI needs another option
  driver_bound,   // a kernel driver owns the chip, so only hwmon:// can read it
  not_wired,      // the kernel has a description of it, but no driver could use it
  unusable,       // it cannot measure now (a battery that charges)
  absent,
};
// The name of the enumerator.
std::string to_string(MeterState state);

struct FoundMeter {
  std::string uri;
  Scope scope = Scope::board;
  MeterState state = MeterState::absent;
  std::string detail;  // its description, or the problem
  std::string fix;     // a command or a URI; empty if there is no problem
};

// Meters of all kinds, in the order of the registry's list. A meter that cannot be inspected is reported with its state; throws
// nothing.
std::vector<FoundMeter> find_meters(const Roots& roots = {});

// Power sensors on I2C that are described to the kernel (device tree, new_device), from SYS/bus/i2c/devices; their state is
// driver_bound or not_wired.
std::vector<FoundMeter> find_i2c_devices(const Roots& roots);

// The clock of an I2C bus (/dev/i2c-1) in Hz, as the device tree sets it (clock-frequency of the adapter); 0 if that is
// unknown.
double bus_clock_hz(const std::filesystem::path& device, const std::filesystem::path& sysfs = "/sys");

// The equally good meters among those that are ready: the ones of the widest scope (board, package, battery, rail), and of
// packages the processor before a graphics card. `auto` takes a single one; it does not choose among several.
std::vector<const FoundMeter*> best_meters(std::span<const FoundMeter> found);
// The meter that `auto` takes. Null: there is none, or several are equally good.
const FoundMeter* best_meter(std::span<const FoundMeter> found);
// The other ready meters of the same scope, for a hint.
std::vector<std::string> equals_of(std::span<const FoundMeter> found, const FoundMeter& best);
// The error message of `auto`: the equally good meters, or how to name a meter, and the unusable meters with their fixes.
std::string no_meter_found(std::span<const FoundMeter> found);

// A function that sends commands to roots.firmware or to DEV/vcio. Both this call and the function throw FirmwareError
// (tbft/power/firmware.h).
std::function<std::string(std::string_view command)> firmware_of(const Roots& roots);

}  // namespace tbft::power
