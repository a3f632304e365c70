// rapl://package-0 : the energy counters of x86 processors (powercap).
//
// The path is a zone's name: package-0, psys, package-0/dram; without one, or `package`, all packages together (never their
// subzones, which they contain; zones of dies that show the same counter add it once). If a read is so late that the counter
// could have wrapped at max_W, its interval is invalid.
//
// open_rapl throws MeterUnavailable: no such zone (lists them), no permission (with the fix).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "power/meters/list.h"
#include "power/meters/polled.h"
#include "power/protocol/counters.h"
#include "tbft/power/sysfs_dir.h"

namespace tbft::power {
namespace {

constexpr double update_s = 1e-3;  // approximately: the processor updates its counters once per millisecond
constexpr double default_period_s = 0.01;
constexpr double unit_J = 1.0 / 16384;  // of the counter on most processors; powercap rounds to microjoules

constexpr MeterOption max_W_option{.name = "max_W",
                                   .meaning = "more power than one zone can draw; limits the time between two reads",
                                   .unit = "W",
                                   .low = 0.1,
                                   .high = 1e6,
                                   .fallback = 1000};
constexpr MeterOption options[] = {max_W_option, gain_pct_option};

struct Zone {
  SysfsDir dir;
  std::string name;  // package-0, package-0/dram
};

// SYS/class/powercap/intel-rapl:N and intel-rapl:N:M (AMD's too). The same packages appear again as intel-rapl-mmio:N, which
// are skipped, because they would count twice.
std::vector<Zone> zones(const Roots& roots) {
  const SysfsDir all(roots.sys / "class/powercap");
  std::vector<Zone> list;
  for (const std::string& entry : all.names()) {
    if (!entry.starts_with("intel-rapl:")) continue;
    SysfsDir dir = all.sub(entry);
    const auto name = dir.maybe_text("name");
    if (!name) continue;
    const auto inner = entry.find(':', std::string_view("intel-rapl:").size());
    const auto outer = inner == std::string::npos ? std::nullopt : all.sub(entry.substr(0, inner)).maybe_text("name");
    list.push_back({.dir = std::move(dir), .name = outer ? *outer + "/" + *name : *name});
  }
  return list;
}

// Whether zones are listed but their links are broken, because container runtimes mount an empty folder over
// SYS/devices/virtual/powercap.
bool is_masked(const Roots& roots) {
  const SysfsDir all(roots.sys / "class/powercap");
  const auto names = all.names();
  return std::ranges::any_of(names, [](const std::string& n) { return n.starts_with("intel-rapl"); }) && zones(roots).empty();
}
constexpr std::string_view unmask =
    "let the container see them (docker run --security-opt systempaths=unconfined; podman run --security-opt "
    "unmask=/sys/devices/virtual/powercap), or run outside";
std::string masked_text(const Roots& roots) {
  return fmt::format("{} names intel-rapl zones, but they lead nowhere: a container's runtime hides them",
                     (roots.sys / "class/powercap").string());
}

bool is_package(const Zone& zone) {
  return zone.name.starts_with("package-") && zone.name.find('/') == std::string::npos;
}

std::vector<Zone> select(const MeterUri& uri, const Roots& roots) {
  const auto all = zones(roots);
  if (all.empty()) {
    if (is_masked(roots)) throw MeterUnavailable(fmt::format("meter rapl: {}; {}", masked_text(roots), unmask));
    throw MeterUnavailable(fmt::format(
        "meter rapl: no intel-rapl zones under {}: only x86 processors have them; sudo modprobe intel_rapl_msr (virtual "
        "machines usually have none)",
        (roots.sys / "class/powercap").string()));
  }
  std::vector<Zone> chosen;
  const bool together = uri.path.empty() || uri.path == "package";
  std::ranges::copy_if(all, std::back_inserter(chosen),
                       [&](const Zone& zone) { return together ? is_package(zone) : zone.name == uri.path; });
  if (!chosen.empty()) return chosen;
  std::vector<std::string> names;
  names.reserve(all.size());
  for (const Zone& zone : all) names.push_back("rapl://" + zone.name);
  throw MeterUnavailable(
      fmt::format("meter rapl: no zone `{}`; there are {}", together ? "package-N" : uri.path, fmt::join(names, ", ")));
}

// Whether two zones show the same counter. Some processors have one counter for the package but a zone for each die. Separate
// counters do not agree, because they count from the machine's start in steps of some 10 uJ.
bool are_one(const Zone& a, const Zone& b) {
  for (int attempt = 0; attempt < 5; ++attempt) {
    const auto before = a.dir.number("energy_uj");
    const auto other = b.dir.number("energy_uj");
    const auto after = a.dir.number("energy_uj");
    if (before > 0 && before <= other && other <= after) return true;
  }
  return false;
}

// Keeps each counter once. `note` receives a remark for the user.
std::vector<Zone> distinct(const std::vector<Zone>& zones, std::string& note) {
  std::vector<Zone> list;
  bool unknown = false;
  for (const Zone& zone : zones) {
    const auto same = std::ranges::find_if(list, [&](const Zone& other) { return are_one(other, zone); });
    if (same != list.end()) {
      note += fmt::format("; {} shows the same counter as {}, which is added once", zone.name, same->name);
      continue;
    }
    unknown = unknown || (zones.size() > 1 && zone.dir.number("energy_uj") == 0);
    list.push_back(zone);
  }
  if (unknown) note += "; a count was 0 at the start: whether two of them are one counter is not known";
  return list;
}

std::string permission_fix(const Zone& zone) {
  return fmt::format("sudo chmod a+r {} (until the next boot; the udev rules 99-tbft-optional.rules keep it), or run as root",
                     (zone.dir.path() / "energy_uj").string());
}

// One zone's counter, unwrapped.
class Counter {
 public:
  Counter(const Zone& zone, double max_W)
      : energy_(zone.dir.open("energy_uj")),
        range_uJ_(zone.dir.number("max_energy_range_uj")),
        max_W_(max_W),
        unwrap_(make(range_uJ_, max_W)) {}

