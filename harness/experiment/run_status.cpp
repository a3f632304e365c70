#include "harness/experiment/run_status.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/experiment/journal.h"
#include "harness/host/console.h"
#include "results/files.h"

namespace tbft {

std::string status_line(const RunStatus& status) {
  std::string line;
  if (std::isfinite(status.fraction)) line += bar(status.fraction) + " ";
  if (status.planned > 0) line += fmt::format("{}/{} ", status.done + 1, status.planned);
  if (!status.cell.empty()) line += status.cell + " ";
  if (status.state != "running") line += status.state + " ";
  if (status.planned == 0) line += duration_text(status.elapsed_s) + " ";
  line += std::isfinite(status.power_W) ? fmt::format("| {:.3g} W ", status.power_W) : "| - W ";
  if (std::isfinite(status.energy_J)) line += fmt::format("{:.4g} J ", status.energy_J);
  if (!status.measured) line += "(estimate) ";
  line += std::isfinite(status.eta_s) ? "| ETA " + duration_text(status.eta_s)
          : status.planned > 0        ? "| ETA ..."
                                      : "| Ctrl-C ends it";
  return line;
}

std::string status_json(const RunStatus& status) {
  const auto text = [](const std::string& value) {
    return value.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(value);
  };
  const nlohmann::ordered_json object{{"schema", 1},
                                      {"command", status.command},
                                      {"state", status.state},
                                      {"updated_utc", utc_now()},
                                      {"pid", getpid()},
                                      {"output", status.output},
                                      {"cells_done", status.done},
                                      {"cells_planned", status.planned},
                                      {"cell_id", text(status.cell_id)},
                                      {"cell", text(status.cell)},
                                      {"fraction", status.fraction},
                                      {"elapsed_s", status.elapsed_s},
                                      {"eta_s", status.eta_s},
                                      {"power_W", status.power_W},
                                      {"energy_J", status.energy_J},
                                      {"meter", text(status.meter)},
                                      {"measured", status.measured ? 1 : 0},
                                      {"message", text(status.message)}};
  return object.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

StatusFile::StatusFile(std::filesystem::path path, const RunStatus& first)
    : path_(std::move(path)), written_(std::chrono::steady_clock::now()) {
  if (wanted()) results::write_file_atomically(path_, status_json(first), results::Durable::no);
}

void StatusFile::update(const RunStatus& status) {
  if (wanted() && std::chrono::steady_clock::now() - written_ >= std::chrono::seconds(1)) write(status);
}

void StatusFile::write(const RunStatus& status) noexcept {
  if (!wanted()) return;
  try {
    results::write_file_atomically(path_, status_json(status), results::Durable::no);
  } catch (...) {  // a full disk ends no run; the next write may succeed
  }
  written_ = std::chrono::steady_clock::now();
}

}  // namespace tbft
