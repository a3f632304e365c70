// tbft reproduce: makes every table of the paper that the data allow.
#include "harness/paper/reproduce.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/cli/options.h"
#include "harness/cli/train_program.h"
#include "harness/experiment/plan.h"
#include "harness/host/board.h"
#include "harness/host/console.h"
#include "harness/host/interrupted.h"
#include "results/reproduction.h"

namespace tbft::cli {

namespace {

struct ReproduceOptions {
  ReproductionRequest request;
  bool tune_lr = false;
  bool resume = false;
  bool dry_run = false;
};

std::size_t cells_of(const TableJob& job) {
  const auto& s = job.settings;
  const auto conditions = completed(s).data.conditions.size();
  return std::max<std::size_t>(conditions, 1) * s.sweep.train_sizes.size() * s.sweep.strategies.size() *
         static_cast<std::size_t>(s.sweep.repetitions);
}

std::string plan_text(const ReproductionPlan& plan) {
  std::string text;
  if (plan.step_cost) text += "step-cost: one training step of one image, 32 px and 128 px\n";
  for (const auto& job : plan.jobs) {
    text +=
        fmt::format("{}: {} cells, {} from {}\n", job.name, cells_of(job), job.settings.data.dataset, job.settings.data.path);
    text += job.base ? fmt::format("  base model: trained first by the recipe {}\n", job.base->recipe)
                     : fmt::format("  base model: {}\n", job.settings.model.checkpoint);
  }
  for (const auto& missing : plan.missing)
    text += fmt::format("{}: needs {}; {}\n", missing.table, missing.what, missing.where);
  return text;
}

int execute(const ReproduceOptions& options) {
  auto request = options.request;
  if (options.tune_lr) request.set.emplace_back("train.lr_search=[0.1,0.3,1,3,10]");
  auto plan = plan_reproduction(request, find_material(request.data));
  if (options.dry_run) {
    fmt::print("{}", plan_text(plan));
    return Exit::ok;
  }
  if (plan.jobs.empty() && !plan.step_cost)
    throw UsageError(fmt::format("nothing to reproduce from {}\n{}", request.data.string(), plan_text(plan)));
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
  fmt::print("{}", results::render(reproduction_report(request, plan), results::Format::text));
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
  add_meter_option(*command, request.meter);
  command
      ->add_option("--set", request.set,
                   "Set a key of every table's experiment, or of one: --set TABLE/sweep.repetitions=1 (repeatable; keys: `tbft "
                   "run --help`)")
      ->allow_extra_args(false);
  command->add_flag("--tune-lr", options->tune_lr,
                    "First try 0.1, 0.3, 1, 3 and 10 times each learning rate, because the published comparison gives fc ten "
                    "times the others'");
  command->add_flag("--resume", options->resume, "Continue the reproduction in -o");
  command->add_flag("--dry-run", options->dry_run, "Print what would be made and what is missing; make nothing");
  command->footer(
      "DIR may hold: CIFAR-10 (cifar-10-batches-bin/, or train/CLASS/ and test/CLASS/ with images), CIFAR-10-C (*.npy),\n"
      "ImageNet (train/WNID/, val/WNID/), CIFAR-100 (cifar-100-binary/), *cifar10*.pth, *living17*.pth.\n"
      "Examples:\n"
      "  tbft reproduce --data DIR -o runs/paper --dry-run\n"
      "  tbft reproduce --data DIR -o runs/look --quick\n"
      "  tbft reproduce --data DIR -o runs/paper -m auto --tables cifar-flip,step-cost");
}

}  // namespace tbft::cli
