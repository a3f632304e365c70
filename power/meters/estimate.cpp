// estimate://?idle_W=2.2&busy_W=5.4 : power estimated from the processors' use. Never a measurement.
//
// P = idle_W + (busy_W - idle_W) x busy time / (wall time x cores), the mean between two polls, from ROOT/proc/stat (proc(5)).
// Its clock ticks are 10 ms, so the period is at least 0.05 s; the default is 0.1 s. The default watts are those of a Raspberry
// Pi 4, and the description calls them assumed. Throws MeterUnavailable if /proc/stat cannot be used.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <string_view>
#include <utility>

#include "power/meters/list.h"

namespace tbft::power {
namespace {

// Raspberry Pi 4, published figures.
constexpr MeterOption idle_option{
    .name = "idle_W", .meaning = "power of the idle board", .unit = "W", .low = 0, .high = 1e5, .fallback = 2.2};
constexpr MeterOption busy_option{
    .name = "busy_W", .meaning = "power with every processor busy", .unit = "W", .low = 0, .high = 1e5, .fallback = 5.4};
constexpr MeterOption options[] = {idle_option, busy_option};
constexpr double default_period_s = 0.1;
constexpr double shortest_period_s = 0.05;

// Busy clock ticks of all cores, from the first line of /proc/stat: "cpu  user nice system idle iowait irq softirq steal ...".
// The guest columns that follow are part of user and nice.
std::optional<std::uint64_t> busy_ticks(std::string_view line) {
  if (!line.starts_with("cpu ")) return std::nullopt;
  line.remove_prefix(4);
  std::uint64_t busy = 0;
  for (int column = 0; column < 8; ++column) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    std::uint64_t ticks = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), ticks);
    if (error != std::errc{}) return column >= 4 ? std::optional(busy) : std::nullopt;  // old kernels have fewer columns
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    if (column != 3 && column != 4) busy += ticks;  // idle, iowait
  }
  return busy;
}

class ProcStat {
 public:
  explicit ProcStat(const std::filesystem::path& path)
      : path_(path.string()), fd_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) throw MeterUnavailable(fmt::format("meter estimate: {}: {}", path_, std::strerror(errno)));
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("cpu") && line.size() > 3 && line[3] >= '0' && line[3] <= '9') ++cores_;
    }
    if (cores_ == 0 || !busy()) {
      ::close(fd_);
      throw MeterUnavailable(fmt::format("meter estimate: {} has no `cpu` lines as Linux writes them", path_));
    }
  }
  ~ProcStat() { ::close(fd_); }
  ProcStat(const ProcStat&) = delete;
  ProcStat& operator=(const ProcStat&) = delete;

  std::optional<std::uint64_t> busy() const {
    std::array<char, 256> text{};
    const ssize_t n = ::pread(fd_, text.data(), text.size(), 0);
    if (n <= 0) return std::nullopt;
    const std::string_view all(text.data(), static_cast<std::size_t>(n));
    return busy_ticks(all.substr(0, all.find('\n')));
  }
  int cores() const { return cores_; }

 private:
  std::string path_;
  int fd_;
  int cores_ = 0;
};

class Estimate final : public Meter {
 public:
  Estimate(MeterInfo info, const std::filesystem::path& stat, double idle_W, double busy_W)
      : info_(std::move(info)), stat_(stat), idle_W_(idle_W), span_W_(busy_W - idle_W) {
    const long hz = ::sysconf(_SC_CLK_TCK);
    ticks_per_s_ = hz > 0 ? static_cast<double>(hz) : 100;
    info_.description += fmt::format(", {} cores", stat_.cores());
  }

  const MeterInfo& info() const override { return info_; }
  void start(TimeNs /*first_window*/) override { last_.reset(); }
  void stop() override {}

  std::optional<Reading> poll(TimeNs now) override {
    if (last_ && now <= last_->t_ns) return std::nullopt;
    const auto busy = stat_.busy();
    if (!busy) {
      last_.reset();
      if (std::exchange(failed_at_, now) == now) return std::nullopt;
      return Reading{.t_ns = now, .flags = gap_begins};
    }
    const auto before = std::exchange(last_, Last{now, *busy});
    // There is no earlier count yet, or the count decreased because a processor went offline.
    if (!before || *busy < before->busy) return std::nullopt;
    const double cpu_s = static_cast<double>(*busy - before->busy) / ticks_per_s_;
    const double share = std::min(1.0, cpu_s / (to_seconds(now - before->t_ns) * stat_.cores()));
    return Reading{.t_ns = before->t_ns + (now - before->t_ns) / 2, .power_W = idle_W_ + span_W_ * share};
  }

 private:
  struct Last {
    TimeNs t_ns;
    std::uint64_t busy;
  };
  MeterInfo info_;
  ProcStat stat_;
  double idle_W_;
  double span_W_;
  double ticks_per_s_ = 100;
  std::optional<Last> last_;
  TimeNs failed_at_ = -1;
};

}  // namespace

std::span<const MeterOption> estimate_options() {
  return options;
}

std::unique_ptr<Meter> open_estimate(const MeterUri& uri, double interval_s, const std::filesystem::path& root) {
  uri.allow(options);
  if (!uri.path.empty()) throw BadMeterUri(fmt::format("meter estimate: takes no path, but `{}` was given", uri.path));
  const double idle = uri.number_or_fallback(idle_option);
  const double busy = uri.number_or_fallback(busy_option);
  const auto assumed = [&](const MeterOption& option) { return uri.text(option.name) ? "" : " (assumed)"; };
  if (busy < idle) throw BadMeterUri(fmt::format("meter estimate: busy_W={} is below idle_W={}", busy, idle));

  MeterInfo info;
  info.uri = to_string(uri);
  info.description = fmt::format("estimate from processor time: {} W idle{}, {} W busy{}", idle, assumed(idle_option), busy,
                                 assumed(busy_option));
  info.measured = false;
  info.nominal_period_s = interval_s > 0 ? std::max(interval_s, shortest_period_s) : default_period_s;
  info.averaging_s = info.nominal_period_s;
  info.gap_limit_s = uri.gap_limit_s(info.nominal_period_s);
  return std::make_unique<Estimate>(std::move(info), root / "proc/stat", idle, busy);
}

}  // namespace tbft::power
