#include "harness/host/cpufreq.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "results/files.h"
#include "tbft/power/sysfs_dir.h"

namespace tbft {

namespace {

namespace fs = std::filesystem;
using power::SysfsDir;

constexpr const char* record_name = "tbft-cpufreq.json";
constexpr const char* lock_name = "tbft-cpufreq.lock";
constexpr std::size_t max_record_bytes = 1U << 20U;

SysfsDir folder_of(const fs::path& root) {
  return SysfsDir(root / "sys/devices/system/cpu/cpufreq");
}

// The number in "policy12"; nullopt for every other name, so that no record can name another folder.
std::optional<int> number_of(std::string_view name) {
  constexpr std::string_view prefix = "policy";
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size() || number < 0) return std::nullopt;
  return number;
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

FrequencyPolicy read_policy(const SysfsDir& cpufreq, const std::string& name) {
  const auto dir = cpufreq.sub(name);
  return {name, dir.text("scaling_governor"), dir.number("scaling_min_freq"), dir.number("scaling_max_freq")};
}

// The kernel judges a value when it is written, so that a plain write is the whole of it: one value, no new file.
void write_value(const fs::path& file, const std::string& value) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_TRUNC);
  const auto written = fd < 0 ? -1 : ::write(fd, value.data(), value.size());
  const int fault = errno;
  if (fd >= 0) ::close(fd);
  if (written == static_cast<ssize_t>(value.size())) return;
  const bool forbidden = fault == EACCES || fault == EPERM || fault == EROFS;
  throw CpufreqError(fmt::format("{}: cannot write {}: {}{}", file.string(), value, std::strerror(fault),
                                 forbidden ? "; run as root (sudo -E), or leave sweep.governor and sweep.max_kHz out" : ""));
}

// Writes what differs. The kernel wants min <= max at every moment, so a higher max goes first and a lower one last.
void move(const SysfsDir& cpufreq, const FrequencyPolicy& from, const FrequencyPolicy& to) {
  const auto dir = cpufreq.path() / to.name;
  const auto min = [&] {
    if (to.min_kHz != from.min_kHz) write_value(dir / "scaling_min_freq", std::to_string(to.min_kHz));
  };
  const auto max = [&] {
    if (to.max_kHz != from.max_kHz) write_value(dir / "scaling_max_freq", std::to_string(to.max_kHz));
  };
  if (to.governor != from.governor) write_value(dir / "scaling_governor", to.governor);
  if (to.max_kHz > from.max_kHz)
    max(), min();
  else
    min(), max();
}

// The policy as the wish has it. What the wish does not name stays as it was `before`.
FrequencyPolicy wished(const SysfsDir& cpufreq, const FrequencyPolicy& before, const FrequencyWish& wish) {
  auto policy = before;
  if (!wish.governor.empty()) policy.governor = wish.governor;
  if (wish.max_kHz > 0) {
    policy.max_kHz = std::min(wish.max_kHz, cpufreq.sub(before.name).number("cpuinfo_max_freq"));
    policy.min_kHz = std::min(before.min_kHz, policy.max_kHz);
  }
  return policy;
}

std::string boot_id(const fs::path& root) {
  return SysfsDir(root / "proc/sys/kernel/random").maybe_text("boot_id").value_or("");
}

nlohmann::json to_json(const FrequencyPolicy& policy) {
  return {{"governor", policy.governor}, {"min_kHz", policy.min_kHz}, {"max_kHz", policy.max_kHz}};
}

FrequencyPolicy policy_of(const std::string& name, const nlohmann::json& json) {
  return {name, json.at("governor").get<std::string>(), json.at("min_kHz").get<std::int64_t>(),
          json.at("max_kHz").get<std::int64_t>()};
}

// What a program that ended has written down; nothing of an earlier boot, which began with the system's own values.
std::vector<FrequencyChange> recorded(const fs::path& root, const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) return {};
  std::vector<FrequencyChange> changes;
  try {
    const auto json = nlohmann::json::parse(results::read_file(file, max_record_bytes));
    if (json.at("boot_id") != boot_id(root)) return {};
    for (const auto& [name, change] : json.at("policies").items())
      if (number_of(name)) changes.push_back({policy_of(name, change.at("before")), policy_of(name, change.at("set"))});
  } catch (const nlohmann::json::exception&) {
    throw CpufreqError(
        fmt::format("{}: is not the record of frequencies that tbft writes; look at it and remove it", file.string()));
  }
  return changes;
}

