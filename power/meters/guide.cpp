// The guide of each kind of meter, which `tbft meters NAME` prints with the options of its URI. docs/meters has the details.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

#include "tbft/power/registry.h"

namespace tbft::power {
namespace {

constexpr std::string_view i2c_path = "the bus, e.g. /dev/i2c-1 (i2c-1 is on pins 3 and 5 of a Raspberry Pi)";
constexpr std::string_view serial_path = "the port, e.g. /dev/rfcomm0 (Bluetooth), /dev/ttyUSB0 or /dev/ttyACM0";
constexpr std::string_view users_accuracy = "unknown: state gain_pct and offset_A, or U covers only the random part";

constexpr std::string_view i2c_setup =
    "Wire VCC to 3.3 V (pin 1), GND to the board's ground (pin 9), SDA to pin 3 and SCL to pin 5.\n"
    "Wire VIN+ to the supply and VIN- to the load, so that the whole current flows through the shunt.\n"
    "Put `dtparam=i2c_arm=on,i2c_arm_baudrate=400000` into /boot/firmware/config.txt and reboot.\n"
    "Load the device files of the buses: echo i2c-dev | sudo tee /etc/modules-load.d/i2c-dev.conf; sudo modprobe i2c-dev\n"
    "Permit them to your user: sudo usermod -aG i2c $USER, then log in again.\n"
    "No kernel driver may own the chip; `tbft doctor` says if one does.\n";
constexpr std::string_view shunt_setup =
    "Read the shunt's resistance off the resistor: R100 is 0.1 ohm, R010 is 0.01 ohm. At 3 A, 0.1 ohm drop 0.3 V.\n"
    "Check voltage and direction: tbft doctor -m URI\n";
constexpr std::string_view port_setup =
    "Put the meter between the supply and the board.\n"
    "Permit the port to your user: sudo usermod -aG dialout $USER, then log in again.\n"
    "Close other programs that use the meter.\n";
constexpr std::string_view bluetooth_setup =
    "Over Bluetooth: sudo rfkill unblock bluetooth; then in `bluetoothctl`: power on, scan on, pair ADDRESS (the code is "
    "usually 1234), trust ADDRESS.\n"
    "Make its port, again after each boot: sudo rfcomm bind 0 ADDRESS. The first answer may take 12 s.\n";

constexpr std::array guides{
    MeterGuide{"ina219",
               i2c_path,
               "940 a second at 12 bit and 400 kHz; averages down to 7 a second",
               "gain 1.7 %, a 1 % shunt included; offset 100 to 200 uV / shunt; steps 10 uV / shunt and 4 mV",
               "a simulated chip on a timed bus; a real kernel with an emulated chip",
               {i2c_setup, shunt_setup}},
    MeterGuide{"ina226",
               i2c_path,
               "850 a second; averages",
               "gain 1.1 %, a 1 % shunt included; offset 14 uV / shunt and 7.5 mV; steps 2.5 uV / shunt and 1.25 mV",
               "a simulated chip on a timed bus, with and without ALERT; a real kernel with an emulated chip",
               {i2c_setup, shunt_setup}},
    MeterGuide{"ina228",
               i2c_path,
               "the chip counts joules; no conversion is lost however slowly it is read",
               "gain 1.4 %, a 1 % shunt included; offset 1 uV / shunt; steps of 16 uJ x ohm / shunt",
               "a simulated chip on a timed bus: wrap, reset",
               {i2c_setup, shunt_setup}},
    MeterGuide{"ina260",
               i2c_path,
               "850 a second; averages",
               "gain 0.6 %; offset 7 mA and 7.5 mV; steps 1.25 mA and 1.25 mV; the shunt is inside",
               "a simulated chip on a timed bus",
               {i2c_setup}},
    MeterGuide{"ina3221",
               i2c_path,
               "850 a second of one channel",
               "gain 1.2 %, a 1 % shunt included; offset 100 uV / shunt and 16 mV; steps 40 uV / shunt and 8 mV",
               "a simulated chip on a timed bus",
               {i2c_setup, shunt_setup}},
    MeterGuide{"hwmon",
               "the driver's name, as /sys/class/hwmon/*/name has it, e.g. ina219, ina3221, power_meter",
               "the driver's interval; INA219 500 a second",
               "INA219 and INA226: the datasheet's; else unknown: state gain_pct and offset_A",
               "files like those of the drivers; a real ina2xx driver with an emulated chip",
               {"Load the driver: echo ina219 0x40 | sudo tee /sys/bus/i2c/devices/i2c-1/new_device\n"
                "State the shunt to the driver in micro-ohm: echo 100000 | sudo tee "
                "/sys/bus/i2c/devices/1-0040/hwmon/hwmon*/shunt_resistor\n"
                "Or state it in the URI: shunt_ohm=0.1. The driver's own default is refused, because most boards have another "
                "shunt.\n"
                "Check with `cat /sys/class/hwmon/*/name`.\n"}},
    MeterGuide{"rapl",
               "a zone: package-0, psys, package-0/dram; empty or package: all packages",
               "a counter, read 100 times a second",
               "unknown: state gain_pct; steps of 61 uJ",
               "files like those of powercap",
               {"Permit reading it until the next boot: sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj\n"
                "For good: copy 99-tbft-optional.rules (package: /usr/share/doc/tbft/examples; source: power/udev) to "
                "/etc/udev/rules.d; read its remarks first.\n"
                "In a container: docker run --security-opt systempaths=unconfined.\n"}},
    MeterGuide{"nvml",
               "the GPU's index, or its UUID (nvidia-smi -L lists both)",
               "a counter, read 10 times a second; without a counter, power in mW",
               "unknown: state gain_pct; steps of 1 mJ; without a counter U stays unknown",
               "a stand-in for the library",
               {"Install NVIDIA's driver; nothing else is needed. Check with `nvidia-smi -L`.\n"}},
    MeterGuide{"power_supply",
               "the battery, e.g. BAT0 (ls /sys/class/power_supply); empty: the only one",
               "once a second, or as refresh says",
               "unknown: state gain_pct and offset_A; steps of 10 mWh or 1 mAh",
               "files like those of the drivers",
               {"Unplug the charger: while the battery charges, its power is not the machine's.\n"
                "Measure for minutes, because a gauge's steps are coarse.\n"}},
    MeterGuide{"pmic",
               "empty",
               "10 times a second",
               "U stays unknown, because nobody states its offset; the sum of 12 rails, not the board's power",
               "answers in the firmware's form",
               {"Only a Raspberry Pi 5 has it. Permit it to your user: sudo usermod -aG video $USER, then log in again.\n"}},
    MeterGuide{
        "um24c", serial_path, "twice a second", users_accuracy, "frames over a pseudo terminal", {port_setup, bluetooth_setup}},
    MeterGuide{
        "um25c", serial_path, "twice a second", users_accuracy, "frames over a pseudo terminal", {port_setup, bluetooth_setup}},
    MeterGuide{"um34c",
               serial_path,
               "twice a second",
               users_accuracy,
               "a simulated UM34C over a pseudo terminal",
               {port_setup, bluetooth_setup}},
    MeterGuide{"tc66",
               "the port, e.g. /dev/ttyACM0",
               "twice a second",
               users_accuracy,
               "a captured frame over a pseudo terminal",
               {port_setup, "Connect the meter's own USB socket to this machine.\n"}},
    MeterGuide{"atorch",
               serial_path,
               "about once a second",
               users_accuracy,
               "a captured frame over a pseudo terminal",
               {port_setup, bluetooth_setup}},
    MeterGuide{"exec",
               "the command, as sh -c takes it; %3F stands for a ?, %25 for a %",
               "the program's lines",
               "unknown: state gain_pct and offset_W (unit=W) or offset_A (unit=V,A), or U covers only the random part",
               "programs that print numbers, a web server that answers as a smart plug does",
               {"The program prints one line for each value at once, not some thousand bytes later: stdbuf -oL, python3 -u.\n"
                "Only -m on the command line may name it, because it runs with your rights.\n"
                "docs/meters/any.md has recipes for Joulescope, MQTT, Modbus and smart plugs.\n"}},
    MeterGuide{"lines",
               "a pipe (mkfifo), a character device, or a file to which another program adds lines",
               "the lines that come",
               "unknown: state gain_pct and offset_W (unit=W) or offset_A (unit=V,A), or U covers only the random part",
               "a pipe, a file that grows",
               {"Let another program write a number a line into it: mkfifo /tmp/watts; PROGRAM >/tmp/watts &\n"
                "Of a file, only what is added after the meter was opened is read.\n"}},
    MeterGuide{"remote",
               "HOST:PORT of `tbft serve-meter`",
               "the served meter's",
               "the served meter's, and the error of the clocks",
               "sockets, drifting clocks, cut connections",
               {"Make a key on one machine and copy it to the other: (umask 077; openssl rand -hex 32 > meter.key)\n"
                "Where the meter is: tbft serve-meter -m URI --listen 0.0.0.0:7007 --key-file meter.key\n"}},
    MeterGuide{"sum",
               "empty; its parts are options, NAME=URI: 2 to 16 names of your own with their meters",
               "that of the slowest part",
               "the largest gain of its parts, and the sum of their offsets; unknown if one is",
               "made-up sensors on a virtual clock",
               {"Name the rails: sum://?cpu=hwmon://ina3221?label=VDD_CPU&soc=hwmon://ina3221?label=VDD_SOC\n"
                "A further option of a part follows after %26: cpu=hwmon://ina3221?label=VDD_CPU%26refresh=0.01\n"
                "No part may contain another one: a board's supply contains its rails.\n"}},
    MeterGuide{"replay",
               "a trace.csv that `tbft record` or `tbft run` wrote",
               "the recorded meter's",
               "the recorded meter's; never a measurement",
               "recorded traces",
               {"Nothing to set up.\n"}},
    MeterGuide{"estimate",
               "empty",
               "10 times a second",
               "none: a guess from the processors' use; never a measurement",
               "files like those of /proc",
               {"State the watts of your board, measured once when it is idle and once when it is busy.\n"}},
};

}  // namespace

const MeterGuide& meter_guide(std::string_view name) {
  const auto* const found = std::ranges::find(guides, name, &MeterGuide::name);
  if (found != guides.end()) return *found;
  std::vector<std::string_view> names;
  names.reserve(guides.size());
  for (const MeterGuide& guide : guides) names.push_back(guide.name);
  throw BadMeterUri(fmt::format("no meter is called `{}`; there are {}", name, fmt::join(names, ", ")));
}

}  // namespace tbft::power