  double longest_wait_s() const { return static_cast<double>(range_uJ_) * 1e-6 / max_W_; }
  void restart() { unwrap_ = make(range_uJ_, max_W_); }
  // nullopt: the read failed. A failed read must not count as 0, because that would look like a wrap.
  std::optional<CounterUnwrapper::Value> next(TimeNs now) {
    const SysfsValue count = energy_.number();
    if (!count.ok() || count.value < 0 || count.value > range_uJ_) return std::nullopt;
    return unwrap_.next(now, static_cast<std::uint64_t>(count.value));
  }

 private:
  static CounterUnwrapper make(std::int64_t range_uJ, double max_W) {
    if (range_uJ <= 0) throw SysfsError(SysfsFault::unparsable, fmt::format("max_energy_range_uj is {}", range_uJ));
    return {static_cast<std::uint64_t>(range_uJ), 1e-6, max_W};
  }
  SysfsAttribute energy_;
  std::int64_t range_uJ_;
  double max_W_;
  CounterUnwrapper unwrap_;
};

class Rapl final : public PolledMeter {
 public:
  Rapl(MeterInfo info, std::vector<Counter> counters) : PolledMeter(std::move(info), update_s), counters_(std::move(counters)) {
    double wait_s = counters_.front().longest_wait_s();
    for (const Counter& counter : counters_) wait_s = std::min(wait_s, counter.longest_wait_s());
    longest_wait_ = from_seconds(wait_s / 2);
  }

  void start(TimeNs first_window) override {
    PolledMeter::start(first_window);
    for (Counter& counter : counters_) counter.restart();
    last_.reset();
  }
  // Polls earlier than requested if the counters would otherwise wrap.
  TimeNs next_poll(TimeNs scheduled) const override { return last_ ? std::min(scheduled, *last_ + longest_wait_) : scheduled; }

