// Provenance of a result: tool, compiler, library versions, board.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "harness/host/board.h"

namespace tbft {

// The folder of the system's libraries, e.g. /usr/lib/x86_64-linux-gnu.
std::filesystem::path system_libraries();
// Project version and commit, e.g. "0.2.0+1a2b3c4d5e6f".
std::string tool_version();
// The version of libtorch that tbft-train is built with, e.g. "1.13.0"; empty in a build without libtorch.
std::string libtorch_of_build();
// The BLAS of this system, by the folder in which its library lies: "openblas-pthread"; "blas" is the slow reference. Debian's
// alternatives make `link` a link to it. Empty where there is none, as in a system that has its BLAS elsewhere.
std::string system_blas(const std::filesystem::path& link = system_libraries() / "libblas.so.3");
// {"tool_version", "compiler", "build", "host", "board", "cpu", "cores", "kernel", "cpu_governor"}
nlohmann::json provenance_json(const Board& board);
// The current time in UTC as 20240131T235959Z, for file names.
std::string utc_compact();

}  // namespace tbft
