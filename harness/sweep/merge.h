// `tbft merge`: joins the run directories of cells that were run separately (run --cell).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/experiment/plan.h"

namespace tbft {

struct MissingCell {
  std::int64_t index = 0;  // position in the plan, as --cell expects it
  std::string id;
  std::optional<Cell> cell = std::nullopt;  // unknown if the plan of run.json cannot be made again
};

struct MergeOutcome {
  std::int64_t planned = 0, ok = 0, failed = 0, invalid = 0;
  std::int64_t spared = 0;           // in no part, and not needed by sweep.until
  std::vector<MissingCell> missing;  // the other cells of the plan that are in no part
};

// Writes `out`: the parts' rows in the order of the plan, each with the run_id of its measurement; their journals, one after
// another; their traces, named as if the parts were executions of one run; and a new run.json that names the parts. `tbft run
// --resume` can continue it. The directory appears completely or not at all. Incomplete rows are reported to `warn` and left
// out. Throws RunDirectoryError if `out` is not empty, a part is no run directory or in use, plans, settings, checkpoint,
// images, machine or search results differ, or two parts have a row of the same cell.
MergeOutcome merge_runs(const std::vector<std::filesystem::path>& parts, const std::filesystem::path& out,
                        const std::vector<std::string>& command_line, const std::function<void(const std::string&)>& warn);

}  // namespace tbft
