#include "results/columns.h"

#include "results/benchmark.h"

namespace tbft::results {

std::vector<CsvText> csv_texts() {
  return {
      {"cells",
       "cells.csv of a run directory: one row for each cell. cells.superseded.csv has the rows that --resume replaced. The "
       "plan "
       "that `tbft run --dry-run` prints, and `tbft measure --json`, use the same names. An empty field is unknown.",
       cell_column_texts()},
      {"meters",
       "meters.csv of a run directory with several meters: one row for each cell and each meter beside the first, with the "
       "columns of cells.csv that name the cell and give its energy. An empty field is unknown.",
       meter_column_texts()},
      {"step_cost",
       "step_cost.csv, from `tbft step-cost`: one training step of one image, a row for each strategy of each network. An "
       "empty "
       "field is unknown.",
       step_cost_column_texts()},
      {"operations",
       "operations.csv, from `tbft step-cost`: the time of that step by operation. The operations of a strategy add up to its "
       "step.",
       operation_column_texts()},
      {"report", "`tbft report --format csv`: one row for each strategy of each table.", report_column_texts()},
      {"compare", "`tbft compare --format csv`: one row for each quantity over all cells, of each strategy and of each cell.",
       compare_column_texts()},
      {"measure",
       "`tbft measure --export-csv`: one row for each command, with hyperfine's names for the seconds. Columns parameter_NAME "
       "follow where --parameter-list is given. An empty field is unknown.",
       benchmark_column_texts()},
  };
}

}  // namespace tbft::results
