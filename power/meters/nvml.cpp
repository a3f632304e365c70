// nvml://0 : an NVIDIA GPU by its index, or nvml://GPU-8a56... by its UUID (stable; nvidia-smi -L lists both). nvml://MIG-... ,
// an instance of a GPU, is read as its whole GPU, because NVML has no power value for an instance.
//
// Reads the energy counter (mJ) if the GPU has one, otherwise the power (mW). Its scope is package: the whole card, but not the
// board. NVML states no accuracy for the counter. On Ampere and later (except GA100) power is a mean over 1 s; A100 and H100
// sample the current during a quarter of the time.
//
// open_nvml throws MeterUnavailable: no library, no driver, no such GPU, or a GPU that reports neither energy nor power.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "power/bus/nvml.h"
#include "power/meters/list.h"
#include "power/meters/polled.h"
#include "power/protocol/counters.h"

namespace tbft::power {
namespace {

// An assumption, because NVML does not state how often a GPU updates its values. Equal values within this time count once.
constexpr double refresh_s = 0.1;
constexpr double shortest_period_s = 0.01;
constexpr MeterOption options[] = {gain_pct_option};
constexpr double default_max_W = 3000;  // W, more than any card draws
constexpr double over_limit = 3;        // a value beyond this multiple of the default power limit is impossible

// How a GPU determines its power value. NVML's documentation: a mean over 1 s on Ampere and later, except GA100 (compute
// capability 8.0); before, a momentary value. A100 and H100 sample the current during 25 of each 100 ms (arXiv:2312.02741).
struct PowerReading {
  double averaging_s = 0;
  double seen_share = 1;
  std::string_view text;
};
PowerReading power_reading_of(int capability) {
  if (capability == 80) return {0.025, 1, ", sampled during a quarter of the time"};
  if (capability == 90) return {1, 0.25, ", a mean over 1 s, sampled during a quarter of it"};
  if (capability > 80) return {1, 1, ", a mean over 1 s"};
  if (capability == 0) return {1, 1, ", assumed to be a mean over 1 s (the GPU's generation is unknown)"};
  return {};
}
// It is not documented what the counter sums; in the worst case the same samples.
PowerReading counter_of(int capability) {
  if (capability == 80 || capability == 90) return {0, 0.25, ", summed from samples during a quarter of the time"};
  return {};
}

std::string fix_for(int code) {
  if (code == nvml_no_library) return "; install NVIDIA's driver (its package has libnvidia-ml.so.1)";
  if (code == nvml_driver_missing) return "; load the driver: sudo modprobe nvidia";
  if (code == nvml_no_permission) return "; give this user access to /dev/nvidia*";
  return "";
}

NvmlDevice select(const MeterUri& uri, const Roots& roots) {
  const std::string path = uri.path.empty() ? "0" : uri.path;
  unsigned index = 0;
  const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), index);
  const bool is_index = error == std::errc{} && end == path.data() + path.size();
  if (!is_index && !path.starts_with("GPU-") && !path.starts_with("MIG-")) {
    throw BadMeterUri(
        fmt::format("meter nvml: `{}` is neither an index nor a UUID (GPU-... or MIG-...); nvidia-smi -L lists them", path));
  }
  try {
    auto nvml = Nvml::load(roots.nvml);
    return is_index ? NvmlDevice(std::move(nvml), index) : NvmlDevice(std::move(nvml), path);
  } catch (const NvmlError& failure) {
    throw MeterUnavailable(fmt::format("meter nvml: {}{}", failure.what(), fix_for(failure.code)));
  }
}

class NvmlMeter final : public PolledMeter {
 public:
  NvmlMeter(MeterInfo info, NvmlDevice device, double max_W)
      : PolledMeter(std::move(info), refresh_s), device_(std::move(device)), max_W_(max_W), counter_(new_counter()) {
    age_s_ = info_.averaging_s / 2;  // the samples are spread over the whole interval
  }

  void start(TimeNs first_window) override {
    PolledMeter::start(first_window);
    std::uint64_t now_mJ = 0;
    started_ = info_.counter && device_.energy_mJ(now_mJ) == 0;
    first_mJ_ = now_mJ;
    counter_ = new_counter();
  }

