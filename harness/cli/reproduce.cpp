// tbft reproduce: makes every table of the paper that the data allow.
#include "harness/paper/reproduce.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/train_program.h"
#include "harness/experiment/plan.h"
#include "harness/host/board.h"
#include "harness/host/console.h"
#include "harness/host/interrupted.h"
#include "harness/sweep/forecast.h"
#include "harness/sweep/memory_fit.h"
#include "results/reproduction.h"

namespace tbft::cli {

namespace {

struct ReproduceOptions {
  ReproductionRequest request;
  bool tune_lr = false;
  bool resume = false;
  bool dry_run = false;
  bool json = false;
};

// A table of the plan, and what it takes.
struct Expected {
  std::size_t cells = 0;
  Forecast forecast;
};

std::size_t cells_of(const TableJob& job) {
  return make_plan(job.settings, Identity{}).size();
}

// Times steps of each table's network, one table after the other.
std::vector<Expected> expect(const ReproductionPlan& plan, const ReproductionRequest& request) {
  const Board board;
  Console console;
  const StopOnSignal stop;
  std::vector<Expected> all;
  for (const auto& job : plan.jobs) {
    auto& expected = all.emplace_back();
    expected.cells = cells_of(job);
    if (job.base && !std::filesystem::exists(job.settings.model.checkpoint)) {
      expected.forecast.unknown = "its base model is trained first";
      continue;
    }
    try {
      if (!job.settings.memory_limit.empty()) {
        fit_plan_to_memory(job.settings, false, console, stop.flag());  // throws if it does not fit
        expected.forecast.unknown = "no steps are timed, because those of full may not fit into memory_limit";
        continue;
      }
      const auto cells = make_plan(job.settings, identify(job.settings));
      expected.forecast = make_forecast({job.settings, cells, request.output / job.name, false, request.meter.programs}, board,
                                        console, stop.flag());
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& error) {  // the checkpoint or the images cannot be read, or memory_limit is too small
      expected.forecast.unknown = error.what();
    }
  }
  return all;
}

// `expected` has an entry for each table, or none.
std::string plan_text(const ReproductionPlan& plan, bool quick, const std::vector<Expected>& expected = {}) {
  std::string text;
  if (plan.step_cost)
    text += fmt::format("step-cost: one training step of one image, 32 px and 128 px\n  estimate: at most {} of rounds\n",
                        duration_text(most_step_cost_s(quick)));
  for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
    const auto& job = plan.jobs[i];
    text +=
        fmt::format("{}: {} cells, {} from {}\n", job.name, cells_of(job), job.settings.data.dataset, job.settings.data.path);
    text += fmt::format("  {}\n", job.experiment.text());
    text += job.base ? fmt::format("  base model: trained first by the recipe {}\n", job.base->recipe)
                     : fmt::format("  base model: {}\n", job.settings.model.checkpoint);
    if (!expected.empty()) text += fmt::format("  estimate: {}\n", to_text(expected[i].forecast));
  }
  for (const auto& missing : plan.missing)
    text += fmt::format("{}: needs {}; {}\n", missing.table, missing.what, missing.where);
  return text;
}

nlohmann::ordered_json plan_json(const ReproductionPlan& plan, bool quick, const std::vector<Expected>& expected) {
  auto tables = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
    const auto& job = plan.jobs[i];
    tables.push_back({{"table", job.name},
                      {"experiment", {{"name", job.experiment.name}, {"built_in", job.experiment.built_in}}},
                      {"cells", expected[i].cells},
                      {"dataset", job.settings.data.dataset},
                      {"path", job.settings.data.path},
                      {"checkpoint", job.settings.model.checkpoint},
                      {"trains_base", job.base.has_value()},
                      {"estimate", to_json(expected[i].forecast)}});
  }
  auto missing = nlohmann::ordered_json::array();
  for (const auto& each : plan.missing) missing.push_back({{"table", each.table}, {"what", each.what}, {"where", each.where}});
  nlohmann::ordered_json step_cost = nullptr;
  if (plan.step_cost) step_cost = {{"at_most_s", most_step_cost_s(quick)}};
  return {{"step_cost", step_cost}, {"tables", tables}, {"missing", missing}};
}