// The change without what someone else has changed since: each value only where it is still ours.
std::optional<FrequencyPolicy> still_ours(const SysfsDir& cpufreq, const FrequencyChange& change) {
  FrequencyPolicy now;
  try {
    now = read_policy(cpufreq, change.set.name);
  } catch (const power::SysfsError&) {
    return std::nullopt;  // its processors were taken out
  }
  auto back = now;
  if (now.governor == change.set.governor) back.governor = change.before.governor;
  if (now.min_kHz == change.set.min_kHz) back.min_kHz = change.before.min_kHz;
  if (now.max_kHz == change.set.max_kHz) back.max_kHz = change.before.max_kHz;
  return back == now ? std::nullopt : std::optional(back);
}

std::string text_of(const FrequencyPolicy& policy) {
  return fmt::format("{}: {}, {} to {} kHz", policy.name, policy.governor, policy.min_kHz, policy.max_kHz);
}

// Puts back what is still ours. Goes on after an error and throws the first at the end.
std::vector<std::string> put_back(const SysfsDir& cpufreq, const std::vector<FrequencyChange>& changes) {
  std::vector<std::string> done;
  std::string failure;
  for (const auto& change : changes) {
    const auto back = still_ours(cpufreq, change);
    if (!back) continue;
    try {
      move(cpufreq, read_policy(cpufreq, back->name), *back);
      done.push_back(text_of(*back));
    } catch (const std::exception& error) {
      if (failure.empty()) failure = error.what();
    }
  }
  if (!failure.empty()) throw CpufreqError(failure);
  return done;
}

void record(const fs::path& root, const fs::path& file, const std::vector<FrequencyChange>& changes) {
  nlohmann::json json{{"boot_id", boot_id(root)}, {"policies", nlohmann::json::object()}};
  for (const auto& change : changes)
    json["policies"][change.before.name] = {{"before", to_json(change.before)}, {"set", to_json(change.set)}};
  try {
    results::write_file_atomically(file, json.dump(1) + "\n");
  } catch (const std::exception& error) {
    throw CpufreqError(fmt::format("what the frequencies were cannot be written down, so they stay: {}", error.what()));
  }
}

}  // namespace

std::vector<FrequencyPolicy> frequency_policies(const fs::path& root) {
  const auto cpufreq = folder_of(root);
  std::vector<std::pair<int, FrequencyPolicy>> numbered;
  for (const auto& name : cpufreq.names()) {
    const auto number = number_of(name);
    if (!number) continue;
    try {
      numbered.emplace_back(*number, read_policy(cpufreq, name));
    } catch (const power::SysfsError&) {  // all its processors are off
    }
  }
  std::ranges::sort(numbered, {}, &std::pair<int, FrequencyPolicy>::first);
  std::vector<FrequencyPolicy> policies;
  policies.reserve(numbered.size());
  for (auto& [number, policy] : numbered) policies.push_back(std::move(policy));
  return policies;
}

std::optional<double> current_kHz(const fs::path& root) {
  const auto cpufreq = folder_of(root);
  double sum = 0;
  int known = 0;
  for (const auto& name : cpufreq.names()) {
    if (!number_of(name)) continue;
    if (const auto now = cpufreq.sub(name).maybe_number("scaling_cur_freq")) sum += static_cast<double>(*now), ++known;
  }
  return known > 0 ? std::optional(sum / known) : std::nullopt;
}

