// The board that a run stands on: what it is, how warm, how fast, how much memory this process took. Reads sysfs and procfs
// under an injected root; what is not there is unknown.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace tbft {

class Board {
 public:
  explicit Board(std::filesystem::path root = "/");

  std::string host() const;                     // host name
  std::string name() const;                     // device-tree model, else DMI product, else CPU model
  std::string cpu() const;                      // CPU model
  std::string kernel() const;                   // release
  std::string governor() const;                 // of cpu0
  std::optional<double> temperature_C() const;  // of the CPU's thermal zone, else of the first one
  std::int64_t cores() const;                   // that this process may use

  // Raspberry Pi: bits 0-3 under-voltage, frequency capped, throttled, soft temperature limit now; 16-19 the same since boot.
  std::optional<std::uint32_t> throttled_bits() const;

  // Peak resident set of this process since the last reset_peak_rss() (VmHWM through clear_refs).
  void reset_peak_rss() const;
  std::optional<double> peak_rss_MiB() const;

 private:
  std::optional<std::string> read(const std::string& path) const;
  std::filesystem::path root_;
};

// Whether a window was throttled: a bit 0-3 seen at either end, or a sticky bit newly set in it. nullopt where it is unknown.
std::optional<bool> throttled_between(std::optional<std::uint32_t> before, std::optional<std::uint32_t> after);

}  // namespace tbft
