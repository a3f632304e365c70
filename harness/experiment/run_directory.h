// The directory of a run: run.json, cells.csv, cells.superseded.csv, journal.jsonl, traces/. Locked while in use; what --resume
// may go on with is decided here.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/experiment/plan.h"
#include "results/schema.h"

namespace tbft {

// The directory cannot be used as asked: not empty, another plan, in use. The program exits with 2.
struct RunDirectoryError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A run.json as an object; throws RunDirectoryError where it is none.
nlohmann::json read_run_json(const std::filesystem::path& path);
// What keeps two run.json from being of one run, for people: settings, checkpoint, images of the data sets that both name,
// libtorch; where joules are measured, also board, processor, threads and back end. `may_grow`: the sweep lists may
// differ.
std::vector<std::string> differences_of_runs(const nlohmann::json& before, const nlohmann::json& now, bool may_grow);
// trace.csv, then trace-2.csv: a boot apart, the clock is another.
std::string trace_name(int execution);

class RunDirectory {
 public:
  // Throws where the constructor would, for what can be told without creating anything.
  static void refuse(const std::filesystem::path& path, bool resume);
  // Creates the directory, or opens it where `resume`. Takes the lock (released at destruction, or when the process dies).
  RunDirectory(std::filesystem::path path, bool resume);
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path cells_csv() const { return path_ / "cells.csv"; }
  std::filesystem::path journal() const { return path_ / "journal.jsonl"; }
  std::filesystem::path trace(int execution) const { return path_ / "traces" / trace_name(execution); }

  // Where run.json exists: refuses a run that differs (differences_of_runs) unless its plan only grew, and says in what.
  // `run_json` is what a new run would write; an existing run keeps its run_id. Then writes run.json. Returns the run_id.
  std::string begin(const std::string& run_json, const std::vector<Cell>& plan);

  // Ids of cells whose row says ok.
  const std::set<std::string>& done() const { return done_; }
  // Appends the row; a row of the same cell (failed, invalid) is replaced and goes to cells.superseded.csv.
  void commit(const results::CellRow& row);

 private:
  std::filesystem::path path_;
  int lock_ = -1;
  std::set<std::string> done_;     // ok
  std::set<std::string> present_;  // any status
};

}  // namespace tbft
