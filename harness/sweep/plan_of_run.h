// The cells of a run from its run.json, which lists their ids alone.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <vector>

#include "harness/experiment/plan.h"
#include "results/schema.h"

namespace tbft {

// Makes the plan again from the settings in `run`. The cells have the ids of run.json. Empty if that plan is not the one of
// run.json, for example because another version ordered it: the number of cells differs, or one of `rows` contradicts it.
std::vector<Cell> plan_of_run(const nlohmann::json& run, std::span<const results::CellRow> rows);

// "synthetic, input/gaussian_noise-5, 10 %, fc, repetition 1"
std::string cell_text(const Cell& cell);

}  // namespace tbft
