// The frequencies of the processors: a governor and a highest frequency for a while, and what was there before at every end.
// Linux: Documentation/admin-guide/pm/cpufreq.rst, /sys/devices/system/cpu/cpufreq/policyN.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace tbft {

// What a user asks of all processors.
struct FrequencyWish {
  std::string governor;      // empty: stays as it is
  std::int64_t max_kHz = 0;  // 0: stays; a policy whose processors are slower keeps its own highest
  bool empty() const { return governor.empty() && max_kHz == 0; }
  bool operator==(const FrequencyWish&) const = default;
};

// Processors that change their frequency together.
struct FrequencyPolicy {
  std::string name;  // policy0
  std::string governor;
  std::int64_t min_kHz = 0, max_kHz = 0;
  bool operator==(const FrequencyPolicy&) const = default;
};

// A policy as it was before tbft changed it, and as tbft has set it.
struct FrequencyChange {
  FrequencyPolicy before, set;
};

struct CpufreqError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The policies in the order of their numbers; empty where the kernel exposes none. `root` is "/" but in tests.
std::vector<FrequencyPolicy> frequency_policies(const std::filesystem::path& root);

// The frequency now, a mean over the policies, in kHz; nullopt where none tells. Throttling does not show in it on a Raspberry
// Pi.
std::optional<double> current_kHz(const std::filesystem::path& root);

// Why the wish cannot be had on this machine, with what can be; empty if it can. Says nothing of permissions.
std::string refusal(const std::filesystem::path& root, const FrequencyWish& wish);

// The folder for the record of what was there, which must not survive a reboot: ROOT/run for root, else $XDG_RUNTIME_DIR.
// Throws CpufreqError if there is neither.
std::filesystem::path frequency_record_folder(const std::filesystem::path& root);

// What a killed program has left changed, as commands that put it back; empty if there is nothing. Changes nothing.
std::vector<std::string> abandoned_frequencies(const std::filesystem::path& root, const std::filesystem::path& folder);

// Changes the policies and puts them back when it is destroyed. What was there is on the disk before anything changes, so that
// after kill -9 the next keeper puts it back. A policy that someone else has changed meanwhile is left alone.
class FrequencyKeeper {
 public:
  // Puts back what a killed program left; `restored()` then says what. Throws CpufreqError if another program that runs has
  // changed the frequencies, or if the record cannot be written.
  FrequencyKeeper(std::filesystem::path root, std::filesystem::path folder);
  ~FrequencyKeeper();
  FrequencyKeeper(const FrequencyKeeper&) = delete;
  FrequencyKeeper& operator=(const FrequencyKeeper&) = delete;

  // Replaces the wish before it; an empty one puts everything back. Throws CpufreqError with the reason, without permission or
  // if the kernel does not take a value; then everything is put back.
  void apply(const FrequencyWish& wish);
  const std::vector<std::string>& restored() const { return restored_; }

 private:
  void put_back_all();

  std::filesystem::path root_, file_;
  int lock_ = -1;
  FrequencyWish wish_;
  std::vector<FrequencyChange> changes_;
  std::vector<std::string> restored_;
};

}  // namespace tbft
