// Finds the rails that the hwmon devices of a machine measure, and the files that belong to each.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tbft/power/sysfs_dir.h"
#include "tbft/power/uri.h"

namespace tbft::power {

inline constexpr MeterOption hwmon_index_option{.name = "index",
                                                .meaning = "the same by its position, from 0, in the order of device paths",
                                                .low = 0,
                                                .high = 999,
                                                .otherwise = "the only one"};

// In the order of preference: a counter misses nothing between two reads, and a power comes from one conversion, while current
// and voltage are read one after the other.
enum class HwmonQuantity { energy, power, current };

struct HwmonChannel {
  HwmonQuantity quantity = HwmonQuantity::power;
  std::string number;      // "1" of power1_input
  std::string file;        // energyN_input (uJ), powerN_input or powerN_average (uW), currN_input (mA)
  std::string amps_file;   // currN_input of a power; may be empty
  std::string volts_file;  // inN_input (mV); empty if this rail's voltage is unknown
  std::string label;       // the rail's name; may be empty
  std::string name() const { return file.substr(0, file.find('_')); }
  // Whether power can be determined; a current alone is not enough.
  bool complete() const { return quantity != HwmonQuantity::current || !volts_file.empty(); }
};

struct HwmonDevice {
  SysfsDir dir;                                                       // SYS/class/hwmon/hwmonN; N changes from boot to boot
  std::string name;                                                   // the driver's name for it
  std::filesystem::path device;                                       // the device's path, the same at every boot
  std::string address() const { return device.filename().string(); }  // "1-0040"
};

// Sorted by name and device.
std::vector<HwmonDevice> hwmon_devices(const std::filesystem::path& sys);

// Sorted by number, and by preference for the same number. Voltage and current are paired by a table of drivers, by labels with
// the same subject (iout1 and vout1, IBUS and VBUS, "Pump current" and "Pump voltage"), or because there is only one of each.
// Numbers alone do not pair them, because each kind of file is numbered separately. A current with an unknown voltage is not
// complete().
std::vector<HwmonChannel> hwmon_channels(const HwmonDevice& device);

// Whether two channels of one device measure the same rail: one current as curr1 and within power1, or a counter beside them.
bool is_same_rail(const HwmonChannel& a, const HwmonChannel& b);

// "in0 VBUS, in1 VCC1": the voltages, for messages that ask the user to choose one.
std::vector<std::string> hwmon_voltages(const HwmonDevice& device);
// The file of the voltage that `text` names by file (in0) or label; empty: none.
std::string hwmon_voltage(const HwmonDevice& device, std::string_view text);

// Whether the rail supplies the board and so includes the others (Jetson).
bool is_hwmon_input(std::string_view label);

// The value of the option `channel` that names all rails of a device.
inline constexpr std::string_view hwmon_all_rails = "all";
// One URI for each rail of the device whose power can be determined, for a URI of hwmon:// with channel=all; its other options
// are kept. Throws BadMeterUri, also for label and volts, which name one rail, and MeterUnavailable as select_hwmon_device().
std::vector<std::string> hwmon_rail_uris(const MeterUri& uri, const std::vector<HwmonDevice>& all);

// The device, rail and voltage that a URI of hwmon:// names. Both functions throw BadMeterUri, which lists the choices, and
// MeterUnavailable if none of `all` has the name.
HwmonDevice select_hwmon_device(const MeterUri& uri, const std::vector<HwmonDevice>& all);
// The rail with its voltage, which is known or named in the URI. Throws MeterUnavailable for a device without rails.
HwmonChannel select_hwmon_channel(const MeterUri& uri, const HwmonDevice& device);

}  // namespace tbft::power
