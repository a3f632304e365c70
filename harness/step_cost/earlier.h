// Reads what an earlier measurement of step cost left in its directory.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "harness/step_cost/step_cost.h"

namespace tbft {

// The settings that must be equal if two measurements share a directory. The networks may differ, because each has its own
// rows.
nlohmann::json settings_json(const StepCostRequest& request);

// Reads the rows of an earlier measurement with the same settings; a new directory has none. Throws RunDirectoryError for a
// directory measured with other settings, or one that this program did not write.
StepCostOutcome read_earlier(const std::filesystem::path& directory, const nlohmann::json& settings);

}  // namespace tbft
