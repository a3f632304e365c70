#include "harness/cli/runs_read.h"

#include <filesystem>
#include <functional>
#include <span>
#include <stdexcept>

#include "harness/cli/command.h"
#include "harness/experiment/run_inputs.h"
#include "harness/host/console.h"
#include "harness/measurement/power_curves.h"
#include "results/csv.h"

namespace tbft::cli {

namespace {

namespace fs = std::filesystem;

void add_step_costs(const fs::path& file, results::Inputs& inputs) {
  const auto rows = results::read_step_costs(file);
  inputs.step_costs.insert(inputs.step_costs.end(), rows.begin(), rows.end());
}

// A run directory contains cells.csv, step_cost.csv or both.
void add_run(const fs::path& run, results::Inputs& inputs, const std::function<void(const std::string&)>& warn,
             bool keep_contended) {
  if (!fs::is_directory(run) && run.filename() == "step_cost.csv") return add_step_costs(run, inputs);
  const fs::path steps = run / "step_cost.csv";
  if (fs::exists(steps)) add_step_costs(steps, inputs);
  if (fs::exists(steps) && !fs::exists(run / "cells.csv")) return;
  const fs::path cells = cells_of(run);
  const auto before = inputs.cells.size();
  add_cells(cells, inputs, warn, keep_contended);
  if (const fs::path meters = cells.parent_path() / "meters.csv"; fs::exists(meters)) {
    const auto rows = results::read_meters(meters).rows;
    inputs.meters.insert(inputs.meters.end(), rows.begin(), rows.end());
  }
  if (inputs.cells.size() == before) throw std::runtime_error(cells.string() + ": no rows yet, nothing to report");
}

}  // namespace

std::vector<fs::path> files_of_runs(const std::vector<std::string>& names) {
  std::vector<fs::path> files;
  for (const fs::path run : names) {
    if (!fs::is_directory(run)) files.push_back(run);
    for (const char* file : {"cells.csv", "meters.csv", "step_cost.csv", "journal.jsonl", "run.json"})
      files.push_back((fs::is_directory(run) ? run : run.parent_path()) / file);
  }
  return files;
}

RunsRead read_runs(const std::vector<std::string>& names, bool curves, bool keep_contended) {
  RunsRead runs;
  Console console;
  const auto warn = [&](const std::string& what) {
    console.line("warning: " + what);
    runs.warnings.push_back(what);
  };
  std::vector<std::size_t> ends;
  for (const std::string& name : names) {
    console.progress("reading " + name);
    add_run(name, runs.inputs, warn, keep_contended);
    ends.push_back(runs.inputs.cells.size());
    try {
      runs.facts.emplace_back(name, run_facts(name));
    } catch (const std::runtime_error& error) {
      warn(error.what());
      runs.facts.emplace_back(name, std::nullopt);
    }
  }
  if (!curves) return runs;
  const std::size_t buckets = buckets_for(runs.inputs.cells.size());
  std::size_t begin = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto rows = std::span(runs.inputs.cells).subspan(begin, ends[i] - begin);
    begin = ends[i];
    const fs::path path(names[i]);
    console.progress("reading the traces of " + names[i]);
    add_curves(fs::is_directory(path) ? path : path.parent_path(), rows, buckets, runs.curves, warn);
  }
  return runs;
}

}  // namespace tbft::cli
