#include "harness/host/board.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <boost/algorithm/string/trim.hpp>
#include <charconv>
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

#include "tbft/power/firmware.h"

namespace tbft {

namespace {

std::string trimmed(const std::string& text) {
  return boost::trim_copy_if(text, [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\0'; });
}

// Returns the value of the first line "NAME<spaces>: VALUE" of a procfs table.
std::string field(const std::string& table, std::string_view name) {
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(':');
    if (colon != std::string::npos && trimmed(line.substr(0, colon)) == name) return trimmed(line.substr(colon + 1));
  }
  return {};
}

template <typename Integer>
std::optional<Integer> integer(std::string_view text, int base = 10) {
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc{} ? std::optional(value) : std::nullopt;
}

}  // namespace

Board::Board(std::filesystem::path root, AskFirmware firmware) : root_(std::move(root)), firmware_(std::move(firmware)) {
  if (!firmware_) firmware_ = [dev = root_ / "dev"](std::string_view command) { return power::Firmware(dev).ask(command); };
}

std::optional<std::string> Board::read(const std::string& path) const {
  std::ifstream file(root_ / path);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file) return std::nullopt;
  return trimmed(text.str());
}

std::vector<std::string> Board::names(const std::string& directory) const {
  std::vector<std::string> found;
  std::error_code none;
  for (std::filesystem::directory_iterator entry(root_ / directory, none), end; !none && entry != end; entry.increment(none))
    found.push_back(entry->path().filename().string());
  std::ranges::sort(found);
  return found;
}

std::string Board::host() const {
  utsname names{};
  return uname(&names) == 0 ? std::string(static_cast<const char*>(names.nodename)) : std::string();
}
std::string Board::kernel() const {
  utsname names{};
  return uname(&names) == 0 ? std::string(static_cast<const char*>(names.release)) : std::string();
}

std::string Board::cpu() const {
  const auto info = read("proc/cpuinfo").value_or("");
  auto model = field(info, "model name");
  if (model.empty()) model = field(info, "Model");  // Raspberry Pi kernels
  return model;
}

std::string Board::name() const {
  if (auto model = read("proc/device-tree/model"); model && !model->empty()) return *model;
  if (auto product = read("sys/class/dmi/id/product_name"); product && !product->empty()) return *product;
  return cpu();
}

std::string Board::governor() const {
  std::set<std::string> governors;
  for (const std::string& cpu : names("sys/devices/system/cpu")) {
    if (!cpu.starts_with("cpu")) continue;
    if (auto governor = read("sys/devices/system/cpu/" + cpu + "/cpufreq/scaling_governor"); governor && !governor->empty())
      governors.insert(std::move(*governor));
  }
  return fmt::format("{}", fmt::join(governors, "+"));
}

std::optional<double> Board::temperature_C() const {
  std::optional<double> first;
  for (int zone = 0; zone < 16; ++zone) {
    const std::string base = "sys/class/thermal/thermal_zone" + std::to_string(zone);
    const auto text = read(base + "/temp");
    if (!text) continue;
    const auto milli = integer<std::int64_t>(*text);
    if (!milli) continue;
    const double celsius = static_cast<double>(*milli) / 1000.0;
    const auto type = read(base + "/type").value_or("");
    if (type.find("cpu") != std::string::npos || type == "x86_pkg_temp") return celsius;
    if (!first) first = celsius;
  }
  return first;
}

std::int64_t Board::cores() const {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::int64_t cores = std::max(sysconf(_SC_NPROCESSORS_ONLN), 1L);
  if (sched_getaffinity(0, sizeof set, &set) == 0) cores = CPU_COUNT(&set);
  // Threads beyond the quota would only wait for the next period.
  if (const auto quota = cpu_quota()) cores = std::clamp<std::int64_t>(static_cast<std::int64_t>(*quota), 1, cores);
  return cores;
}

std::optional<std::uint32_t> Board::throttled_bits() const {
  // The device tree's path of the firmware: soc/soc:firmware on a Pi 4, soc@107c000000:firmware or similar elsewhere.
  const std::string platform = "sys/devices/platform";
  std::vector<std::string> bases{platform};
  for (const std::string& name : names(platform)) {
    if (name.starts_with("soc")) bases.push_back(fmt::format("{}/{}", platform, name));
  }
  for (const std::string& base : bases) {
    for (const std::string& name : names(base)) {
      if (!name.ends_with("firmware")) continue;
      const auto text = read(fmt::format("{}/{}/get_throttled", base, name));
      const auto bits = text ? integer<std::int64_t>(text->starts_with("0x") ? text->substr(2) : *text, 16) : std::nullopt;
      if (bits) return static_cast<std::uint32_t>(*bits);
    }
  }
  try {
    return parse_throttled(firmware_("get_throttled"));
  } catch (const power::FirmwareError&) {
    return std::nullopt;
  }
}

void Board::reset_peak_rss() const {
  std::ofstream(root_ / "proc/self/clear_refs") << "5";
}

std::optional<double> Board::peak_rss_MiB() const {
  const auto kib = integer<std::int64_t>(field(read("proc/self/status").value_or(""), "VmHWM"));
  return kib ? std::optional(static_cast<double>(*kib) / 1024.0) : std::nullopt;
}

std::optional<std::uint32_t> parse_throttled(std::string_view text) {
  constexpr std::string_view head = "throttled=0x";
  return text.starts_with(head) ? integer<std::uint32_t>(text.substr(head.size()), 16) : std::nullopt;
}

std::optional<bool> throttled_between(std::optional<std::uint32_t> before, std::optional<std::uint32_t> after) {
  if (!before || !after) return std::nullopt;
  constexpr std::uint32_t now = 0x0000F;
  constexpr std::uint32_t sticky = 0xF0000;
  return ((*before | *after) & now) != 0 || (*after & ~*before & sticky) != 0;
}

}  // namespace tbft
