// The board of a run: its name, temperature, frequency governor, and this process's memory. Reads sysfs and procfs under an
// injected root. A missing file makes a value unknown.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/host/processor_use.h"

namespace tbft {

class Board {
 public:
  // Sends a command to the Raspberry Pi's firmware and returns the answer; throws power::FirmwareError.
  using AskFirmware = std::function<std::string(std::string_view command)>;
  // Without `firmware` the board uses ROOT/dev/vcio.
  explicit Board(std::filesystem::path root = "/", AskFirmware firmware = nullptr);

  const std::filesystem::path& root() const { return root_; }
  std::string host() const;                     // host name
  std::string name() const;                     // device-tree model, else DMI product, else CPU model
  std::string cpu() const;                      // CPU model
  std::string kernel() const;                   // release
  std::string governor() const;                 // of all cores: "schedutil", or "performance+schedutil" where they differ
  std::optional<double> temperature_C() const;  // of the CPU's thermal zone, otherwise of the first zone
  std::int64_t cores() const;                   // usable by this process: its affinity, capped by a container's quota
  std::optional<double> cpu_quota() const { return tbft::cpu_quota(root_); }
  std::optional<ProcessorTimes> processor_times() const { return tbft::processor_times(root_); }

  // Raspberry Pi: bits 0-3 under-voltage, frequency capped, throttled, soft temperature limit now; 16-19 the same since boot.
  // Read from a file on kernels that have it (Pi 4), otherwise from the firmware's mailbox. nullopt: not a Raspberry Pi, or no
  // permission.
  std::optional<std::uint32_t> throttled_bits() const;

  // Peak resident set of this process since the last reset_peak_rss() (VmHWM through clear_refs).
  void reset_peak_rss() const;
  std::optional<double> peak_rss_MiB() const;

 private:
  std::optional<std::string> read(const std::string& path) const;
  std::vector<std::string> names(const std::string& directory) const;  // sorted; empty where the directory does not exist
  std::filesystem::path root_;
  AskFirmware firmware_;
};

// Parses the firmware's answer "throttled=0x50005".
std::optional<std::uint32_t> parse_throttled(std::string_view text);

// Whether a window was throttled: one of the bits 0-3 is set at either end, or a sticky bit was newly set during the window.
// nullopt where it is unknown.
std::optional<bool> throttled_between(std::optional<std::uint32_t> before, std::optional<std::uint32_t> after);

}  // namespace tbft
