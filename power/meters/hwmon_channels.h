// What the hwmon devices of a machine measure: which files belong to one rail.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tbft/power/sysfs_dir.h"

namespace tbft::power {

// In the order of preference: a counter misses nothing between two reads, and a power is of one conversion, while a current and
// a voltage are read one after the other.
enum class HwmonQuantity { energy, power, current };

struct HwmonChannel {
  HwmonQuantity quantity = HwmonQuantity::power;
  std::string number;      // "1" of power1_input
  std::string file;        // energyN_input (uJ), powerN_input or powerN_average (uW), currN_input (mA)
  std::string amps_file;   // currN_input beside a power; may be empty
  std::string volts_file;  // inN_input (mV); empty where no voltage is known to be this rail's
  std::string label;       // the rail's name; may be empty
  std::string name() const { return file.substr(0, file.find('_')); }
  // A current alone is no power.
  bool complete() const { return quantity != HwmonQuantity::current || !volts_file.empty(); }
};

struct HwmonDevice {
  SysfsDir dir;                                                       // SYS/class/hwmon/hwmonN; N changes from boot to boot
  std::string name;                                                   // what the driver calls it
  std::filesystem::path device;                                       // where the device hangs, the same at every boot
  std::string address() const { return device.filename().string(); }  // "1-0040"
};

// Sorted by name and device.
std::vector<HwmonDevice> hwmon_devices(const std::filesystem::path& sys);

// By number, within one by preference. Which voltage and current belong together is known from a table of drivers, or from
// labels of one meaning (iout1 and vout1, IBUS and VBUS, "Pump current" and "Pump voltage"), or there is only one of each.
// Numbers alone say nothing: each kind of file is counted for itself. A current whose voltage is not known is not complete().
std::vector<HwmonChannel> hwmon_channels(const HwmonDevice& device);

// "in0 VBUS, in1 VCC1": the voltages, for whoever must name one.
std::vector<std::string> hwmon_voltages(const HwmonDevice& device);
// The file of the voltage that `text` names by its file (in0) or its label; empty: none.
std::string hwmon_voltage(const HwmonDevice& device, std::string_view text);

}  // namespace tbft::power
