// tbft meters: lists the kinds of power meters; describes one; compares one with its stated properties.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "harness/cli/meter_kind.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/self_test_report.h"
#include "harness/host/board.h"
#include "harness/host/console.h"
#include "tbft/power/capture.h"
#include "tbft/power/registry.h"
#include "tbft/power/self_test.h"

namespace tbft::cli {

namespace {

using nlohmann::ordered_json;

struct MetersOptions {
  std::string kind;
  std::string meter;
  double seconds = 10;
  double interval_s = 0;
  std::string realtime = "auto";
  std::string report;
  bool json = false;
  bool self_test = false;
  bool force = false;
};

int list(const MetersOptions& options) {
  if (options.json) {
    auto kinds = ordered_json::array();
    for (const auto& kind : power::meter_kinds())
      kinds.push_back({{"name", kind.name}, {"summary", kind.summary}, {"example", kind.example}});
    print_json(ordered_json{{"meters", kinds}});
    return Exit::ok;
  }
  std::string text;
  for (const auto& kind : power::meter_kinds())
    text += fmt::format("{:<13} {}\n{:<13} {}\n", kind.name, kind.summary, "", kind.example);
  text += fmt::format("{:<13} {}\n", "auto",
                      "the best measuring meter that needs no address; never an estimate, and never one of several equals");
  print_text(text + "`tbft meters NAME` explains one: options, accuracy, set-up. `tbft doctor` looks for meters here.\n");
  return Exit::ok;
}

std::string text(double x, double scale, std::string_view unit) {
  return std::isfinite(x) ? fmt::format("{:.4g}{}{}", x * scale, unit.empty() ? "" : " ", unit) : "unknown";
}
std::string limit(const std::optional<double>& x, double scale, std::string_view unit) {
  return text(x.value_or(power::unknown), scale, unit);
}

// The limit of the offset: of the power for a meter that gives only watts, otherwise of the current.
std::string offset_text(const power::Accuracy& accuracy) {
  return accuracy.offset_limit_W ? limit(accuracy.offset_limit_W, 1, "W") : limit(accuracy.offset_limit_A, 1000, "mA");
}

// False for an instant replay, which is not sampled.
bool sampled(const power::SelfTest& t) {
  return std::isfinite(t.polled_hz);
}

// The resolution of a meter, such as "0.004 V, 0.0001 A"; "unknown" where none is stated.
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

int describe(const MetersOptions& options) {
  const auto meter = open_asked_meter({options.meter, power::Programs::allowed});
  const auto& info = meter->info();
  if (options.json) {
    print_json(ordered_json{{"meter", info.uri},
                            {"description", info.description},
                            {"meter_scope", to_string(info.scope)},
                            {"measured", info.measured ? 1 : 0},
                            {"counter", info.counter ? 1 : 0},
                            {"nominal_period_s", info.nominal_period_s},
                            {"averaging_s", info.averaging_s},
                            {"latency_s", info.latency_s},
                            {"gap_limit_s", info.gap_limit_s},
                            {"gain_limit_rel", info.accuracy.gain_limit_rel.value_or(power::unknown)},
                            {"offset_limit_A", info.accuracy.offset_limit_A.value_or(power::unknown)},
                            {"offset_limit_W", info.accuracy.offset_limit_W.value_or(power::unknown)},
                            {"offset_limit_V", info.accuracy.offset_limit_V.value_or(power::unknown)},
                            {"resolution_V", info.accuracy.resolution_V},
                            {"resolution_A", info.accuracy.resolution_A},
                            {"resolution_W", info.accuracy.resolution_W},
                            {"resolution_J", info.accuracy.resolution_J}});
    return Exit::ok;
  }
  std::string lines = fmt::format("{}\n  {}\n", info.uri, info.description);
  lines += fmt::format("  {} of the {}, {}\n", info.measured ? "measurement" : "estimate or replay", to_string(info.scope),
                       info.counter ? "energy counter" : "power");
  lines += fmt::format("  a reading every {:.4g} s, averaged over {:.4g} s, gap limit {:.4g} s\n", info.nominal_period_s,
                       info.averaging_s, info.gap_limit_s);
  lines += fmt::format("  resolution: {}\n", resolution(info.accuracy));
  lines += fmt::format("  accuracy limits: gain {}, offset {}\n", limit(info.accuracy.gain_limit_rel, 100, "%"),
                       offset_text(info.accuracy));
  print_text(lines);
  return Exit::ok;
}

ordered_json json_of(const power::Scheduling& scheduling) {
  return {
      {"policy", scheduling.policy_name()}, {"priority", scheduling.priority}, {"timer_slack_ns", scheduling.timer_slack_ns}};
}

// nlohmann-json writes an unknown number (NaN) as null.
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

std::string to_text(const power::SelfTest& t, const power::MeterInfo& info) {
  std::string lines;
  const auto& accuracy = info.accuracy;
  lines += fmt::format("{}\n  {}\n", info.uri, info.description);
  lines += fmt::format("what it is   {} of the {}, {}\n", info.measured ? "measurement" : "estimate or replay",
                       to_string(info.scope), info.counter ? "energy counter" : "power");
  lines += fmt::format("resolution   {}\n", resolution(accuracy));
  lines += fmt::format("accuracy     limits: gain {}, offset {}{}\n", limit(accuracy.gain_limit_rel, 100, "%"),
                       offset_text(accuracy), accuracy.offset_limit_W ? "" : ", " + limit(accuracy.offset_limit_V, 1000, "mV"));
  lines += fmt::format("rate         {} new readings a second, {} nominal{}; {} polls a second\n", text(t.distinct_hz, 1, ""),
                       text(t.nominal_hz, 1, ""),
                       t.requested_hz == t.nominal_hz ? "" : fmt::format(", {} requested", text(t.requested_hz, 1, "")),
                       text(t.polled_hz, 1, ""));
  lines +=
      fmt::format("readings     {} new, {} repeated, {} failed, {} at the end of the range, {} resets, {} deadlines missed\n",
                  t.readings, t.repeats, t.failures, t.clipped, t.resets, t.missed);
  lines += fmt::format("spacing      median {}, 95 % within {}, longest {}\n", text(t.spacing_median_s, 1e3, "ms"),
                       text(t.spacing_p95_s, 1e3, "ms"), text(t.spacing_max_s, 1e3, "ms"));
  if (sampled(t)) lines += fmt::format("sampler      {}\n", to_string(t.scheduling));
  lines += fmt::format("CPU          sampling {}, the whole program {} of a core\n", text(t.sampler_cpu_pct, 1, "%"),
                       text(t.process_cpu_pct, 1, "%"));
  lines += fmt::format("power        mean {}; noise: standard deviation {} of readings, Allan deviation {} of 1 s means\n",
                       text(t.mean_W, 1, "W"), text(t.sd_W, 1e3, "mW"), text(t.allan_1s_W, 1e3, "mW"));
  if (t.ok()) lines += fmt::format("verdict      good\n");
  for (const std::string& problem : t.problems) lines += fmt::format("verdict      PROBLEM: {}\n", problem);
  return lines;
}

int self_test(const MetersOptions& options) {
  check_output("--report", options.report, options.force);
  if (options.meter.empty()) throw UsageError("--self-test needs a meter: -m URI");
  const auto meter = open_asked_meter({options.meter, power::Programs::allowed}, options.interval_s);
  const auto clock = power::steady_clock();
  if (!options.report.empty() && !meter->info().measured)
    throw UsageError(fmt::format("--report: {} measures nothing; reports are of meters on hardware", meter->info().uri));
  Console console;
  console.progress(fmt::format("sampling for {} s", options.seconds));
  const auto captured =
      power::capture(*meter, *clock, power::Seconds(options.seconds), power::parse_realtime(options.realtime));
  console.clear();
  const power::SelfTest result = power::self_test(captured, meter->info());
  if (!options.report.empty()) write_result(options.report, self_test_report(json_of(result, meter->info()), Board()));
  if (options.json) {
    print_json(json_of(result, meter->info()));
  } else {
    print_text(to_text(result, meter->info()));
  }
  return result.ok() ? Exit::ok : Exit::invalid_measurement;
}

int execute(const MetersOptions& options) {
  if (!options.kind.empty() && (!options.meter.empty() || options.self_test))
    throw UsageError("meters: NAME describes a kind; -m URI describes or tests one meter; give one of the two");
  if (!options.kind.empty()) return describe_kind(options.kind, options.json);
  if (options.self_test) return self_test(options);
  return options.meter.empty() ? list(options) : describe(options);
}

}  // namespace

void add_meters(CLI::App& app, Action& action) {
  const auto [command, options] =
      add_command(app, action, "meters", "List the kinds of power meters, describe one, test one, or calibrate one", execute);
  command
      ->add_option("kind", options->kind,
                   "Explain this kind: its URI with every option, accuracy, set-up, and whether its port is there")
      ->type_name("NAME");
  command->add_option("-m,--meter", options->meter,
                      "Describe this meter (its device must be there); auto: the one that `tbft doctor` names");
  command->add_flag("--json", options->json, "Print JSON");
  auto* self_test =
      command->add_flag("--self-test", options->self_test, "Sample the meter: rate, jitter, failures, CPU, noise, verdict");
  add_time_option(*command, "-d,--duration", options->seconds, "Duration of the self-test, e.g. 10s")
      ->check(number_in(0.1, power::longest_capture.count()))
      ->needs(self_test);
  add_time_option(*command, "-i,--interval", options->interval_s, "Sampling interval of the self-test; 0: the meter's own")
      ->needs(self_test);
  add_realtime_option(*command, options->realtime)->needs(self_test);
  command
      ->add_option("--report", options->report,
                   "Also write the self-test to this file, with machine, kernel and version: for docs/seen-on-hardware.md")
      ->type_name("FILE")
      ->needs(self_test);
  add_force_option(*command, options->force);
  command->footer(
      "Examples:\n"
      "  tbft meters\n"
      "  tbft meters ina219\n"
      "  tbft meters -m 'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1'\n"
      "  tbft meters --self-test -m 'ina226:///dev/i2c-1?addr=0x40&shunt_ohm=0.1' -d 30s\n"
      "  tbft meters --self-test -m um25c:///dev/rfcomm0 -d 60s --report um25c.md\n"
      "  tbft meters calibrate -m 'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1' --point 5.00,0.20 --point 5.00,2.00");

  add_calibrate(*command, action);
}

}  // namespace tbft::cli