 private:
  bool sample(TimeNs now, Reading& r) override {
    last_ = now;
    r.energy_J = 0;
    bool good = true;
    for (Counter& counter : counters_) {
      const auto value = counter.next(now);
      if (!value) {
        good = false;
        continue;
      }
      r.energy_J += value->energy_J;
      if (value->ambiguous) r.flags |= saturated;
    }
    // A possible wrap before a failed read must still be reported after it.
    ambiguous_ = ambiguous_ || (r.flags & saturated) != 0;
    if (good && std::exchange(ambiguous_, false)) r.flags |= saturated;
    return good;
  }

  std::vector<Counter> counters_;
  TimeNs longest_wait_ = 0;
  std::optional<TimeNs> last_;
  bool ambiguous_ = false;
};

}  // namespace

std::span<const MeterOption> rapl_options() {
  return options;
}

std::unique_ptr<Meter> open_rapl(const MeterUri& uri, double interval_s, const Roots& roots) {
  uri.allow(options);
  const double max_W = uri.number_or_fallback(max_W_option);
  auto chosen = select(uri, roots);
  for (const Zone& zone : chosen) {
    try {
      Counter(zone, max_W);
    } catch (const SysfsError& error) {
      throw MeterUnavailable(
          fmt::format("meter rapl: {}{}", error.what(),
                      error.fault == SysfsFault::no_permission ? "; only root may read it: " + permission_fix(zone) : ""));
    }
  }
  std::string note;
  std::vector<Counter> counters;
  std::vector<std::string> names;
  try {
    chosen = distinct(chosen, note);
    for (const Zone& zone : chosen) {
      names.push_back(zone.name);
      counters.emplace_back(zone, max_W);
    }
  } catch (const SysfsError& error) {
    throw MeterUnavailable(fmt::format("meter rapl: {}", error.what()));
  }
  MeterInfo info;
  info.uri = to_string(uri);
  info.description = fmt::format("RAPL energy counter{} of {} (processor only, not the board){}", chosen.size() > 1 ? "s" : "",
                                 fmt::join(names, " + "), note);
  info.scope = is_package(chosen.front()) || chosen.front().name == "psys" ? Scope::package : Scope::rail;
  info.counter = true;
  info.nominal_period_s = interval_s > 0 ? std::max(interval_s, update_s) : default_period_s;
  info.latency_s = update_s;
  info.gap_limit_s = uri.gap_limit_s(info.nominal_period_s);
  info.accuracy.resolution_J = unit_J;
  uri.apply_accuracy(info.accuracy);
  return std::make_unique<Rapl>(std::move(info), std::move(counters));
}

std::vector<FoundMeter> find_rapl(const Roots& roots) {
  std::vector<FoundMeter> found;
  if (is_masked(roots)) {
    found.push_back({.uri = "rapl://",
                     .scope = Scope::package,
                     .state = MeterState::unusable,
                     .detail = masked_text(roots),
                     .fix = std::string(unmask)});
  }
  const auto all = zones(roots);
  const auto packages = std::ranges::count_if(all, is_package);
  const auto add = [&](const std::string& path, const Zone& zone) {
    FoundMeter meter{.uri = "rapl://" + path, .scope = Scope::package, .state = MeterState::ready};
    try {
      meter.detail = open_rapl(parse_meter_uri(meter.uri), 0, roots)->info().description;
    } catch (const MeterUnavailable& error) {
      meter.detail = error.what();
      meter.state = MeterState::unusable;
      try {
        (void)zone.dir.open("energy_uj");
      } catch (const SysfsError& fault) {
        if (fault.fault == SysfsFault::no_permission) {
          meter.state = MeterState::no_permission;
          meter.detail = "RAPL energy counter, readable by root only";
          meter.fix = fmt::format("sudo chmod a+r {} (until the next boot; the udev rules 99-tbft-optional.rules keep it)",
                                  (zone.dir.path() / "energy_uj").string());
        }
      }
    }
    found.push_back(std::move(meter));
  };
  for (const Zone& zone : all) {
    if (!is_package(zone)) continue;
    if (packages > 1 && found.empty()) add("package", zone);
    if (packages == 1) add(zone.name, zone);
  }
  return found;
}

}  // namespace tbft::power
