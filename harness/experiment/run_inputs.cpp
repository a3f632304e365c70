#include "harness/experiment/run_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "harness/host/usage_error.h"
#include "results/csv.h"

namespace tbft {

void add_cells(const std::filesystem::path& cells, results::Inputs& inputs, const std::function<void(const std::string&)>& warn,
               bool keep_contended) {
  auto file = results::read_cells(cells);
  results::complete_networks(file.rows);
  if (!keep_contended) results::leave_out_contended(file.rows);
  if (file.torn_tail)
    warn(fmt::format("{}: the last row is incomplete and left out; `tbft run --resume` runs its cell again", cells.string()));
  const auto journal = cells.parent_path() / "journal.jsonl";
  try {
    if (std::filesystem::exists(journal)) results::read_correctness(journal, file.rows, inputs.correctness, &inputs.levels);
  } catch (const std::runtime_error& error) {
    warn(fmt::format("{}; intervals of this run are over repetitions only, and its diagnoses are left out", error.what()));
  }
  if (inputs.cells.empty())
    inputs.cells = std::move(file.rows);
  else
    std::ranges::move(file.rows, std::back_inserter(inputs.cells));
}

std::filesystem::path cells_of(const std::filesystem::path& run) {
  if (!std::filesystem::exists(run)) throw UsageError(run.string() + ": no such run directory or cells.csv");
  if (!std::filesystem::is_directory(run)) return run;
  auto cells = run / "cells.csv";
  if (!std::filesystem::exists(cells))
    throw UsageError(cells.string() + " is missing: is " + run.string() + " a run directory?");
  return cells;
}

std::optional<results::RunFacts> run_facts(const std::filesystem::path& run) {
  const auto file = (std::filesystem::is_directory(run) ? run : run.parent_path()) / "run.json";
  if (!std::filesystem::exists(file)) return std::nullopt;
  return results::read_run_facts(file);
}

}  // namespace tbft
