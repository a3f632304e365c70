// Provenance of a result: tool, compiler, library versions, board.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "harness/host/board.h"

namespace tbft {

// Project version and commit, e.g. "0.1.0+1a2b3c4d5e6f".
std::string tool_version();
// {"tool_version", "compiler", "build", "host", "board", "cpu", "cores", "kernel", "cpu_governor"}
nlohmann::json provenance_json(const Board& board);
// The current time in UTC as 20240131T235959Z, for file names.
std::string utc_compact();

}  // namespace tbft
