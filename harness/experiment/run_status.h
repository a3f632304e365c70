// The progress of a run or a recording: a line for a terminal, and a JSON file for other programs.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <string>

#include "harness/host/interrupted.h"
#include "results/statistics.h"
#include "results/text.h"

namespace tbft {

struct RunStatus {
  std::string command;                 // run | record
  std::string state = "starting";      // starting | running | idle | cooling: ... | done | invalid | interrupted | failed
  std::string output;                  // run directory or trace
  std::string cell_id, cell;           // the current cell's id and description; empty: none
  std::int64_t done = 0, planned = 0;  // number of cells; planned is 0 if the work has no cells
  double fraction = results::unknown;  // of the work, 0 to 1; unknown for a recording without an end
  double elapsed_s = 0, eta_s = results::unknown;
  double power_W = results::unknown, energy_J = results::unknown;  // the present power, and the energy since the start
  std::string meter;
  bool measured = false;  // energy and power are measured, not estimated
  std::string message;    // the reason of a failure, or how to continue
};

// For example "[====>   ] 5/42 input drift 10 % fc | 3.21 W 153 J | ETA 3 min 20 s".
std::string status_line(const RunStatus& status);
// One object with these names; an unknown value is null.
std::string status_json(const RunStatus& status);

// Replaces the whole file, at most once a second while work goes on. The file is not synced, so that a status costs no disk
// write while joules are measured. Does nothing without a path.
class StatusFile {
 public:
  // Writes the first status. Throws std::system_error if the file cannot be written.
  StatusFile(std::filesystem::path path, const RunStatus& first);
  // A later failure is ignored, because it is no reason to end a run.
  void update(const RunStatus& status);
  // Writes at once; for a new state or the end.
  void write(const RunStatus& status) noexcept;
  bool wanted() const { return !path_.empty(); }

  // Does the work. If it is interrupted or fails, the file records that before the exception is passed on.
  template <typename Work>
  auto until_end(RunStatus& status, Work work) {
    const auto end = [&](const char* state, const std::string& message) {
      status.state = state;
      status.message = message;
      write(status);
    };
    try {
      return work();
    } catch (const Interrupted& error) {
      end("interrupted", results::error_text(error));
      throw;
    } catch (const std::exception& error) {
      end("failed", results::error_text(error));
      throw;
    }
  }

 private:
  std::filesystem::path path_;
  std::chrono::steady_clock::time_point written_;
};

}  // namespace tbft
