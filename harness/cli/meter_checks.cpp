#include "harness/cli/meter_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "harness/cli/command.h"
#include "tbft/power/calibration.h"
#include "tbft/power/capture.h"
#include "tbft/power/registry.h"
#include "tbft/power/self_test.h"
#include "tbft/power/uri.h"

namespace tbft::cli {
namespace {

using nlohmann::ordered_json;

std::string text(double x, double scale, std::string_view unit) {
  return std::isfinite(x) ? fmt::format("{:.4g}{}{}", x * scale, unit.empty() ? "" : " ", unit) : "unknown";
}
std::string limit(const std::optional<double>& x, double scale, std::string_view unit) {
  return text(x.value_or(power::unknown), scale, unit);
}

// False for an instant replay, which is not sampled.
bool sampled(const power::SelfTest& t) {
  return std::isfinite(t.polled_hz);
}

ordered_json json_of(const power::Scheduling& scheduling) {
  return {
      {"policy", scheduling.policy_name()}, {"priority", scheduling.priority}, {"timer_slack_ns", scheduling.timer_slack_ns}};
}

ordered_json json_of(const power::SelfTest& t, const power::MeterInfo& info) {
  return {{"meter", info.uri},
          {"description", info.description},
          {"meter_scope", to_string(info.scope)},
          {"measured", info.measured ? 1 : 0},
          {"counter", info.counter ? 1 : 0},
          {"duration_s", t.duration_s},
          {"nominal_hz", t.nominal_hz},
          {"requested_hz", t.requested_hz},
          {"polled_hz", t.polled_hz},
          {"distinct_hz", t.distinct_hz},
          {"readings", t.readings},
          {"repeats", t.repeats},
          {"failures", t.failures},
          {"resets", t.resets},
          {"saturated", t.clipped},
          {"missed", t.missed},
          {"sampler", sampled(t) ? json_of(t.scheduling) : ordered_json(nullptr)},
          {"spacing_median_s", t.spacing_median_s},
          {"spacing_p95_s", t.spacing_p95_s},
          {"spacing_max_s", t.spacing_max_s},
          {"sampler_cpu_pct", t.sampler_cpu_pct},
          {"process_cpu_pct", t.process_cpu_pct},
          {"mean_W", t.mean_W},
          {"sd_W", t.sd_W},
          {"allan_1s_W", t.allan_1s_W},
          {"ok", t.ok()},
          {"problems", t.problems}};
}

void print(const power::SelfTest& t, const power::MeterInfo& info) {
  const auto& accuracy = info.accuracy;
  fmt::print("{}\n  {}\n", info.uri, info.description);
  fmt::print("what it is   {} of the {}, {}\n", info.measured ? "measurement" : "estimate or replay", to_string(info.scope),
             info.counter ? "energy counter" : "power");
  fmt::print("resolution   {}\n", resolution(accuracy));
  fmt::print("accuracy     limits: gain {}, offset {}, {}\n", limit(accuracy.gain_limit_rel, 100, "%"),
             limit(accuracy.offset_limit_A, 1000, "mA"), limit(accuracy.offset_limit_V, 1000, "mV"));
  fmt::print("rate         {} new readings a second, {} nominal{}; {} polls a second\n", text(t.distinct_hz, 1, ""),
             text(t.nominal_hz, 1, ""),
             t.requested_hz == t.nominal_hz ? "" : fmt::format(", {} requested", text(t.requested_hz, 1, "")),
             text(t.polled_hz, 1, ""));
  fmt::print("readings     {} new, {} repeated, {} failed, {} at the end of the range, {} resets, {} deadlines missed\n",
             t.readings, t.repeats, t.failures, t.clipped, t.resets, t.missed);
  fmt::print("spacing      median {}, 95 % within {}, longest {}\n", text(t.spacing_median_s, 1e3, "ms"),
             text(t.spacing_p95_s, 1e3, "ms"), text(t.spacing_max_s, 1e3, "ms"));
  if (sampled(t)) fmt::print("sampler      {}\n", to_string(t.scheduling));
  fmt::print("CPU          sampling {}, the whole program {} of a core\n", text(t.sampler_cpu_pct, 1, "%"),
             text(t.process_cpu_pct, 1, "%"));
  fmt::print("power        mean {}; noise: standard deviation {} of readings, Allan deviation {} of 1 s means\n",
             text(t.mean_W, 1, "W"), text(t.sd_W, 1e3, "mW"), text(t.allan_1s_W, 1e3, "mW"));
  if (t.ok()) fmt::print("verdict      good\n");
  for (const std::string& problem : t.problems) fmt::print("verdict      PROBLEM: {}\n", problem);
}

// Rounds up to three digits, so that the text is never noticeably less than x.
std::string rounded_up(double x) {
  if (!(x > 0)) return "0";
  const double step = std::pow(10, std::floor(std::log10(x)) - 2);
  return fmt::format("{:.6g}", std::ceil(x / step - 1e-3) * step);
}

std::pair<double, double> parse_point(std::string_view point) {
  double volts_V = 0;
  double amps_A = 0;
  const char* const end = point.data() + point.size();
  const auto [comma, volts_error] = std::from_chars(point.data(), end, volts_V);
  if (volts_error == std::errc{} && comma != end && *comma == ',') {
    const auto [rest, amps_error] = std::from_chars(comma + 1, end, amps_A);
    if (amps_error == std::errc{} && rest == end && volts_V > 0 && amps_A > 0 && volts_V < 1e4 && amps_A < 1e4) {
      return {volts_V, amps_A};
    }
  }
  throw UsageError(fmt::format("--point {}: expected volts and amperes of the reference, such as 5.000,0.500", point));
}

void print(const power::Calibration& c, const std::vector<power::CalibrationPoint>& points, double reference_U_pct,
           const power::MeterUri& uri) {
  for (const auto& p : points) {
    fmt::print("point   reference {} V {} A, read {:.6g} V {:.6g} A ({} readings)\n", p.reference_V, p.reference_A, p.volts_V,
               p.amps_A, p.readings);
  }
  fmt::print("gain    current {:+.4f} % (U {:.4f} %), voltage {:+.4f} % (U {:.4f} %)\n", 100 * c.gain_A_rel,
             100 * c.U_gain_A_rel, 100 * c.gain_V_rel, 100 * c.U_gain_V_rel);
  fmt::print("offset  {:+.4f} mA (U {:.4f} mA)\n", 1e3 * c.offset_A, 1e3 * c.U_offset_A);
  if (!c.separated) {
    fmt::print(
        "One current cannot separate gain from offset, so each contains the whole error. Neither holds at other "
        "currents;\n"
        "give a second --point at a current that differs by half or more.\n");
  }
  if (c.worst_residual_A > 0) fmt::print("line    the worst point lies {:.4f} mA off\n", 1e3 * c.worst_residual_A);
  if (reference_U_pct == 0)
    fmt::print("U includes only the meter's noise, because the reference's uncertainty is not stated (--reference-U-pct).\n");
  auto limits = uri;
  limits.options["gain_pct"] = rounded_up(std::min(100.0, c.gain_pct));
  limits.options["offset_A"] = rounded_up(c.limit_offset_A);
  fmt::print("URI     -m '{}'  (limits of the uncorrected meter)\n", to_string(limits));
  if (c.shunt_ohm) {
    limits.options["shunt_ohm"] = fmt::format("{:.6g}", *c.shunt_ohm);
    limits.options["gain_pct"] = rounded_up(std::min(100.0, c.gain_pct_with_shunt));
    fmt::print("or      -m '{}'  (limits after the shunt is corrected by the current's gain)\n", to_string(limits));
  }
}

}  // namespace

std::string resolution(const power::Accuracy& accuracy) {
  std::string steps;
  const auto add = [&](double step, std::string_view unit) {
    if (step > 0) steps += fmt::format("{}{:.4g} {}", steps.empty() ? "" : ", ", step, unit);
  };
  add(accuracy.resolution_V, "V");
  add(accuracy.resolution_A, "A");
  add(accuracy.resolution_W, "W");
  add(accuracy.resolution_J, "J");
  return steps.empty() ? "unknown" : steps;
}

int self_test_meter(const SelfTestOptions& options) {
  const auto meter = power::open_meter(options.meter, power::Seconds(options.interval_s));
  const auto clock = power::steady_clock();
  const auto captured =
      power::capture(*meter, *clock, power::Seconds(options.seconds), power::parse_realtime(options.realtime));
  const power::SelfTest result = power::self_test(captured, meter->info());
  if (options.json) {
    fmt::print("{}\n", json_of(result, meter->info()).dump());
  } else {
    print(result, meter->info());
  }
  return result.ok() ? Exit::ok : Exit::invalid_measurement;
}

int calibrate_meter(const CalibrateOptions& options) {
  std::vector<std::pair<double, double>> settings;
  for (const std::string& point : options.points) settings.push_back(parse_point(point));
  if (options.volts_V.has_value() != options.amps_A.has_value()) throw UsageError("--volts and --amps belong together");
  if (options.volts_V) settings.emplace_back(*options.volts_V, *options.amps_A);
  if (settings.empty()) throw UsageError("no reference: give --volts V --amps A, or --point V,A (better several)");
  if (!(options.meter.find("://") != std::string::npos)) throw UsageError("a meter must be named: -m URI");

  const power::MeterUri uri = power::parse_meter_uri(options.meter);
  const auto clock = power::steady_clock();
  std::vector<power::CalibrationPoint> points;
  for (const auto& [volts_V, amps_A] : settings) {
    if (settings.size() > 1) {
      fmt::print(stderr, "Set the reference to {} V and {} A, then press Enter.\n", volts_V, amps_A);
      std::string line;
      if (!std::getline(std::cin, line)) throw UsageError("the input ended before all points were set; one line for each");
    }
    const auto meter = power::open_meter(options.meter);
    const auto captured = power::capture(*meter, *clock, power::Seconds(options.seconds));
    points.push_back(power::calibration_point(volts_V, amps_A, captured.readings, meter->info().accuracy));
  }
  const auto c = power::calibrate(points, options.reference_U_pct, uri.number("shunt_ohm", 1e-5, 100));
  if (!options.json) {
    print(c, points, options.reference_U_pct, uri);
    return Exit::ok;
  }
  ordered_json list = ordered_json::array();
  for (const auto& p : points) {
    list.push_back({{"reference_V", p.reference_V},
                    {"reference_A", p.reference_A},
                    {"volts_V", p.volts_V},
                    {"amps_A", p.amps_A},
                    {"u_volts_V", p.u_volts_V},
                    {"u_amps_A", p.u_amps_A},
                    {"readings", p.readings}});
  }
  fmt::print("{}\n", ordered_json{{"meter", to_string(uri)},
                                  {"points", list},
                                  {"separated", c.separated},
                                  {"gain_A_rel", c.gain_A_rel},
                                  {"U_gain_A_rel", c.U_gain_A_rel},
                                  {"gain_V_rel", c.gain_V_rel},
                                  {"U_gain_V_rel", c.U_gain_V_rel},
                                  {"offset_A", c.offset_A},
                                  {"U_offset_A", c.U_offset_A},
                                  {"worst_residual_A", c.worst_residual_A},
                                  {"gain_pct", c.gain_pct},
                                  {"limit_offset_A", c.limit_offset_A},
                                  {"shunt_ohm", c.shunt_ohm ? ordered_json(*c.shunt_ohm) : ordered_json(nullptr)},
                                  {"gain_pct_with_shunt", c.gain_pct_with_shunt}}
                         .dump());
  return Exit::ok;
}

}  // namespace tbft::cli