 private:
  CounterGuard new_counter() const { return {max_W_, max_W_ * (refresh_s + info_.latency_s)}; }

  bool sample(TimeNs now, Reading& r) override {
    std::uint64_t value = 0;
    if (!info_.counter) {
      if (device_.power_mW(value) != 0) return false;
      r.power_W = static_cast<double>(value) * 1e-3;
      return r.power_W <= max_W_;
    }
    if (device_.energy_mJ(value) != 0) return false;
    if (!std::exchange(started_, true)) first_mJ_ = value;
    // The count restarts at 0 when the driver is reloaded.
    const auto counted = counter_.next(now, (static_cast<double>(value) - static_cast<double>(first_mJ_)) * 1e-3);
    if (!counted) return false;
    r.energy_J = counted->energy_J;
    if (counted->began_anew) r.flags |= reinitialised;
    return true;
  }

  NvmlDevice device_;
  double max_W_;
  CounterGuard counter_;
  std::uint64_t first_mJ_ = 0;
  bool started_ = false;
};

}  // namespace

std::span<const MeterOption> nvml_options() {
  return options;
}

std::unique_ptr<Meter> open_nvml(const MeterUri& uri, double interval_s, const Roots& roots) {
  uri.allow(options);
  NvmlDevice device = select(uri, roots);
  std::uint64_t value = 0;
  const bool counter = device.energy_mJ(value) == 0;
  if (!counter) {
    if (const int code = device.power_mW(value); code != 0) {
      throw MeterUnavailable(
          fmt::format("meter nvml: {} reports neither energy nor power: {}{}", device.name(), device.why(code), fix_for(code)));
    }
  }
  const int capability = device.compute_capability();
  const PowerReading how = counter ? counter_of(capability) : power_reading_of(capability);
  MeterInfo info;
  info.uri = to_string(uri);
  info.description = fmt::format("{} ({}), {}{}: the card{}, not the board", device.name(), device.uuid(),
                                 counter ? "energy counter in mJ" : "power in mW, no energy counter", how.text,
                                 uri.path.starts_with("MIG-") ? " with all its instances" : "");
  info.averaging_s = how.averaging_s;
  info.current_share = how.seen_share;
  info.scope = Scope::package;
  info.counter = counter;
  info.nominal_period_s = interval_s > 0 ? std::max(interval_s, shortest_period_s) : refresh_s;
  info.latency_s = refresh_s;
  info.gap_limit_s = uri.gap_limit_s(std::max(info.nominal_period_s, refresh_s));
  (counter ? info.accuracy.resolution_J : info.accuracy.resolution_W) = 1e-3;
  uri.apply_accuracy(info.accuracy);
  const unsigned limit_mW = device.default_limit_mW();
  const double max_W = limit_mW > 0 ? over_limit * limit_mW * 1e-3 : default_max_W;
  return std::make_unique<NvmlMeter>(std::move(info), std::move(device), max_W);
}

std::vector<FoundMeter> find_nvml(const Roots& roots) {
  std::vector<FoundMeter> found;
  try {
    const unsigned count = std::min(Nvml::load(roots.nvml)->device_count(), 64U);
    for (unsigned i = 0; i < count; ++i) {
      FoundMeter meter{.uri = fmt::format("nvml://{}", i), .scope = Scope::package, .state = MeterState::ready};
      try {
        meter.detail = open_nvml(parse_meter_uri(meter.uri), 0, roots)->info().description;
      } catch (const MeterUnavailable& error) {
        meter.state = MeterState::unusable;
        meter.detail = error.what();
      }
      found.push_back(std::move(meter));
    }
  } catch (const NvmlError& error) {
    if (error.code == nvml_no_library) return found;  // no NVIDIA driver here
    found.push_back({.uri = "nvml://0",
                     .scope = Scope::package,
                     .state = error.code == nvml_no_permission ? MeterState::no_permission : MeterState::unusable,
                     .detail = error.what(),
                     .fix = fix_for(error.code).empty() ? "" : fix_for(error.code).substr(2)});
  }
  return found;
}

}  // namespace tbft::power
