// Estimates how long a plan takes on this machine and how many joules, for `--dry-run`.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "harness/experiment/plan.h"
#include "harness/experiment/settings.h"
#include "harness/host/board.h"
#include "harness/host/console.h"
#include "tbft/power/registry.h"

namespace tbft {

struct Forecast {
  std::int64_t cells = 0;
  double seconds = 0;                                         // of all cells with their idle windows
  double joules = std::numeric_limits<double>::quiet_NaN();   // gross, of the cells alone; NaN if the power is unknown
  double power_W = std::numeric_limits<double>::quiet_NaN();  // gross, while the steps were timed
  bool measured = false;                                      // by a meter; otherwise the joules are an estimate or a replay
  bool from_rows = false;          // from the rows of the run so far; otherwise from steps timed now, as if no cell stops early
  std::vector<std::string> notes;  // what it leaves out or assumes
  std::string unknown;             // the reason why there is no forecast; the rest is then without meaning
};

struct ForecastRequest {
  Settings settings;  // as requested by file and --set
  std::vector<Cell> cells;
  std::filesystem::path directory = {};  // of the run; empty: it has none yet
  bool allow_script = false;
  power::Programs programs = power::Programs::refused;  // as of RunRequest
};
// From the rows of the run if it has some. Otherwise it loads the base model and the images of the first cell, and times a few
// steps of several strategies with the meter running. Whatever prevents it is in `unknown`; throws only Interrupted.
Forecast make_forecast(const ForecastRequest& request, const Board& board, Console& console, const std::atomic<bool>& stop);

// From the rows alone: the remaining cells take as long as those did. Throws as read_cells().
Forecast forecast_from_rows(const std::filesystem::path& cells_csv, const std::vector<Cell>& cells, double idle_s);

// "about 24 min 10 s for 42 cells, ...", and the same as JSON.
std::string to_text(const Forecast& forecast);
nlohmann::ordered_json to_json(const Forecast& forecast);

}  // namespace tbft
