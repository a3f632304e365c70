// Rows of cells.csv: made into text, and read back. Run: build/release/experiments/bench/csv_bench
#include <benchmark/benchmark.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "results/csv.h"

namespace {

using namespace tbft::results;

CellRow sample(std::int64_t i) {
  CellRow row;
  row.run_id = "bench";
  row.cell_id = "0123456789ab";
  row.strategy = "block3";
  row.status = "ok";
  row.repetition = i;
  row.accuracy_pct = 54.0 + 0.001 * static_cast<double>(i);
  row.gross_J = 12.5 + 0.01 * static_cast<double>(i);
  return row;
}

void read_cells_file(benchmark::State& state) {
  const auto path = std::filesystem::temp_directory_path() / "tbft-csv-bench.csv";
  std::vector<CellRow> rows;
  for (std::int64_t i = 0; i < state.range(0); ++i) rows.push_back(sample(i));
  replace_cells(path, rows);
  for (auto _ : state) benchmark::DoNotOptimize(read_cells(path));
  state.SetItemsProcessed(state.iterations() * state.range(0));
  std::filesystem::remove(path);
}
BENCHMARK(read_cells_file)->Arg(100)->Arg(10'000)->Unit(benchmark::kMillisecond);

// As a sweep writes: each row appended and synced.
void append_row(benchmark::State& state) {
  const auto path = std::filesystem::temp_directory_path() / "tbft-csv-bench.csv";
  std::filesystem::remove(path);
  const auto row = sample(0);
  for (auto _ : state) append_cell(path, row);
  std::filesystem::remove(path);
}
BENCHMARK(append_row)->Unit(benchmark::kMillisecond);

}  // namespace
