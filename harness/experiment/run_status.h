// How far a run or a recording is: one line for a terminal, a JSON file for other programs.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>

#include "harness/host/interrupted.h"
#include "results/statistics.h"
#include "results/text.h"

namespace tbft {

struct RunStatus {
  std::string command;                 // run | record
  std::string state = "starting";      // starting | running | idle | cooling: ... | done | invalid | interrupted | failed
  std::string output;                  // the run directory, or the trace
  std::string cell_id, cell;           // at work, and what it is; empty: none
  std::int64_t done = 0, planned = 0;  // cells; 0 planned: it has none
  double fraction = results::unknown;  // of all, 0 to 1; unknown for a recording without an end
  double elapsed_s = 0, eta_s = results::unknown;
  double power_W = results::unknown, energy_J = results::unknown;  // now, and since the start
  std::string meter;
  bool measured = false;  // energy and power are no estimate
  std::string message;    // why it failed, how to go on
};

// "[====>   ] 5/42 input drift 10 % fc | 3.21 W 153 J | ETA 3 min 20 s"
std::string status_line(const RunStatus& status);
// One object with these names; unknown is null.
std::string status_json(const RunStatus& status);

// The file is replaced whole, at most once a second while work goes on; it is not synced, so that a status costs no write to
// the disk while joules are measured. Without a path nothing happens.
class StatusFile {
 public:
  // Writes the first status. Throws std::system_error where the file cannot be written.
  StatusFile(std::filesystem::path path, const RunStatus& first);
  // A later failure is no reason to end a run: silent.
  void update(const RunStatus& status);
  // At once: a new state, the end.
  void write(const RunStatus& status) noexcept;
  bool wanted() const { return !path_.empty(); }

  // Does the work; where it is interrupted or fails the file says so before the error goes on.
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
