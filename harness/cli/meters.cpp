// tbft meters: lists the kinds of power meters; describes, tests or calibrates one.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/cli/command.h"
#include "harness/cli/meter_checks.h"
#include "harness/cli/number_option.h"
#include "harness/cli/sampling_options.h"
#include "harness/cli/time_option.h"
#include "tbft/power/capture.h"
#include "tbft/power/registry.h"

namespace tbft::cli {

namespace {

struct MetersOptions {
  std::string meter;
  bool json = false;
  bool self_test = false;
};

int list(bool json) {
  if (json) {
    nlohmann::ordered_json kinds = nlohmann::ordered_json::array();
    for (const auto& kind : power::meter_kinds())
      kinds.push_back({{"name", kind.name}, {"summary", kind.summary}, {"example", kind.example}});
    fmt::print("{}\n", nlohmann::ordered_json{{"meters", kinds}}.dump());
    return Exit::ok;
  }
  for (const auto& kind : power::meter_kinds()) fmt::print("{:<13} {}\n{:<13} {}\n", kind.name, kind.summary, "", kind.example);
  fmt::print("{:<13} {}\n", "auto",
             "the best measuring meter that needs no address; never an estimate, and never one of several equals");
  return Exit::ok;
}

std::string or_unknown(const std::optional<double>& value, double scale, std::string_view unit) {
  return value ? fmt::format("{:.4g} {}", *value * scale, unit) : "unknown";
}

int describe(const MetersOptions& options) {
  const auto meter = power::open_meter(options.meter);
  const auto& info = meter->info();
  if (options.json) {
    const auto optional = [](const std::optional<double>& v) {
      return v ? nlohmann::ordered_json(*v) : nlohmann::ordered_json(nullptr);
    };
    fmt::print("{}\n", nlohmann::ordered_json{{"meter", info.uri},
                                              {"description", info.description},
                                              {"meter_scope", to_string(info.scope)},
                                              {"measured", info.measured ? 1 : 0},
                                              {"counter", info.counter ? 1 : 0},
                                              {"nominal_period_s", info.nominal_period_s},
                                              {"averaging_s", info.averaging_s},
                                              {"latency_s", info.latency_s},
                                              {"gap_limit_s", info.gap_limit_s},
                                              {"gain_limit_rel", optional(info.accuracy.gain_limit_rel)},
                                              {"offset_limit_A", optional(info.accuracy.offset_limit_A)},
                                              {"offset_limit_V", optional(info.accuracy.offset_limit_V)},
                                              {"resolution_V", info.accuracy.resolution_V},
                                              {"resolution_A", info.accuracy.resolution_A},
                                              {"resolution_W", info.accuracy.resolution_W},
                                              {"resolution_J", info.accuracy.resolution_J}}
                           .dump());
    return Exit::ok;
  }
  fmt::print("{}\n  {}\n", info.uri, info.description);
  fmt::print("  {} of the {}, {}\n", info.measured ? "measurement" : "estimate or replay", to_string(info.scope),
             info.counter ? "energy counter" : "power");
  fmt::print("  a reading every {:.4g} s, averaged over {:.4g} s, gap limit {:.4g} s\n", info.nominal_period_s,
             info.averaging_s, info.gap_limit_s);
  fmt::print("  resolution: {}\n", resolution(info.accuracy));
  fmt::print("  accuracy limits: gain {}, offset {}\n", or_unknown(info.accuracy.gain_limit_rel, 100, "%"),
             or_unknown(info.accuracy.offset_limit_A, 1000, "mA"));
  return Exit::ok;
}

}  // namespace

void add_meters(CLI::App& app, Action& action) {
  auto options = std::make_shared<MetersOptions>();
  auto test = std::make_shared<SelfTestOptions>();
  auto calibration = std::make_shared<CalibrateOptions>();
  auto* command = app.add_subcommand("meters", "List the kinds of power meters, describe one, test one, or calibrate one");
  command->add_option("-m,--meter", options->meter, "Describe this meter (its device must be there)");
  command->add_flag("--json", options->json, "Print JSON");
  auto* self_test =
      command->add_flag("--self-test", options->self_test, "Sample the meter: rate, jitter, failures, CPU, noise, verdict");
  add_time_option(*command, "-d,--duration", test->seconds, "Duration of the self-test, e.g. 10s")
      ->check(number_in(0.1, power::longest_capture.count()))
      ->needs(self_test);
  add_time_option(*command, "-i,--interval", test->interval_s, "Sampling interval of the self-test; 0: the meter's own")
      ->needs(self_test);
  add_realtime_option(*command, test->realtime)->needs(self_test);
  command->footer(
      "Examples:\n"
      "  tbft meters\n"
      "  tbft meters -m 'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1'\n"
      "  tbft meters --self-test -m 'ina226:///dev/i2c-1?addr=0x40&shunt_ohm=0.1' -d 30s\n"
      "  tbft meters calibrate -m 'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1' --point 5.00,0.20 --point 5.00,2.00");

  auto* calibrate = command->add_subcommand(
      "calibrate", "Determine gain and offset against a reference, for gain_pct and offset_A of the URI");
  calibrate->add_option("-m,--meter", calibration->meter, "The meter")->required();
  calibrate
      ->add_option("--point", calibration->points, "Volts,amperes of the reference; repeat for each setting (waits for Enter)")
      ->allow_extra_args(false);
  calibrate->add_option("--volts", calibration->volts_V, "One setting: volts of the reference")->check(number_above_0(1e4));
  calibrate->add_option("--amps", calibration->amps_A, "One setting: amperes of the reference")->check(number_above_0(1e4));
  calibrate->add_option("--seconds", calibration->seconds, "Sampling at each setting")
      ->check(number_in(0.1, power::longest_capture.count()));
  calibrate
      ->add_option("--reference-U-pct", calibration->reference_U_pct,
                   "The reference's own expanded uncertainty (k = 2), in percent")
      ->check(number_in(0, 100));
  calibrate->add_flag("--json", calibration->json, "Print JSON");

  command->callback([=, &action] {
    action = [=] {
      if (calibrate->parsed()) return calibrate_meter(*calibration);
      if (!options->self_test) return options->meter.empty() ? list(options->json) : describe(*options);
      if (options->meter.empty()) throw UsageError("--self-test needs a meter: -m URI");
      test->meter = options->meter;
      test->json = options->json;
      return self_test_meter(*test);
    };
  });
}

}  // namespace tbft::cli
