// A comparison of commands as CSV and JSON. The seconds have hyperfine's names, so that its scripts read them.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "results/benchmark.h"
#include "results/columns.h"
#include "results/tables/long_form.h"

namespace tbft::results {

namespace {

using Json = nlohmann::ordered_json;

double mean_of(const BenchmarkedCommand& command, double BenchmarkRun::*member) {
  std::vector<double> values;
  for (const BenchmarkRun& run : command.runs) values.push_back(run.*member);
  return statistics(values).mean;
}

// The fields of one command. A command has its parameters behind them.
std::vector<Field> long_form(const BenchmarkedCommand& command) {
  const auto of = [&](Summarised quantity) { return summarise(command, quantity); };
  const CommandSummary s = of(Summarised::duration_s), J = of(Summarised::gross_J), net = of(Summarised::net_J),
                       W = of(Summarised::mean_W), edp = of(Summarised::edp_Js);
  return {{"command", command.name, "", "Name of the command, or the command itself"},
          {"mean", s.spread.mean, "s", "Mean duration of the repetitions"},
          {"stddev", s.spread.sd, "s", "Standard deviation of the durations"},
          {"median", s.median, "s", "Median duration"},
          {"user", mean_of(command, &BenchmarkRun::user_s), "s", "Mean processor time in user mode"},
          {"system", mean_of(command, &BenchmarkRun::system_s), "s", "Mean processor time in the kernel"},
          {"min", s.min, "s", "Shortest duration"},
          {"max", s.max, "s", "Longest duration"},
          {"runs", static_cast<std::int64_t>(command.runs.size()), "", "Repetitions"},
          {"mean_gross_J", J.spread.mean, "J", "Mean joules; unknown unless every repetition has valid joules"},
          {"U_mean_gross_J", J.U, "J", "Expanded uncertainty (k = 2) of that mean: spread of the repetitions and meter"},
          {"stddev_gross_J", J.spread.sd, "J", "Standard deviation of the joules"},
          {"median_gross_J", J.median, "J", "Median joules"},
          {"min_gross_J", J.min, "J", "Fewest joules"},
          {"max_gross_J", J.max, "J", "Most joules"},
          {"mean_net_J", net.spread.mean, "J", "Mean joules above idle"},
          {"U_mean_net_J", net.U, "J", "Expanded uncertainty (k = 2) of that mean"},
          {"stddev_net_J", net.spread.sd, "J", "Standard deviation of the joules above idle"},
          {"median_net_J", net.median, "J", "Median joules above idle"},
          {"min_net_J", net.min, "J", "Fewest joules above idle"},
          {"max_net_J", net.max, "J", "Most joules above idle"},
          {"U_mean_s", s.U, "s", "Expanded uncertainty (k = 2) of the mean duration, by the spread alone"},
          {"mean_W", W.spread.mean, "W", "Mean power"},
          {"U_mean_W", W.U, "W", "Expanded uncertainty (k = 2) of the mean power"},
          {"mean_edp_Js", edp.spread.mean, "J s", "Mean energy-delay product: gross joules times seconds"},
          {"U_mean_edp_Js", edp.U, "J s", "Expanded uncertainty (k = 2) of that mean"},
          {"U_has_accuracy", static_cast<std::int64_t>(J.has_accuracy), "",
           "1: U of joules, watts and products contains the meter's accuracy; 0: the accuracy is unknown"}};
}

std::set<std::string> parameters_of(const Benchmark& benchmark) {
  std::set<std::string> names;
  for (const BenchmarkedCommand& command : benchmark.commands)
    for (const auto& [name, value] : command.parameters) names.insert(name);
  return names;
}

// A line of CSV and further fields.
std::string extended(std::string line, const std::vector<std::string>& fields) {
  line.pop_back();
  for (const std::string& field : fields) line += ',' + text_field(field);
  return line + '\n';
}

Json run_json(const BenchmarkRun& run, std::size_t repetition) {
  return {{"repetition", repetition},
          {"place", run.place},
          {"started_utc", run.started_utc},
          {"exit_code", run.exit_code},
          {"status", std::isnan(run.gross.J) ? "invalid" : "ok"},
          {"reason", run.reason},
          {"duration_s", run.duration_s},
          {"user_s", run.user_s},
          {"system_s", run.system_s},
          {"gross_J", run.gross.J},
          {"U_gross_J", run.gross.U_J},
          {"U_random_gross_J", run.gross.U_random_J},
          {"net_J", run.net.J},
          {"U_net_J", run.net.U_J},
          {"U_random_net_J", run.net.U_random_J},
          {"idle_W", run.idle_W},
          {"mean_W", run.gross.J / run.duration_s},
          {"edp_Js", run.gross.J * run.duration_s},
          {"u_rel_gain", run.u_rel_gain},
          {"other_cpu_pct", run.other_cpu_pct}};
}

Json command_json(const BenchmarkedCommand& command) {
  Json object = Json::object();
  for (const Field& field : long_form(command))
    std::visit([&](const auto& value) { object[std::string(field.name)] = value; }, field.value);
  object["U_has_accuracy"] = object["U_has_accuracy"] == 1;
  object["command_line"] = command.command;
  Json times = Json::array(), exit_codes = Json::array(), repetitions = Json::array();
  for (const BenchmarkRun& run : command.runs) {
    times.push_back(run.duration_s);
    exit_codes.push_back(run.exit_code);
    repetitions.push_back(run_json(run, repetitions.size()));
  }
  object["times"] = std::move(times);
  object["exit_codes"] = std::move(exit_codes);
  if (!command.parameters.empty()) object["parameters"] = command.parameters;
  object["repetitions"] = std::move(repetitions);
  return object;
}

Json ratio_json(const Benchmark& benchmark, const ComparedCommand& compared) {
  Json object{{"command", benchmark.commands[compared.command].name},
              {"reference", benchmark.commands[compared.reference].name},
              {"repetitions", compared.repetitions}};
  const std::array<std::pair<const char*, const BenchmarkRatio*>, 3> ratios{
      {{"gross_J", &compared.joules}, {"net_J", &compared.net_joules}, {"duration_s", &compared.seconds}}};
  for (const auto& [name, ratio] : ratios)
    object[name] = {{"ratio", ratio->value}, {"U_ratio", ratio->U}, {"p_holm", ratio->p}};
  object["sentence"] = sentence(benchmark, compared);
  return object;
}

}  // namespace

std::vector<ColumnText> benchmark_column_texts() {
  return texts_of(long_form(BenchmarkedCommand{}));
}

std::string to_csv(const Benchmark& benchmark) {
  const auto parameters = parameters_of(benchmark);
  std::vector<std::string> names;
  names.reserve(parameters.size());
  for (const std::string& name : parameters) names.push_back("parameter_" + name);
  std::string text = extended(csv_names(long_form(BenchmarkedCommand{})), names);
  for (const BenchmarkedCommand& command : benchmark.commands) {
    std::vector<std::string> values;
    for (const std::string& name : parameters) {
      const auto value = command.parameters.find(name);
      values.push_back(value == command.parameters.end() ? "" : value->second);
    }
    text += extended(csv_values(long_form(command)), values);
  }
  return text;
}

namespace {

Json object_of(const Benchmark& benchmark) {
  Json results = Json::array(), ratios = Json::array();
  for (const BenchmarkedCommand& command : benchmark.commands) results.push_back(command_json(command));
  for (const ComparedCommand& compared : compare_commands(benchmark)) ratios.push_back(ratio_json(benchmark, compared));
  Json object{{"results", results},
              {"ratios", ratios},
              {"notes", benchmark.notes},
              {"order", benchmark.order},
              {"seed", benchmark.seed},
              {"idle_s", benchmark.idle_s},
              {"until_pct", benchmark.until_pct},
              {"meter", benchmark.meter},
              {"meter_scope", benchmark.meter_scope},
              {"measured", benchmark.measured},
              {"host", benchmark.host},
              {"board", benchmark.board},
              {"tool_version", benchmark.tool_version}};
  for (std::size_t i = 0; i < benchmark.further.size(); ++i)
    object["further_meters"].push_back(object_of(by_meter(benchmark, i)));
  return object;
}

}  // namespace

std::string to_json(const Benchmark& benchmark, int indent) {
  return object_of(benchmark).dump(indent, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace tbft::results
