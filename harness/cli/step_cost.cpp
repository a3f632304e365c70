// tbft step-cost: measures the cost of one training step on one image by strategy (the paper's energy table).
#include "harness/step_cost/step_cost.h"
#include "harness/step_cost/step_cost_rows.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "harness/cli/network_option.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/train_program.h"
#include "harness/host/interrupted.h"
#include "harness/host/provenance.h"
#include "harness/step_cost/step_operation.h"
#include "results/json.h"
#include "results/tables/section.h"
#include "results/text.h"

namespace tbft::cli {

namespace {

using results::OperationRow;
using results::StepCostRow;

struct StepCostOptions {
  StepCostRequest request;
  NetworkOptions network;
  FileOptions file;
  std::optional<int> pixels, classes;
  std::string directory;
  double precision_pct = 2;
  bool no_quirk = false;
  bool json = false;
};

double number(const std::optional<double>& value) {
  return value.value_or(std::nan(""));
}

std::string label(const StepCostRow& row) {
  return row.variant == "tbft" ? row.strategy : fmt::format("{} ({})", row.strategy, row.variant);
}

std::vector<std::string> cost_line(const StepCostRow& row) {
  constexpr double milli = 1e3;
  using results::decimals;
  using results::significant;
  return {label(row),
          significant(number(row.step_s) * milli, 4),
          decimals(50 * (number(row.step_s_high) - number(row.step_s_low)) / number(row.step_s), 1),
          significant(number(row.gross_J) * milli, 4),
          significant(number(row.net_J) * milli, 4),
          significant(number(row.paper_view_J) * milli, 4),
          decimals(number(row.saving_time_pct), 1),
          fmt::format("{} to {}", decimals(number(row.saving_time_low), 1), decimals(number(row.saving_time_high), 1)),
          decimals(number(row.saving_gross_pct), 1),
          decimals(number(row.saving_net_pct), 1),
          decimals(number(row.saving_macs_pct), 1)};
}

results::Section cost_section(std::span<const StepCostRow> rows) {
  results::Section section{.cells = {{"strategy", "step ms", "+- %", "gross mJ", "net mJ", "P x t mJ", "saves %",
                                      "95 % interval", "gross %", "net %", "MACs %"}}};
  for (const auto& row : rows) section.cells.push_back(cost_line(row));
  section.lines.emplace_back(
      "saves: time saved against full, paired by round; P x t: step time times the mean power of all strategies (as in the "
      "paper)");
  section.elsewhere = "step_cost.csv";
  section.least_needed = {5, 10, 7, 2};  // the paper's view, the model, the intervals
  return section;
}

std::string operation_us(std::span<const OperationRow> operations, const StepCostRow& row, std::string_view name) {
  constexpr double micro = 1e6;
  for (const auto& operation : operations) {
    if (operation.pixels == row.pixels && operation.classes == row.classes && operation.variant == row.variant &&
        operation.strategy == row.strategy && operation.operation == name)
      return results::decimals(number(operation.seconds) * micro, 0);
  }
  return "-";
}

results::Section operations_section(std::span<const StepCostRow> rows, std::span<const OperationRow> operations) {
  results::Section section{.cells = {{"microseconds per step"}}};
  auto& header = section.cells.front();
  header.insert(header.end(), operation_names.begin(), operation_names.end());
  header.insert(header.end(), {"saves %", "less time"});
  for (const auto& row : rows) {
    std::vector<std::string> line{label(row)};
    for (const auto name : operation_names) line.push_back(operation_us(operations, row, name));
    const double saving_pct = operations_saving_pct(operations, row);
    line.push_back(results::decimals(saving_pct, 1));
    line.push_back(results::decimals(saving_pct - number(row.saving_time_pct), 1));
    section.cells.push_back(std::move(line));
  }
  section.lines.emplace_back(
      "less time: the saving by the sum of operations minus the saving in time above, in percentage points");
  return section;
}

// Groups the rows by network, in their order.
std::vector<std::vector<StepCostRow>> by_network(const std::vector<StepCostRow>& rows) {
  std::vector<std::vector<StepCostRow>> networks;
  for (const auto& row : rows) {
    const bool same =
        !networks.empty() && networks.back().front().pixels == row.pixels && networks.back().front().classes == row.classes;
    if (!same) networks.emplace_back();
    networks.back().push_back(row);
  }
  return networks;
}

void print_tables(const StepCostOutcome& outcome) {
  std::vector<results::Section> sections;
  for (const auto& rows : by_network(outcome.rows)) {
    const auto& first = rows.front();
    auto costs = cost_section(rows);
    costs.title = fmt::format("{}, {} px, {} classes: one Adam step of one image, {} rounds, {} threads, {}, {}", outcome.title,
                              *first.pixels, *first.classes, first.rounds.value_or(0), first.threads.value_or(0), first.backend,
                              first.layout);
    costs.captions.push_back(
        fmt::format("meter {}{}", first.meter, first.measured == 1 ? "" : " (an estimate or a replay, not a measurement)"));
    sections.push_back(std::move(costs));
    sections.push_back(operations_section(rows, outcome.operations));
  }
  write_out(results::to_text(sections, output_layout()));
}

int execute(const StepCostOptions& options) {
  StepCostRequest request = options.request;
  auto spec = spec_of(options.network);
  if (!options.file.checkpoint.empty()) {
    request.file = network_file(options.file);
    request.file->pixels = options.pixels.value_or(request.file->pixels);
  } else if (spec.family != models::NetworkSpec{}.family) {
    spec.pixels = options.pixels.value_or(spec.pixels);
    spec.classes = options.classes.value_or(spec.classes);
    request.networks = {spec};
  } else if (options.pixels) {
    constexpr int living17_pixels = 128;
    spec.pixels = *options.pixels;
    spec.classes = options.classes.value_or(spec.pixels == living17_pixels ? 17 : 10);
    request.networks = {spec};
  } else if (options.classes) {
    throw UsageError("--classes needs --pixels, which chooses the network");
  } else {
    for (auto& network : request.networks) {
      network.depth = spec.depth;
      network.width = spec.width;
    }
  }
  request.precision = options.precision_pct / 100;
  // The published script tunes the paper's network.
  request.quirk = !options.no_quirk && !request.file && spec.family == models::NetworkSpec{}.family;
  request.directory = options.directory.empty() ? fmt::format("runs/step-cost-{}", utc_compact()) : options.directory;
  const Board board;
  Console console;
  const StopOnSignal stop;
  const auto outcome = measure_step_cost(request, board, console, stop.flag());
  console.clear();
  if (outcome.imprecise > 0)
    console.warning(
        fmt::format("--max-seconds ended the rounds before every interval was below {} % of its mean; see the column '+- %'; "
                    "if other programs run, try --threads 1",
                    options.precision_pct));
  if (outcome.reused > 0)
    console.line(fmt::format("{} of {} networks were already measured", outcome.reused, request.networks.size()));
  console.line((request.directory / "step_cost.csv").string());
  if (options.json)
    print_out("{}\n", results::json_step_costs(outcome.rows, outcome.operations));
  else
    print_tables(outcome);
  const bool valid = std::ranges::all_of(outcome.rows, [](const StepCostRow& row) { return row.gross_J.has_value(); });
  return valid ? Exit::ok : Exit::invalid_measurement;
}

}  // namespace

void add_step_cost(CLI::App& app, Action& action) {
  const auto [command, options] = add_command(app, action, "step-cost", summary_of_train_command("step-cost"), execute);
  auto& request = options->request;
  command->add_option("-o,--output", options->directory, "Directory (default: runs/step-cost-TIME)")->envname("TBFT_OUTPUT");
  add_meter_option(*command, request.meter, WithoutMeter::estimates);
  add_time_option(*command, "-i,--interval", request.interval_s, "Sampling interval, e.g. 2ms; 0: the meter's default");
  command->add_option("--pixels", options->pixels,
                      "Side of the image; measures one network (default: 32 with 10 classes, 128 with 17)");
  command->add_option("--classes", options->classes, "Number of classes of that network (default: 10; 17 at 128 px)");
  command
      ->add_option("--strategies", request.strategies,
                   "Strategies to measure in addition to full, e.g. block1,fc (default: none, bn-stats and each block)")
      ->delimiter(',');
  add_network_options(*command, options->network);
  auto* checkpoint = add_file_options(
      *command, options->file,
      "Measure this network instead of one with random weights: a state dict, or with --model a TorchScript file");
  checkpoint->excludes("--classes", "--network", "--variant", "--depth", "--width");  // the file says what they are
  command->add_flag("--no-quirk", options->no_quirk, "Leave out block1 as the published script tunes it (180,400 parameters)");
  command
      ->add_option("--precision", options->precision_pct,
                   "Add rounds until every 95 % interval is narrower than this, in % of its mean")
      ->check(number_in(0.01, 100))
      ->capture_default_str();
  command
      ->add_option("--max-seconds", request.max_s,
                   "Maximal duration of one network's rounds in seconds (at least two rounds are run)")
      ->check(number_in(0, 1e6))
      ->capture_default_str();
  add_time_option(*command, "--window", request.window_s,
                  "Seconds of one strategy in one round; 0: the longer of 0.5 s and 20 periods of the meter");
  command
      ->add_option("--idle", request.idle_s,
                   "Seconds of each idle window, one before and one after; 0: none (default 5; 0 for an estimate)")
      ->check(number_in(0, 3600));
  add_threads_option(*command, request.threads);
  command->add_option("--backend", request.backend, "onednn or native; auto: onednn if libtorch has it")
      ->check(CLI::IsMember({"auto", "onednn", "native"}));
  command->add_option("--layout", request.layout, "channels_last, or contiguous: torch's own operations, slower")
      ->check(CLI::IsMember({"channels_last", "contiguous"}));
  command->add_option("--seed", request.seed, "Seed for weights, images and order")->capture_default_str();
  command->add_flag("--json", options->json, "Print JSON with the columns of step_cost.csv and operations.csv");
  command->footer(
      "Examples:\n"
      "  tbft step-cost -m 'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1' -o cost    # both networks of the paper\n"
      "  tbft step-cost --pixels 32 --strategies block1,fc --max-seconds 60\n"
      "A network that the directory already contains with the same settings is not measured again.\n"
      "Exit code: 4 if a strategy's energy is invalid, e.g. because every window has a gap.");
}

}  // namespace tbft::cli
