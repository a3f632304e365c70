// What an earlier measurement of step cost left in its directory.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "harness/step_cost/step_cost.h"

namespace tbft {

// What must be equal for two measurements to be one; the networks may differ, each has rows of its own.
nlohmann::json settings_json(const StepCostRequest& request);

// The rows of an earlier measurement with the same settings; none in a new directory. Throws RunDirectoryError for a directory
// of other settings, or one that this program did not write.
StepCostOutcome earlier(const std::filesystem::path& directory, const nlohmann::json& settings);

}  // namespace tbft
