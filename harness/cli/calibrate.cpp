// tbft meters calibrate: gain and offset of a meter against a reference.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/host/console.h"
#include "tbft/power/calibration.h"
#include "tbft/power/capture.h"
#include "tbft/power/registry.h"
#include "tbft/power/uri.h"

namespace tbft::cli {

namespace {

using nlohmann::ordered_json;

struct CalibrateOptions {
  std::string meter;
  std::vector<std::string> points;  // "V,A" each
  std::optional<double> volts_V, amps_A;
  double seconds = 10;
  double reference_U_pct = 0;
  bool json = false;
};

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
    if (amps_error == std::errc{} && rest == end && volts_V > 0 && amps_A > 0 && volts_V < 1e4 && amps_A < 1e4)
      return {volts_V, amps_A};
  }
  throw UsageError(fmt::format("--point {}: expected volts and amperes of the reference, such as 5.000,0.500", point));
}

void print(const power::Calibration& c, const std::vector<power::CalibrationPoint>& points, double reference_U_pct,
           const power::MeterUri& uri) {
  for (const auto& p : points) {
    print_out("point   reference {} V {} A, read {:.6g} V {:.6g} A ({} readings)\n", p.reference_V, p.reference_A, p.volts_V,
              p.amps_A, p.readings);
  }
  print_out("gain    current {:+.4f} % (U {:.4f} %), voltage {:+.4f} % (U {:.4f} %)\n", 100 * c.gain_A_rel,
            100 * c.U_gain_A_rel, 100 * c.gain_V_rel, 100 * c.U_gain_V_rel);
  print_out("offset  {:+.4f} mA (U {:.4f} mA)\n", 1e3 * c.offset_A, 1e3 * c.U_offset_A);
  if (!c.separated) {
    print_out(
        "One current cannot separate gain from offset, so each contains the whole error. Neither holds at other "
        "currents;\n"
        "give a second --point at a current that differs by at least 20 % of the larger one.\n");
  }
  if (c.worst_residual_A > 0) print_out("line    the worst point lies {:.4f} mA off\n", 1e3 * c.worst_residual_A);
  if (reference_U_pct == 0)
    print_out("U includes only the meter's noise, because the reference's uncertainty is not stated (--reference-U-pct).\n");
  const auto print_uri = [&](std::string_view label, const std::string& shunt_ohm, double gain_pct, std::string_view what) {
    if (gain_pct > 100)
      return print_out("{}none: it may be wrong by more than the 100 % of its reading that gain_pct can state\n", label);
    auto limits = uri;
    if (!shunt_ohm.empty()) limits.options["shunt_ohm"] = shunt_ohm;
    limits.options["gain_pct"] = rounded_up(gain_pct);
    limits.options["offset_A"] = rounded_up(c.limit_offset_A);
    print_out("{}-m '{}'  ({})\n", label, to_string(limits), what);
  };
  print_uri("URI     ", "", c.gain_pct, "limits of the uncorrected meter");
  if (c.shunt_ohm)
    print_uri("or      ", fmt::format("{:.6g}", *c.shunt_ohm), c.gain_pct_with_shunt,
              "limits after the shunt is corrected by the current's gain");
}

// With several points it prompts for each on stderr and waits for a line on stdin.
int calibrate(const CalibrateOptions& options) {
  std::vector<std::pair<double, double>> settings;
  for (const std::string& point : options.points) settings.push_back(parse_point(point));
  if (options.volts_V.has_value() != options.amps_A.has_value()) throw UsageError("--volts and --amps belong together");
  if (options.volts_V) settings.emplace_back(*options.volts_V, *options.amps_A);
  if (settings.empty()) throw UsageError("no reference: give --volts V --amps A, or --point V,A (better several)");

  // The meter that `auto` selects now serves every point. One that is named opens when its reference is set, because that may
  // be what supplies it.
  const power::MeterUri uri = power::parse_meter_uri(
      options.meter == "auto" ? open_asked_meter({options.meter, power::Programs::allowed})->info().uri : options.meter);
  const auto clock = power::steady_clock();
  std::vector<power::CalibrationPoint> points;
  Console console;
  for (const auto& [volts_V, amps_A] : settings) {
    if (settings.size() > 1) {
      fmt::print(stderr, "Set the reference to {} V and {} A, then press Enter.\n", volts_V, amps_A);
      std::string line;
      if (!std::getline(std::cin, line)) throw UsageError("the input ended before all points were set; one line for each");
    }
    const auto meter = open_asked_meter({to_string(uri), power::Programs::allowed});
    console.progress(fmt::format("sampling for {} s", options.seconds));
    const auto captured = power::capture(*meter, *clock, power::Seconds(options.seconds));
    console.clear();
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
  // nlohmann-json writes an unknown (NaN) or infinite number as null.
  print_json(ordered_json{{"meter", to_string(uri)},
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
                          {"shunt_ohm", c.shunt_ohm.value_or(power::unknown)},
                          {"gain_pct_with_shunt", c.gain_pct_with_shunt}});
  return Exit::ok;
}

}  // namespace

void add_calibrate(CLI::App& meters, Action& action) {
  const auto [command, options] =
      add_command(meters, action, "calibrate",
                  "Determine gain and offset against a reference, for gain_pct and offset_A of the URI", calibrate);
  command->add_option("-m,--meter", options->meter, "The meter; auto: the one that `tbft doctor` names")->required();
  command->add_option("--point", options->points, "Volts,amperes of the reference; repeat for each setting (waits for Enter)")
      ->allow_extra_args(false);
  command->add_option("--volts", options->volts_V, "One setting: volts of the reference")->check(number_above_0(1e4));
  command->add_option("--amps", options->amps_A, "One setting: amperes of the reference")->check(number_above_0(1e4));
  command->add_option("--seconds", options->seconds, "Sampling at each setting, in seconds (at least 10 readings are needed)")
      ->capture_default_str()
      ->check(number_in(0.1, power::longest_capture.count()));
  command
      ->add_option("--reference-U-pct", options->reference_U_pct,
                   "The reference's own expanded uncertainty (k = 2), in percent")
      ->check(number_in(0, 100));
  command->add_flag("--json", options->json, "Print JSON");
  command->footer(
      "Put the reference in series with the meter, let a constant current flow, and state what the reference shows.\n"
      "Examples:\n"
      "  tbft meters calibrate -m 'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1' --point 5.00,0.20 --point 5.00,2.00\n"
      "  tbft meters calibrate -m um25c:///dev/rfcomm0 --volts 5.02 --amps 1.00 --seconds 30\n"
      "  tbft meters calibrate -m um25c:///dev/rfcomm0 --point 5,0.5 --point 5,2 --reference-U-pct 0.05\n"
      "Two currents that differ by at least 20 % of the larger one separate gain from offset. With several points it waits\n"
      "for Enter before each.");
}

}  // namespace tbft::cli
