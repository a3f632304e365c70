// tbft integrate: recomputes the joules of every window of a recorded trace.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "harness/cli/energy_json.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/host/console.h"
#include "harness/measurement/energy_row.h"
#include "results/text.h"
#include "tbft/power/plausible.h"
#include "tbft/power/trace.h"

namespace tbft::cli {

namespace {

struct IntegrateOptions {
  std::string trace;
  std::string window;
  bool json = false;
};

nlohmann::ordered_json to_json(const power::NamedEnergy& window, const power::MeterInfo& meter) {
  nlohmann::ordered_json object{{"name", window.name},
                                {"segment", window.segment},
                                {"parts", window.parts.size()},
                                {"meter", meter.uri},
                                {"meter_scope", power::to_string(meter.scope)},
                                {"measured", meter.measured}};
  object.update(energy_json(window.energy));
  return object;
}

// A trace without marks, such as a logger writes, is one window over all readings.
power::NamedEnergy whole_trace(const power::TraceSegment& segment, std::size_t index) {
  power::NamedEnergy all{.segment = index, .name = "(all readings)"};
  all.windows.push_back({all.name, segment.readings.front().t_ns, segment.readings.back().t_ns});
  all.parts.push_back(power::energy_part(segment.readings, all.windows.front(), segment.meter, segment.changes));
  all.energy = power::combine(all.parts);
  return all;
}

// "meter ina219:///dev/i2c-1" by segment, of those that have a window; empty where the trace names none.
std::map<std::size_t, std::string> meters_of(const std::vector<power::NamedEnergy>& windows,
                                             const std::vector<power::TraceSegment>& segments) {
  std::map<std::size_t, std::string> meters;
  for (const auto& window : windows) {
    const power::MeterInfo& meter = segments[window.segment].meter;
    if (!meter.uri.empty())
      meters[window.segment] =
          fmt::format("meter {}{}", results::printable(meter.uri, 1024), meter.measured ? "" : " (not a measurement)");
    else
      meters[window.segment];
  }
  return meters;
}

// A line for each window, and below them the meter; where meters differ, the segment of each window and of each meter.
std::string to_text(const std::vector<power::NamedEnergy>& windows, const std::vector<power::TraceSegment>& segments) {
  const auto meters = meters_of(windows, segments);
  const std::string& first = meters.begin()->second;
  const bool differ = std::ranges::any_of(meters, [&](const auto& segment) { return segment.second != first; });
  std::size_t width = 6;
  for (const auto& window : windows) width = std::max(width, window.name.size());
  std::string text =
      fmt::format("{:<{}}  {}{:>5}  {:>11}  {:>12}  {:>10}  {:>9}  {:>8}  {}\n", "window", width, differ ? "segment  " : "",
                  "parts", "duration_s", "gross_J", "U (k=2)", "mean_W", "samples", "note");
  const auto cell = [](double value) { return known(value) ? fmt::format("{:.6g}", value) : std::string(); };
  for (const auto& window : windows) {
    const auto& e = window.energy;
    text +=
        fmt::format("{:<{}}  {}{:>5}  {:>11.6f}  {:>12}  {:>10}  {:>9}  {:>8}  {}\n", window.name, width,
                    differ ? fmt::format("{:>7}  ", window.segment) : "", window.parts.size(), e.duration_s, cell(e.energy_J),
                    cell(e.U_J), cell(e.mean_W), e.samples, e.valid ? power::negative_reason(e) : "invalid: " + e.reason);
  }
  if (!differ) return first.empty() ? text : text + first + "\n";
  for (const auto& [segment, meter] : meters)
    text += fmt::format("segment {}: {}\n", segment, meter.empty() ? "meter unknown" : meter);
  return text;
}

int exit_code(const std::vector<power::NamedEnergy>& windows) {
  const bool valid = std::ranges::all_of(windows, [](const power::NamedEnergy& window) { return window.energy.valid; });
  return valid ? Exit::ok : Exit::invalid_measurement;
}

int execute(const IntegrateOptions& options) {
  Console console;
  console.progress("reading " + options.trace);
  const auto trace = power::read_trace(std::filesystem::path(options.trace));
  console.progress("integrating");
  if (trace.torn_tail) console.warning(fmt::format("{}: the last line is incomplete and ignored", options.trace));
  auto windows = power::integrate(trace);
  if (windows.empty())
    for (std::size_t i = 0; i < trace.segments.size(); ++i)
      if (!trace.segments[i].readings.empty()) windows.push_back(whole_trace(trace.segments[i], i));
  console.clear();
  if (!options.window.empty()) std::erase_if(windows, [&](const auto& w) { return w.name != options.window; });
  if (windows.empty())
    throw std::runtime_error(
        fmt::format("{}: no {}", options.trace, options.window.empty() ? "reading" : "window named " + options.window));
  if (options.json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const auto& window : windows) list.push_back(to_json(window, trace.segments[window.segment].meter));
    print_json(nlohmann::ordered_json{{"trace", options.trace}, {"windows", list}});
    return exit_code(windows);
  }
  print_text(to_text(windows, trace.segments));
  return exit_code(windows);
}

}  // namespace

nlohmann::ordered_json energy_json(const power::Energy& e) {
  return {{"status", e.valid ? "ok" : "invalid"},
          {"reason", e.reason},
          {"note", power::negative_reason(e)},
          {"duration_s", e.duration_s},
          {"gross_J", e.energy_J},
          {"U_gross_J", e.U_J},
          {"U_random_gross_J", e.U_random_J},
          {"u_rel_gain", e.u_rel_gain},
          {"mean_W", e.mean_W},
          {"max_W", e.max_W},
          {"samples", e.samples},
          {"distinct_hz", e.distinct_hz},
          {"longest_gap_s", e.longest_gap_s},
          {"coverage_pct", e.coverage_pct}};
}

void add_integrate(CLI::App& app, Action& action) {
  const auto [command, options] =
      add_command(app, action, "integrate", "Recompute the joules of every window of a trace.csv from its readings", execute);
  command->add_option("trace", options->trace, "trace.csv of a run, of measure, or of a logger")->required();
  command->add_option("-w,--window", options->window, "Only the window of this name");
  command->add_flag("--json", options->json, "Print JSON");
  command->footer(
      "Examples:\n"
      "  tbft integrate runs/first/traces/trace.csv\n"
      "  tbft integrate runs/first/traces/trace.csv -w cell/0123456789ab/train --json");
}

}  // namespace tbft::cli
