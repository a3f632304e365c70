#include "harness/host/doctor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string/replace.hpp>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <set>
#include <stdexcept>
#include <utility>

#include "harness/host/board.h"
#include "harness/host/cpufreq.h"
#include "tbft/power/capture.h"
#include "tbft/power/detect.h"
#include "tbft/power/firmware.h"
#include "tbft/power/registry.h"
#include "tbft/power/sysfs_dir.h"
#include "tbft/power/uri.h"

namespace tbft {

namespace {

using power::Roots;
using power::SysfsDir;

constexpr double fast_i2c_Hz = 400e3;
constexpr const char* config_line = "dtparam=i2c_arm=on,i2c_arm_baudrate=400000";

std::string join_group(std::string_view group) {
  return fmt::format("sudo usermod -aG {} $USER, then log in again", group);
}

// Whether this process may use the device; otherwise the check says which group may. It opens nothing, because opening resets
// some serial devices.
bool is_accessible(const std::filesystem::path& device, std::string_view group, Check& check) {
  if (::faccessat(AT_FDCWD, device.c_str(), R_OK | W_OK, AT_EACCESS) == 0) return true;
  check.health = Health::problem;
  check.detail += ", no permission";
  check.fix = join_group(group);
  return false;
}

std::vector<std::string> devices(const Roots& roots, std::initializer_list<std::string_view> prefixes) {
  std::vector<std::string> found;
  for (const std::string& name : SysfsDir(roots.dev).names()) {
    for (const std::string_view prefix : prefixes) {
      const auto number = name.starts_with(prefix) ? name.substr(prefix.size()) : std::string();
      if (!number.empty() && std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; })) found.push_back(name);
    }
  }
  return found;
}

std::string config_fix() {
  return fmt::format("put `{}` into /boot/firmware/config.txt (older systems: /boot/config.txt) and reboot", config_line);
}

// Addresses that belong to kernel drivers, such as "0x40 (ina219)".
std::vector<std::string> bound_addresses(const Roots& roots, const std::string& bus) {
  std::vector<std::string> list;
  const SysfsDir all(roots.sys / "bus/i2c/devices");
  for (const std::string& entry : all.names()) {
    if (!entry.starts_with(bus + "-") || !all.sub(entry).has("driver")) continue;
    list.push_back(fmt::format("0x{} ({})", entry.substr(entry.size() - std::min<std::size_t>(entry.size(), 2)),
                               all.sub(entry).maybe_text("name").value_or(all.sub(entry).sub("driver").real().filename())));
  }
  return list;
}

void check_i2c(const Roots& roots, bool raspberry, std::vector<Check>& checks) {
  const auto buses = devices(roots, {"i2c-"});
  if (buses.empty()) {
    const bool adapter = std::ranges::any_of(SysfsDir(roots.sys / "bus/i2c/devices").names(),
                                             [](const std::string& name) { return name.starts_with("i2c-"); });
    Check check{.topic = "i2c", .name = "/dev/i2c-*", .health = Health::absent, .detail = "no I2C bus"};
    if (adapter) {
      check.detail = "I2C adapters without device files";
      check.fix = "sudo modprobe i2c-dev; for good: echo i2c-dev | sudo tee /etc/modules-load.d/i2c-dev.conf";
    } else if (raspberry) {
      check.fix = config_fix();
    }
    checks.push_back(std::move(check));
    return;
  }
  for (const std::string& name : buses) {
    const auto path = roots.dev / name;
    const double hz = power::bus_clock_hz(path, roots.sys);
    Check check{.topic = "i2c", .name = "/dev/" + name};
    check.detail = SysfsDir(roots.sys / "class/i2c-dev" / name).maybe_text("name").value_or("an I2C bus");
    check.detail += hz > 0 ? fmt::format(", {:.0f} kHz", hz / 1e3) : ", clock not reported by the system";
    if (is_accessible(path, "i2c", check) && hz > 0 && hz < fast_i2c_Hz) {
      check.health = Health::warning;
      check.detail += ": too slow for every conversion of a fast sensor";
      if (raspberry) check.fix = config_fix();
    }
    if (const auto bound = bound_addresses(roots, name.substr(4)); !bound.empty()) {
      check.detail +=
          fmt::format("; kernel drivers own {}: read power sensors among them as hwmon://NAME", fmt::join(bound, ", "));
    }
    checks.push_back(std::move(check));
  }
}

