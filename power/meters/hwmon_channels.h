// What the hwmon devices of a machine measure: which files belong to one rail.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "power/bus/sysfs_dir.h"

namespace tbft::power {

// In the order of preference: a counter misses nothing between two reads, and a power is of one conversion, while a current and
// a voltage are read one after the other.
enum class HwmonQuantity { energy, power, current };

struct HwmonChannel {
  HwmonQuantity quantity = HwmonQuantity::power;
  std::string number;      // "1" of power1_input
  std::string file;        // energyN_input (uJ), powerN_input or powerN_average (uW), currN_input (mA)
  std::string amps_file;   // currN_input beside a power; may be empty
  std::string volts_file;  // inN_input (mV); may be empty beside a power or an energy
  std::string label;       // the rail's name; may be empty
  std::string name() const { return file.substr(0, file.find('_')); }
};

struct HwmonDevice {
  SysfsDir dir;                                                       // SYS/class/hwmon/hwmonN; N changes from boot to boot
  std::string name;                                                   // what the driver calls it
  std::filesystem::path device;                                       // where the device hangs, the same at every boot
  std::string address() const { return device.filename().string(); }  // "1-0040"
};

// Sorted by name and device.
std::vector<HwmonDevice> hwmon_devices(const std::filesystem::path& sys);

// By number, within one by preference. ina2xx: in0 is the shunt and in1 the bus. ina3221: in1..3 belong to curr1..3, curr4 is
// their sum (Documentation/hwmon). Elsewhere a voltage belongs to a current of the same label or number, or it is the only one.
// A current without a voltage is left out.
std::vector<HwmonChannel> hwmon_channels(const HwmonDevice& device);

// INA219, INA220, INA226, INA230, INA231: the chips of the driver ina2xx that have their shunt outside.
bool is_ina2xx(std::string_view name);

}  // namespace tbft::power