std::string refusal(const fs::path& root, const FrequencyWish& wish) {
  if (wish.empty()) return {};
  const auto policies = frequency_policies(root);
  const auto cpufreq = folder_of(root);
  if (policies.empty())
    return "this machine does not expose the frequencies of its processors (no /sys/devices/system/cpu/cpufreq/policy0)";
  std::int64_t highest = 0;
  for (const auto& policy : policies) {
    const auto dir = cpufreq.sub(policy.name);
    const auto governors = words(dir.maybe_text("scaling_available_governors").value_or(""));
    if (!wish.governor.empty() && std::ranges::find(governors, wish.governor) == governors.end())
      return fmt::format("{} has no governor {}; it has {}", policy.name, wish.governor, fmt::join(governors, ", "));
    if (wish.max_kHz == 0) continue;
    const auto least = dir.number("cpuinfo_min_freq");
    const auto most = dir.number("cpuinfo_max_freq");
    highest = std::max(highest, most);
    if (wish.max_kHz < least)
      return fmt::format("{} runs at {} to {} kHz, never at {}", policy.name, least, most, wish.max_kHz);
    const auto steps = words(dir.maybe_text("scaling_available_frequencies").value_or(""));
    if (!steps.empty() && wish.max_kHz < most && std::ranges::find(steps, std::to_string(wish.max_kHz)) == steps.end())
      return fmt::format("{} does not run at {} kHz; it has {} kHz", policy.name, wish.max_kHz, fmt::join(steps, ", "));
  }
  if (wish.max_kHz > highest && wish.max_kHz != 0)
    return fmt::format("no processor runs at {} kHz; the highest is {}", wish.max_kHz, highest);
  return {};
}

fs::path frequency_record_folder(const fs::path& root) {
  if (::geteuid() == 0) return root / "run";
  if (const char* own = std::getenv("XDG_RUNTIME_DIR"); own != nullptr && *own == '/') return own;
  throw CpufreqError("there is no folder for the record of the frequencies: set XDG_RUNTIME_DIR, or run as root (sudo -E)");
}

std::vector<std::string> abandoned_frequencies(const fs::path& root, const fs::path& folder) {
  const int lock = ::open((folder / lock_name).c_str(), O_RDONLY | O_CLOEXEC);
  const bool in_use = lock >= 0 && ::flock(lock, LOCK_SH | LOCK_NB) != 0;
  if (lock >= 0) ::close(lock);
  if (in_use) return {};
  const auto cpufreq = folder_of(root);
  std::vector<std::string> commands;
  for (const auto& change : recorded(root, folder / record_name)) {
    const auto back = still_ours(cpufreq, change);
    if (!back) continue;
    const auto now = read_policy(cpufreq, back->name);
    const auto dir = (fs::path("/sys/devices/system/cpu/cpufreq") / back->name).string();
    const auto add = [&](const char* attribute, const auto& value) {
      commands.push_back(fmt::format("echo {} | sudo tee {}/{}", value, dir, attribute));
    };
    if (back->governor != now.governor) add("scaling_governor", back->governor);
    if (back->max_kHz != now.max_kHz) add("scaling_max_freq", back->max_kHz);
    if (back->min_kHz != now.min_kHz) add("scaling_min_freq", back->min_kHz);
  }
  return commands;
}

FrequencyKeeper::FrequencyKeeper(fs::path root, fs::path folder) : root_(std::move(root)), file_(folder / record_name) {
  const auto lock = folder / lock_name;
  lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (lock_ < 0) throw CpufreqError(fmt::format("{}: {}", lock.string(), std::strerror(errno)));
  try {
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0)
      throw CpufreqError("another tbft has set the frequencies of the processors; wait until it ends");
    restored_ = put_back(folder_of(root_), recorded(root_, file_));
    fs::remove(file_);
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

FrequencyKeeper::~FrequencyKeeper() {
  try {
    put_back_all();
  } catch (const std::exception&) {  // the record stays, and doctor tells
  }
  ::close(lock_);
}

void FrequencyKeeper::put_back_all() {
  put_back(folder_of(root_), changes_);
  changes_.clear();
  wish_ = {};
  fs::remove(file_);
}

void FrequencyKeeper::apply(const FrequencyWish& wish) {
  if (wish == wish_) return;
  if (const auto why = refusal(root_, wish); !why.empty()) throw CpufreqError(why);
  put_back_all();
  if (wish.empty()) return;
  const auto cpufreq = folder_of(root_);
  for (const auto& policy : frequency_policies(root_)) changes_.push_back({policy, wished(cpufreq, policy, wish)});
  record(root_, file_, changes_);
  try {
    for (auto& [before, set] : changes_) {
      move(cpufreq, before, set);
      const auto asked = std::exchange(set, read_policy(cpufreq, set.name));
      if (set != asked)
        throw CpufreqError(
            fmt::format("the kernel does not take these frequencies; asked for {}, got {}", text_of(asked), text_of(set)));
    }
  } catch (...) {
    put_back_all();
    throw;
  }
  wish_ = wish;
}

}  // namespace tbft