// The USB device behind a port, such as "1a86:7523 USB Serial"; empty where there is none.
std::string usb_identity(const Roots& roots, const std::string& tty) {
  std::filesystem::path at = SysfsDir(roots.sys / "class/tty" / tty / "device").real();
  for (int up = 0; up < 4 && at.has_relative_path(); ++up, at = at.parent_path()) {
    const SysfsDir dir(at);
    const auto vendor = dir.maybe_text("idVendor");
    if (!vendor) continue;
    return fmt::format("USB {}:{} {}", *vendor, dir.maybe_text("idProduct").value_or("?"),
                       dir.maybe_text("product").value_or(""));
  }
  return "";
}

void check_serial(const Roots& roots, std::vector<Check>& checks) {
  const auto ports = devices(roots, {"ttyACM", "ttyUSB", "rfcomm"});
  if (ports.empty()) {
    checks.push_back({.topic = "serial",
                      .name = "/dev/ttyACM*, ttyUSB*, rfcomm*",
                      .health = Health::absent,
                      .detail = "no USB or Bluetooth serial port"});
  }
  for (const std::string& name : ports) {
    Check check{.topic = "serial", .name = "/dev/" + name};
    const std::string usb = usb_identity(roots, name);
    check.detail = !usb.empty() ? usb : name.starts_with("rfcomm") ? "Bluetooth serial port" : "serial port";
    is_accessible(roots.dev / name, "dialout", check);
    checks.push_back(std::move(check));
  }
}

std::string gpio_label(const Roots& roots, const std::string& chip) {
  const auto device = SysfsDir(roots.sys / "bus/gpio/devices" / chip).real();
  const SysfsDir all(roots.sys / "class/gpio");
  for (const std::string& entry : all.names()) {
    const SysfsDir dir = all.sub(entry);
    const auto label = dir.maybe_text("label");
    if (label && (dir.sub("device").real() == device || dir.sub("device").real() == device.parent_path())) return *label;
  }
  return "";
}

void check_gpio(const Roots& roots, std::vector<Check>& checks) {
  for (const std::string& name : devices(roots, {"gpiochip"})) {
    Check check{.topic = "gpio", .name = "/dev/" + name};
    const std::string label = gpio_label(roots, name);
    check.detail = label.empty() ? "GPIO chip (gpiodetect shows its label)" : label;
    is_accessible(roots.dev / name, "gpio", check);
    checks.push_back(std::move(check));
  }
}

std::string bits(std::uint32_t value) {
  constexpr std::array<std::string_view, 4> names{"under-voltage", "frequency capped", "throttled", "soft temperature limit"};
  std::vector<std::string> list;
  for (const auto& [first, when] : {std::pair(0U, "now"), std::pair(16U, "since boot")})
    for (unsigned i = 0; i < names.size(); ++i)
      if ((value >> (first + i) & 1U) != 0) list.push_back(fmt::format("{} {}", names[i], when));
  return list.empty() ? "not throttled since boot" : fmt::format("{}", fmt::join(list, ", "));
}

