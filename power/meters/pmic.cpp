// pmic:// : the rails of the Raspberry Pi 5's power management chip, as reported by the firmware.
//
// The sum of current times voltage over the chip's 12 rails. It is not board power, because it excludes loads on the 5 V supply
// (USB, HATs, HDMI) and the chip's own losses. Scope rail. A Raspberry Pi 4 has no such chip. Every reading sends a command to
// the firmware, which costs some processor time.
//
// open_pmic throws MeterUnavailable: no Raspberry Pi, no permission, or the firmware does not have the command.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "power/meters/list.h"
#include "power/meters/polled.h"
#include "power/protocol/pmic_adc.h"
#include "tbft/power/firmware.h"

namespace tbft::power {
namespace {

constexpr std::string_view command = "pmic_read_adc";
constexpr MeterOption refresh_option{
    .name = "refresh", .meaning = "time between new values", .unit = "s", .low = 1e-3, .high = 60, .fallback = 0.1};
constexpr MeterOption options[] = {refresh_option, gain_pct_option};
constexpr double most_W = 100;  // four times the power of a Raspberry Pi 5's supply

using Ask = std::function<std::string(std::string_view)>;

class Pmic final : public PolledMeter {
 public:
  Pmic(MeterInfo info, double refresh_s, std::size_t rails, Ask ask)
      : PolledMeter(std::move(info), refresh_s), rails_(rails), ask_(std::move(ask)) {}

 private:
  bool sample(TimeNs /*now*/, Reading& r) override {
    try {
      const PmicAdc adc = parse_pmic_adc(ask_(command));
      if (adc.rails != rails_) return false;  // a missing rail would reduce the sum
      if (adc.damaged || std::abs(adc.power_W) > most_W) return false;
      r.power_W = adc.power_W;
      return true;
    } catch (const FirmwareError&) {
      return false;
    }
  }

  std::size_t rails_;
  Ask ask_;
};

}  // namespace

std::span<const MeterOption> pmic_options() {
  return options;
}

std::unique_ptr<Meter> open_pmic(const MeterUri& uri, double interval_s, const Roots& roots) {
  uri.allow(options);
  if (!uri.path.empty()) throw BadMeterUri(fmt::format("meter pmic: takes no path, but `{}` was given", uri.path));
  const double refresh_s = uri.number_or_fallback(refresh_option);
  try {
    Ask ask = firmware_of(roots);
    const PmicAdc adc = parse_pmic_adc(ask(command));
    if (adc.rails == 0) throw MeterUnavailable("meter pmic: the firmware's answer names no rail with current and voltage");
    MeterInfo info;
    info.uri = to_string(uri);
    info.description = fmt::format("sum of {} PMIC rails, not board power{}", adc.rails,
                                   adc.unpaired_A > 0 ? fmt::format(" ({} currents have no voltage)", adc.unpaired_A) : "");
    info.scope = Scope::rail;
    info.nominal_period_s = std::max({interval_s, refresh_s, 0.01});
    info.latency_s = refresh_s;
    info.gap_limit_s = uri.gap_limit_s(info.nominal_period_s);
    uri.apply_accuracy(info.accuracy);
    return std::make_unique<Pmic>(std::move(info), refresh_s, adc.rails, std::move(ask));
  } catch (const FirmwareError& error) {
    const std::string hint =
        error.fault == FirmwareFault::refused ? "; only a Raspberry Pi 5 has a power management chip that can be read" : "";
    throw MeterUnavailable(fmt::format("meter pmic: {}{}", error.what(), hint));
  }
}

std::vector<FoundMeter> find_pmic(const Roots& roots) {
  FoundMeter meter{.uri = "pmic://", .scope = Scope::rail, .state = MeterState::ready};
  try {
    const auto ask = firmware_of(roots);
    try {
      if (parse_pmic_adc(ask(command)).rails == 0) return {};
      meter.detail = open_pmic(parse_meter_uri(meter.uri), 0, roots)->info().description;
    } catch (const FirmwareError& error) {
      if (error.fault == FirmwareFault::refused) return {};  // a Raspberry Pi without that chip
      throw;
    }
  } catch (const FirmwareError& error) {
    if (error.fault != FirmwareFault::no_permission) return {};
    meter.state = MeterState::no_permission;
    meter.detail = "this user may not send commands to the firmware, which may report the rails of a Raspberry Pi 5";
    meter.fix = "sudo usermod -aG video $USER, then log in again";
  }
  return {meter};
}

}  // namespace tbft::power
