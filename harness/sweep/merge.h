// `tbft merge`: the run directories of cells that were run apart (run --cell) become one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace tbft {

struct MissingCell {
  std::int64_t index = 0;  // in the plan, as --cell takes it
  std::string id;
};

struct MergeOutcome {
  std::int64_t planned = 0, ok = 0, failed = 0, invalid = 0;
  std::vector<MissingCell> missing;  // cells of the plan that no part has
};

// Writes `out`: the parts' rows in the order of the plan, each with the run_id it was measured under; their journals one after
// the other; their traces, named as if the parts had been executions of one run; a run.json of its own, which names the parts.
// `tbft run --resume` goes on with it. It appears whole or not at all. `warn` is told of torn rows, which are left out.
// Throws RunDirectoryError where `out` holds something, a part is no run directory or is at work, plans, settings, checkpoint,
// images, machine or searched values differ, or two parts have a row of the same cell.
MergeOutcome merge_runs(const std::vector<std::filesystem::path>& parts, const std::filesystem::path& out,
                        const std::vector<std::string>& command_line, const std::function<void(const std::string&)>& warn);

}  // namespace tbft