int execute(const ReproduceOptions& options) {
  auto request = options.request;
  if (options.tune_lr) request.set.emplace_back("train.lr_search=[0.1,0.3,1,3,10]");
  auto plan = plan_reproduction(request, find_material(request.data));
  if (options.dry_run) {
    const auto expected = expect(plan, request);
    if (options.json)
      print_json(plan_json(plan, request.quick, expected), 1);
    else
      print_text(plan_text(plan, request.quick, expected));
    return Exit::ok;
  }
  if (plan.jobs.empty() && !plan.step_cost)
    throw UsageError(fmt::format("nothing to reproduce from {}\n{}", request.data.string(), plan_text(plan, request.quick)));
  const Board board;
  Console console;
  const StopOnSignal stop;
  std::vector<std::string> command_line{"tbft", "reproduce", "--data", request.data.string()};
  if (request.quick) command_line.emplace_back("--quick");
  for (const auto& option : request.set) command_line.push_back("--set " + option);
  ReproductionOutcome outcome;
  try {
    outcome = reproduce(request, plan, options.resume, command_line, board, console, stop.flag());
  } catch (const Interrupted& error) {
    throw Interrupted(fmt::format("{}; continue with the same command and --resume", error.what()));
  }
  console.clear();
  console.line(fmt::format("{} cells: {} ok, {} failed, {} invalid; {}", outcome.cells, outcome.ok, outcome.failed,
                           outcome.invalid, (request.output / "report.md").string()));
  write_out(results::render(reproduction_report(request, plan), options.json ? results::Format::json : results::Format::text,
                            output_layout()));
  if (outcome.failed > 0 || outcome.not_made > 0) return Exit::failed;
  return outcome.invalid > 0 ? Exit::invalid_measurement : Exit::ok;
}

}  // namespace

void add_reproduce(CLI::App& app, Action& action) {
  const auto [command, options] = add_command(app, action, "reproduce", summary_of_train_command("reproduce"), execute);
  auto& request = options->request;
  command->add_option("--data", request.data, "Folder of data sets and checkpoints; it is searched two levels deep")
      ->required()
      ->type_name("DIR");
  command->add_option("-o,--output", request.output, "Folder for the runs, cells.csv and report.md")
      ->required()
      ->type_name("RUN");
  command->add_option("--checkpoint", request.checkpoint, "CIFAR-10 base model (default: *cifar10*.pth in DIR)")
      ->type_name("FILE");
  command->add_flag(
      "--quick", request.quick,
      "One repetition of the smallest training size, 4 corruptions, short base and noise trainings; for a first look, "
      "not for comparison with the paper");
  command
      ->add_option("--tables", request.tables,
                   fmt::format("Only these tables, separated by commas: {}", fmt::join(table_names(), ", ")))
      ->delimiter(',')
      ->type_name("LIST");
  add_meter_option(*command, request.meter, WithoutMeter::estimates);
  command
      ->add_option("--set", request.set,
                   "Set a key of every table's experiment, or of one: --set TABLE/sweep.repetitions=1 (repeatable; keys: `tbft "
                   "run --help`)")
      ->allow_extra_args(false);
  command->add_flag("--tune-lr", options->tune_lr,
                    "First try 0.1, 0.3, 1, 3 and 10 times each learning rate, because the published comparison gives fc ten "
                    "times the others'");
  command->add_flag("--resume", options->resume, "Continue the reproduction in -o");
  command->add_flag("--dry-run", options->dry_run,
                    "Print what would be made, what is missing, and about how long it takes and how many joules, from a few "
                    "steps that are timed; make nothing");
  command->add_flag("--json", options->json, "Print the report, or with --dry-run the plan, as JSON");
  command->footer(
      "DIR may hold: CIFAR-10 (cifar-10-batches-bin/, or train/CLASS/ and test/CLASS/ with images), CIFAR-10-C (*.npy),\n"
      "ImageNet (train/WNID/, val/WNID/), CIFAR-100 (cifar-100-binary/), *cifar10*.pth, *living17*.pth.\n"
      "Examples:\n"
      "  tbft reproduce --data DIR -o runs/paper --dry-run\n"
      "  tbft reproduce --data DIR -o runs/look --quick\n"
      "  tbft reproduce --data DIR -o runs/paper -m auto --tables cifar-flip,step-cost");
}

}  // namespace tbft::cli
