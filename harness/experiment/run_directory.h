// The directory of a run: run.json, cells.csv, cells.superseded.csv, meters.csv, journal.jsonl, traces/. It is locked while in
// use. This class decides what --resume may continue.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/experiment/plan.h"
#include "results/schema.h"

namespace tbft {

// The directory cannot be used: it is not empty, has another plan, or is in use. The program exits with 2.
struct RunDirectoryError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Reads a run.json as an object. Throws RunDirectoryError if the file is not one.
nlohmann::json read_run_json(const std::filesystem::path& path);
// The differences, as text, that show that two run.json belong to different runs: settings, checkpoint, images of data sets
// that both name, libtorch; if joules are measured, also board, processor, BLAS, threads, back end and what runs the
// blocks. `may_grow` allows the sweep
// lists to differ.
std::vector<std::string> differences_of_runs(const nlohmann::json& before, const nlohmann::json& now, bool may_grow);
// trace.csv, then trace-2.csv and so on. Executions have separate traces, because clocks of different boots cannot be compared.
std::string trace_name(int execution);

class RunDirectory {
 public:
  // Throws what the constructor would throw, as far as it can be decided without creating anything.
  static void refuse(const std::filesystem::path& path, bool resume);
  // Creates the directory, or opens it if `resume`. Takes the lock, which is released by the destructor or when the process
  // ends.
  RunDirectory(std::filesystem::path path, bool resume);
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path cells_csv() const { return path_ / "cells.csv"; }
  std::filesystem::path superseded_csv() const { return path_ / "cells.superseded.csv"; }
  std::filesystem::path meters_csv() const { return path_ / "meters.csv"; }
  std::filesystem::path journal() const { return path_ / "journal.jsonl"; }
  std::filesystem::path trace(int execution) const { return path_ / "traces" / trace_name(execution); }

  // If run.json exists, refuses a run that differs (differences_of_runs), unless its plan only grew, and states the
  // differences. `run_json` is what a new run would write; an existing run keeps its run_id. Writes run.json and returns the
  // run_id.
  std::string begin(const std::string& run_json, const std::vector<Cell>& plan);

  // Ids of cells whose row has status ok.
  const std::set<std::string>& done() const { return done_; }
  // Ids of cells that have a row, whatever its status.
  const std::set<std::string>& present() const { return present_; }
  // Appends the row, and before it to meters.csv the cell's rows by further meters. An earlier row of the same cell (failed,
  // invalid) moves to cells.superseded.csv; its rows in meters.csv are replaced.
  void commit(const results::CellRow& row, std::span<const results::CellRow> by_further_meters = {});

 private:
  void commit_meters(const std::string& cell_id, std::span<const results::CellRow> rows) const;

  std::filesystem::path path_;
  int lock_ = -1;
  std::set<std::string> done_;
  std::set<std::string> present_;
};

}  // namespace tbft