void check_firmware(const Roots& roots, const Board& board, bool raspberry, std::vector<Check>& checks) {
  std::optional<std::uint32_t> throttled;
  try {
    throttled = parse_throttled(power::firmware_of(roots)("get_throttled"));
    checks.push_back({.topic = "firmware", .name = "/dev/vcio", .detail = "the Raspberry Pi's firmware answers"});
  } catch (const power::FirmwareError& error) {
    const bool forbidden = error.fault == power::FirmwareFault::no_permission;
    if (forbidden || raspberry) {
      checks.push_back({.topic = "firmware",
                        .name = "/dev/vcio",
                        .health = Health::problem,
                        .detail = forbidden ? "no permission" : error.what(),
                        .fix = forbidden ? join_group("video") : ""});
    }
  }
  if (!throttled) throttled = board.throttled_bits();
  if (!throttled) return;
  const bool now = (*throttled & 0xFU) != 0;
  Check check{.topic = "throttling",
              .name = "get_throttled",
              .health = now               ? Health::problem
                        : *throttled != 0 ? Health::warning
                                          : Health::ok,
              .detail = fmt::format("0x{:x}: {}", *throttled, bits(*throttled))};
  if ((*throttled & 0x10001U) != 0) check.fix = "a stronger supply and a shorter, thicker cable";
  if (check.fix.empty() && *throttled != 0) check.fix = "better cooling, then reboot to clear what happened since boot";
  checks.push_back(std::move(check));
}

// Where a killed run may have left its record: a run of root, and one of this user.
std::vector<std::filesystem::path> frequency_record_folders(const std::filesystem::path& root) {
  std::vector<std::filesystem::path> folders{root / "run"};
  try {
    if (auto own = frequency_record_folder(root); own != folders.front()) folders.push_back(std::move(own));
  } catch (const CpufreqError&) {  // without a folder this user cannot have changed anything
  }
  return folders;
}

// What a killed `tbft run` with sweep.governor or sweep.max_kHz has left. The next such run puts it back, too.
void check_abandoned_frequencies(const Board& board, std::vector<Check>& checks) {
  Check check{.topic = "cpu", .name = "frequencies", .health = Health::problem};
  std::vector<std::string> commands;
  for (const auto& folder : frequency_record_folders(board.root())) {
    try {
      std::ranges::move(abandoned_frequencies(board.root(), folder), std::back_inserter(commands));
    } catch (const std::runtime_error& error) {  // also a record that only root may read
      check.detail = error.what();
    }
  }
  if (!commands.empty()) {
    check.detail = "a run that was killed has left the frequencies that it had set";
    check.fix = fmt::format("{}", fmt::join(commands, " && "));
  } else if (check.detail.empty() || frequency_policies(board.root()).empty()) {
    return;
  } else {
    check.health = Health::warning;
  }
  checks.push_back(std::move(check));
}

void check_cpu(const Board& board, std::vector<Check>& checks) {
  const auto governors = board.governor();
  if (governors.empty()) {
    checks.push_back(
        {.topic = "cpu", .name = "governor", .health = Health::absent, .detail = "frequency scaling is not exposed"});
  } else {
    Check check{.topic = "cpu", .name = "governor", .detail = boost::replace_all_copy(governors, "+", ", ")};
    if (governors != "performance") {
      check.health = Health::warning;
      check.detail += ": the frequency changes with the load, and with it the cost of a step";
      check.fix = "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor";
    }
    checks.push_back(std::move(check));
  }
  check_abandoned_frequencies(board, checks);
  if (const auto quota = board.cpu_quota()) {
    checks.push_back(
        {.topic = "cpu",
         .name = "quota",
         .health = Health::warning,
         .detail = fmt::format("this container may use {:.3g} processors: programs pause when it is used up", *quota),
         .fix = "measure without a quota (docker run without --cpus)"});
  }
  if (const auto celsius = board.temperature_C()) {
    const bool hot = *celsius >= 80;
    checks.push_back({.topic = "temperature",
                      .name = "cpu",
                      .health = hot ? Health::warning : Health::ok,
                      .detail = fmt::format("{:.1f} degrees Celsius", *celsius),
                      .fix = hot ? "let it cool: processors slow down above about 80 to 85 degrees" : ""});
  }
}

