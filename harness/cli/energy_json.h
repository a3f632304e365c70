// The energy of a window as JSON, with the names of the columns of cells.csv.
#pragma once

#include <nlohmann/json.hpp>

#include "tbft/power/energy.h"

namespace tbft::cli {

// nlohmann-json writes an unknown number (NaN) as null.
nlohmann::ordered_json energy_json(const power::Energy& energy);

}  // namespace tbft::cli
