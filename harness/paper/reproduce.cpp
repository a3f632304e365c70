#include "harness/paper/reproduce.h"

#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <map>

#include "harness/data/class_names.h"
#include "harness/data/load_images.h"
#include "harness/experiment/run_directory.h"
#include "harness/experiment/run_inputs.h"
#include "harness/host/usage_error.h"
#include "harness/step_cost/step_cost.h"
#include "harness/sweep/memory_fit.h"
#include "harness/sweep/runner.h"
#include "harness/training/compute.h"
#include "harness/training/pretrain.h"
#include "harness/training/pretrain_progress.h"
#include "models/checkpoint/state_dict.h"
#include "results/csv.h"
#include "results/files.h"
#include "results/reproduction.h"
#include "results/text.h"

namespace tbft {

namespace {

namespace fs = std::filesystem;

constexpr double quick_step_cost_s = 45;  // of each network

void train_base(const TableJob& job, const Board& board, Console& console, const std::atomic<bool>& stop) {
  const auto& base = *job.base;
  const fs::path out = job.settings.model.checkpoint;
  if (fs::exists(out)) return;
  auto settings = find_recipe(base.recipe).settings;
  settings.epochs = base.epochs.value_or(settings.epochs);
  settings.layout = job.settings.layout;
  set_compute({effective(job.settings, board.cores()).threads, job.settings.backend});
  console.line(fmt::format("base model {}: recipe {}, {} epochs", base.name, base.recipe, settings.epochs));
  const auto train = load_images(base.train, console);
  auto val = load_images(base.val, console);
  console.warning(data::use_class_names(val, train.class_names, data::to_string(base.val)));
  fs::create_directories(out.parent_path());
  PretrainProgress progress(console, stop, settings.epochs);
  // The file gets its name only when it is complete.
  const auto part = out.parent_path() / (out.stem().string() + ".part.pth");
  const auto best = pretrain(train, val, settings, part, true, progress);
  fs::rename(part, out);
  console.clear();
  console.line(fmt::format("{}: {:.2f} % of {} source images, best of epoch {}", out.string(), best.val_accuracy_pct,
                           val.size(), best.epoch));
}

StepCostRequest step_cost_request(const ReproductionRequest& request, const ReproductionPlan& plan) {
  StepCostRequest cost;
  cost.directory = request.output / "step-cost";
  cost.meter = request.meter;
  if (request.quick) cost.max_s = quick_step_cost_s;
  if (plan.jobs.empty()) return cost;
  const auto& like = plan.jobs.front().settings;  // threads and back end are equal for all tables
  cost.threads = like.threads;
  cost.backend = like.backend;
  cost.layout = like.layout;
  return cost;
}

void write_report(const ReproductionRequest& request, const ReproductionPlan& plan) {
  const auto rows = read_reproduction(request.output, true).cells;  // as they were measured
  if (!rows.empty()) results::replace_cells(request.output / "cells.csv", rows);
  const auto report = reproduction_report(request, plan);
  results::write_file_atomically(request.output / "report.md", results::render(report, results::Format::md));
  results::write_file_atomically(request.output / "report.json", results::render(report, results::Format::json));
}

using MemoryChoices = std::map<std::string, MemoryChoice, std::less<>>;  // by table

void make_table(const TableJob& job, const ReproductionRequest& request, const std::vector<std::string>& command_line,
                const Board& board, const MemoryChoices& choices, Console& console, const std::atomic<bool>& stop,
                ReproductionOutcome& outcome) {
  if (job.base) train_base(job, board, console, stop);
  const auto directory = request.output / job.name;
  RunRequest run{.settings = job.settings,
                 .directory = directory,
                 .resume = fs::exists(directory / "run.json"),
                 .command_line = command_line,
                 .programs = request.meter.programs,
                 .experiment = job.experiment};
  if (!job.settings.memory_limit.empty()) {
    const auto made = choices.find(job.name);
    const auto fitted = made != choices.end() ? made->second : fit_plan_to_memory(job.settings, false, console, stop);
    run.settings = fitted.settings;
    run.keeps_none = fitted.keeps_none;
    run.warm_up = fitted.warm_up;
    for (const auto& note : fitted.notes) console.line(fmt::format("{}: {}", job.name, note));
  }
  const auto done = run_experiment(run, board, console, stop);
  console.clear();
  outcome.cells += done.planned;
  outcome.ok += done.ok + done.skipped;
  outcome.failed += done.failed;
  outcome.invalid += done.invalid;
}

// A memory_limit that is too small is refused before the first table, not hours later. A table whose base model is trained
// first, or whose data cannot be read, has no choice yet; it is made in its turn.
MemoryChoices fit_tables_to_memory(const ReproductionPlan& plan, Console& console, const std::atomic<bool>& stop) {
  MemoryChoices choices;
  for (const auto& job : plan.jobs) {
    if (job.settings.memory_limit.empty() || !fs::exists(job.settings.model.checkpoint)) continue;
    try {
      choices.emplace(job.name, fit_plan_to_memory(job.settings, false, console, stop));
    } catch (const UsageError& error) {
      throw UsageError(fmt::format("{}: {}", job.name, error.what()));
    } catch (const data::DataError&) {
    } catch (const models::CheckpointError&) {
    }
  }
  return choices;
}

}  // namespace

double most_step_cost_s(bool quick) {
  const StepCostRequest usual;
  return static_cast<double>(usual.networks.size()) * (quick ? quick_step_cost_s : usual.max_s);
}

results::Inputs read_reproduction(const fs::path& directory, bool keep_contended) {
  results::Inputs inputs;
  for (const auto table : table_names()) {
    const auto folder = directory / table;
    // Warnings about the files come when a table is run or reported. Here only the readable rows count.
    if (fs::exists(folder / "cells.csv"))
      add_cells(
          folder / "cells.csv", inputs, [](const std::string&) {}, keep_contended);
    if (fs::exists(folder / "step_cost.csv")) inputs.step_costs = results::read_step_costs(folder / "step_cost.csv");
  }
  return inputs;
}

results::Reproduction reproduction_report(const ReproductionRequest& request, const ReproductionPlan& plan) {
  auto report = results::reproduce(read_reproduction(request.output), plan.missing);
  report.notes = plan.notes;
  return report;
}

ReproductionOutcome reproduce(const ReproductionRequest& request, ReproductionPlan& plan, bool resume,
                              const std::vector<std::string>& command_line, const Board& board, Console& console,
                              const std::atomic<bool>& stop) {
  if (!resume && fs::exists(request.output) && !fs::is_empty(request.output))
    throw RunDirectoryError(fmt::format("{}: already holds a reproduction; continue it with --resume or choose another -o",
                                        request.output.string()));
  for (const auto& missing : plan.missing)
    console.line(fmt::format("{}: needs {}; {}", missing.table, missing.what, missing.where));
  const auto choices = fit_tables_to_memory(plan, console, stop);
  fs::create_directories(request.output);
  ReproductionOutcome outcome;
  if (plan.step_cost) {
    const auto cost = measure_step_cost(step_cost_request(request, plan), board, console, stop);
    if (cost.imprecise > 0)
      console.warning(
          "step-cost: its time limit was reached before the intervals were narrow; `tbft step-cost --max-seconds` sets another "
          "limit");
    write_report(request, plan);
  }
  for (const auto& job : plan.jobs) {
    // A table whose data cannot be read is skipped; the others are made.
    const auto broken = [&](const std::exception& error) {
      console.line(fmt::format("{}: not made: {}", job.name, results::error_text(error)));
      plan.missing.push_back({job.name, results::error_text(error), "correct this and continue with --resume"});
      ++outcome.not_made;
    };
    try {
      make_table(job, request, command_line, board, choices, console, stop, outcome);
    } catch (const data::DataError& error) {
      broken(error);
    } catch (const models::CheckpointError& error) {
      broken(error);
    }
    write_report(request, plan);
  }
  return outcome;
}

}  // namespace tbft