void check_clock(const Roots& roots, std::vector<Check>& checks) {
  const SysfsDir dir(roots.sys / "devices/system/clocksource/clocksource0");
  const auto source = dir.maybe_text("current_clocksource");
  if (!source) return;
  Check check{.topic = "clock", .name = "clocksource", .detail = *source};
  constexpr std::array<std::string_view, 3> slow{"jiffies", "refined-jiffies", "acpi_pm"};
  if (std::ranges::find(slow, *source) != slow.end()) {
    check.health = Health::warning;
    check.detail += *source == "acpi_pm" ? ": slow to read" : ": too coarse for sampling times";
    check.fix =
        fmt::format("choose another of `{}`: echo NAME | sudo tee {}/current_clocksource",
                    dir.maybe_text("available_clocksource").value_or(""), "/sys/devices/system/clocksource/clocksource0");
  }
  checks.push_back(std::move(check));
}

void add_absent_kinds(std::vector<power::FoundMeter>& meters) {
  std::set<std::string, std::less<>> found;
  for (const auto& meter : meters) found.insert(power::parse_meter_uri(meter.uri).name);
  for (const auto& kind : power::meter_kinds()) {
    constexpr std::array<std::string_view, 4> no_device{"replay", "estimate", "exec", "lines"};
    if (found.contains(kind.name) || std::ranges::find(no_device, kind.name) != no_device.end()) continue;
    meters.push_back({.uri = std::string(kind.name) + "://",
                      .state = power::MeterState::absent,
                      .detail = fmt::format("{}: none recognised", kind.summary),
                      .fix = fmt::format("if it is there: tbft doctor -m '{}'", kind.example)});
  }
}

// Checks of a meter's readings.
void judge(MeterExam& exam) {
  const auto say = [&](Health health, std::string name, std::string detail, std::string fix) {
    exam.checks.push_back(
        {.topic = "meter", .name = std::move(name), .health = health, .detail = std::move(detail), .fix = std::move(fix)});
  };
  if (exam.readings == 0 && exam.failed == 0 && exam.info.nominal_period_s >= exam.seconds) {
    say(Health::warning, "readings",
        fmt::format("none in {:.0f} s of one every {:.0f} s: not judged", exam.seconds, exam.info.nominal_period_s),
        "watch it for longer with `tbft watch`");
    return;
  }
  if (exam.readings == 0) {
    say(Health::problem, "readings", fmt::format("none in {:.1f} s, {} reads failed", exam.seconds, exam.failed),
        "check wiring, power and address");
    return;
  }
  if (exam.failed > 0) {
    say(Health::warning, "readings", fmt::format("{} reads failed, {} succeeded", exam.failed, exam.readings),
        "look for a loose contact; on I2C shorten the wires or lower the clock");
  }
  if (exam.saturated > 0) {
    say(Health::problem, "range", fmt::format("{} of {} readings are at the end of the range", exam.saturated, exam.readings),
        exam.info.counter && !std::isfinite(exam.amps_A) ? "read the counter more often"
                                                         : "take a smaller shunt or a larger max_A");
  }
  const bool board = exam.info.scope == power::Scope::board;
  if (board && exam.volts_V < 0.5) {
    say(Health::problem, "voltage", fmt::format("{:.3f} V: no supply at the sensor", exam.volts_V),
        "not wired: the sensor's VIN- must go to the load, its ground to the load's ground");
  } else if (board && exam.volts_V > 4 && exam.volts_V < 4.8) {
    say(Health::warning, "voltage",
        fmt::format("{:.3f} V is under 4.8 V: a 0.1 ohm shunt drops 0.3 V at 3 A, and the board may brown out", exam.volts_V),
        "take a 10 to 20 mohm shunt, a thicker cable, or a supply of 5.1 V and more");
  }
  const double step_A = std::max(exam.info.accuracy.resolution_A, exam.info.accuracy.offset_limit_A.value_or(0));
  if (std::abs(exam.amps_A) <= step_A || exam.power_W == 0) {
    say(Health::warning, "current", "zero: nothing flows through the sensor",
        "not wired in series? supply to VIN+, board to VIN-");
  } else if (exam.amps_A < 0) {
    say(Health::warning, "current", fmt::format("{:.3f} A: it flows in reverse", exam.amps_A), "swap VIN+ and VIN-");
  }
}

}  // namespace

