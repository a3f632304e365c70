// The board that a run stands on: what it is, how warm, how fast, how much memory this process took. Reads sysfs and procfs
// under an injected root; what is not there is unknown.
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
  // Answers a question to the Raspberry Pi's firmware; throws power::FirmwareError.
  using AskFirmware = std::function<std::string(std::string_view command)>;
  // Without `firmware` it is asked through ROOT/dev/vcio.
  explicit Board(std::filesystem::path root = "/", AskFirmware firmware = nullptr);

  std::string host() const;                     // host name
  std::string name() const;                     // device-tree model, else DMI product, else CPU model
  std::string cpu() const;                      // CPU model
  std::string kernel() const;                   // release
  std::string governor() const;                 // of every core: "schedutil", "performance+schedutil" where they differ
  std::optional<double> temperature_C() const;  // of the CPU's thermal zone, else of the first one
  std::int64_t cores() const;                   // that this process may use: its affinity, and whole ones of a quota
  std::optional<double> cpu_quota() const { return tbft::cpu_quota(root_); }
  std::optional<ProcessorTimes> processor_times() const { return tbft::processor_times(root_); }

  // Raspberry Pi: bits 0-3 under-voltage, frequency capped, throttled, soft temperature limit now; 16-19 the same since boot.
  // From the file that some kernels have (Pi 4), else from the firmware's mailbox. nullopt: no Raspberry Pi, or no permission.
  std::optional<std::uint32_t> throttled_bits() const;

  // Peak resident set of this process since the last reset_peak_rss() (VmHWM through clear_refs).
  void reset_peak_rss() const;
  std::optional<double> peak_rss_MiB() const;

 private:
  std::optional<std::string> read(const std::string& path) const;
  std::vector<std::string> names(const std::string& directory) const;  // sorted; none where it is not there
  std::filesystem::path root_;
  AskFirmware firmware_;
};

// The firmware's answer "throttled=0x50005".
std::optional<std::uint32_t> parse_throttled(std::string_view text);

// Whether a window was throttled: a bit 0-3 seen at either end, or a sticky bit newly set in it. nullopt where it is unknown.
std::optional<bool> throttled_between(std::optional<std::uint32_t> before, std::optional<std::uint32_t> after);

}  // namespace tbft