std::string to_string(Health health) {
  constexpr std::array<const char*, 4> names{"ok", "warning", "problem", "absent"};
  return names.at(static_cast<std::size_t>(health));
}

Findings check_machine(const Roots& roots) {
  const Board board(roots.sys.parent_path());
  const bool raspberry = board.name().starts_with("Raspberry Pi");
  Findings result;
  result.meters = power::find_meters(roots);
  if (const auto* best = power::best_meter(result.meters)) {
    result.auto_uri = best->uri;
    result.also_usable = power::equals_of(result.meters, *best);
  } else {
    for (const auto* equal : power::best_meters(result.meters)) result.also_usable.push_back(equal->uri);
  }
  add_absent_kinds(result.meters);
  check_i2c(roots, raspberry, result.checks);
  check_serial(roots, result.checks);
  check_gpio(roots, result.checks);
  check_firmware(roots, board, raspberry, result.checks);
  check_cpu(board, result.checks);
  check_clock(roots, result.checks);
  return result;
}

Check check_others(const ProcessorUse& use) {
  Check check{.topic = "cpu", .name = "other programs"};
  if (!use.other_pct) {
    check.health = Health::absent;
    check.detail = "unknown: the observation was too short";
    return check;
  }
  check.detail = other_programs_text(*use.other_pct);
  if (*use.other_pct <= crowded_pct) return check;
  check.health = Health::warning;
  check.detail += ": joules and times include their work";
  check.fix = "end them while you measure; `top` names them";
  return check;
}

double exam_seconds(const power::MeterInfo& meter) {
  const double usual_s = std::clamp(5 * meter.nominal_period_s, 1.0, 30.0);
  const double needed_s = (meter.counter ? 2.5 : 1.5) * meter.nominal_period_s + meter.latency_s;
  return std::min(std::max(usual_s, needed_s), power::longest_capture.count());
}

MeterExam examine(power::Meter& meter, power::Clock& clock) {
  using power::to_seconds;
  MeterExam exam;
  exam.info = meter.info();
  const double seconds = exam_seconds(exam.info);
  power::Capture captured;
  try {
    captured = power::capture(meter, clock, power::Seconds(seconds), power::Realtime::off);
  } catch (const power::MeterUnavailable& error) {
    exam.checks.push_back({.topic = "meter", .name = "start", .health = Health::problem, .detail = error.what()});
    return exam;
  }
  exam.seconds = captured.duration_s;
  power::Reading first, last, sum{.volts_V = 0, .amps_A = 0, .power_W = 0};
  for (const power::Reading& reading : captured.readings) {
    if (!std::isfinite(exam.info.counter ? reading.energy_J : reading.power_W)) {
      ++exam.failed;
      continue;
    }
    exam.saturated += (reading.flags & power::saturated) != 0 ? 1U : 0U;
    if ((reading.flags & power::repeated) != 0) {
      ++exam.repeated;
      continue;
    }
    if (exam.readings++ == 0) first = reading;
    last = reading;
    sum.volts_V += reading.volts_V;
    sum.amps_A += reading.amps_A;
    sum.power_W += reading.power_W;
  }
  if (exam.readings > 0) {
    const auto n = static_cast<double>(exam.readings);
    exam.volts_V = sum.volts_V / n;
    exam.amps_A = sum.amps_A / n;
    exam.power_W = sum.power_W / n;
    if (exam.info.counter) exam.power_W = (last.energy_J - first.energy_J) / to_seconds(last.t_ns - first.t_ns);
  }
  judge(exam);
  exam.usable = exam.info.measured && exam.readings > 0 &&
                std::ranges::none_of(exam.checks, [](const Check& check) { return check.health == Health::problem; });
  return exam;
}

}  // namespace tbft
