#include "harness/step_cost/step_cost.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/experiment/plan.h"
#include "harness/experiment/run_directory.h"
#include "results/files.h"

namespace tbft {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_json_bytes = std::size_t{1} << 20;

nlohmann::json read_description(const fs::path& path) {
  auto json = nlohmann::json::parse(results::read_file(path, max_json_bytes), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("settings") || !json["settings"].is_object())
    throw RunDirectoryError(fmt::format("{}: not written by this program; use another directory", path.string()));
  return json;
}

}  // namespace

nlohmann::json settings_json(const StepCostRequest& request) {
  nlohmann::json json{{"strategies", request.strategies}, {"quirk", request.quirk},       {"precision", request.precision},
                      {"max_s", request.max_s},           {"window_s", request.window_s}, {"meter", request.meter.uri},
                      {"interval_s", request.interval_s}, {"idle_s", request.idle_s},     {"threads", request.threads},
                      {"backend", request.backend},       {"layout", request.layout},     {"seed", request.seed}};
  if (request.file) {
    constexpr std::size_t largest = std::size_t{1} << 30U;
    json["network"] = {{"file", model_sha256(sha256_hex(results::read_file(request.file->path, largest)), request.file->key)},
                       {"blocks", request.file->blocks}};
    return json;
  }
  // Pixels and classes are in the rows. The paper's network has no entry, as in files of versions that knew no other.
  const auto& network = request.networks.front();
  const models::NetworkSpec papers{.classes = network.classes, .pixels = network.pixels};
  if (network != papers)
    json["network"] = fmt::format("{} {}, depth {}, width {}", network.family, network.variant, network.depth, network.width);
  return json;
}

StepCostOutcome read_earlier(const fs::path& directory, const nlohmann::json& settings) {
  StepCostOutcome outcome;
  const fs::path json_path = directory / "step_cost.json";
  if (!fs::exists(json_path)) {
    if (fs::exists(directory / "step_cost.csv"))
      throw RunDirectoryError(
          fmt::format("{} contains a step_cost.csv without its step_cost.json; use another directory", directory.string()));
    return outcome;
  }
  const auto json = read_description(json_path);
  std::vector<std::string> differ;
  for (const auto& [key, value] : settings.items())
    if (json["settings"].value(key, nlohmann::json()) != value) differ.push_back(key);
  if (json["settings"].contains("network") && !settings.contains("network")) differ.emplace_back("network");
  if (!differ.empty())
    throw RunDirectoryError(fmt::format("{} was measured with other settings ({}); use another directory", directory.string(),
                                        fmt::join(differ, ", ")));
  if (fs::exists(directory / "step_cost.csv")) outcome.rows = results::read_step_costs(directory / "step_cost.csv");
  if (fs::exists(directory / "operations.csv")) outcome.operations = results::read_operations(directory / "operations.csv");
  // Operations are written before the rows, so operations of a network without rows come from an incomplete measurement.
  std::erase_if(outcome.operations, [&](const results::OperationRow& operation) {
    return std::ranges::none_of(outcome.rows, [&](const results::StepCostRow& row) {
      return row.pixels == operation.pixels && row.classes == operation.classes;
    });
  });
  return outcome;
}

void check_machine(const fs::path& directory, const nlohmann::json& now) {
  const auto before = read_description(directory / "step_cost.json");
  for (const char* fact : {"board", "cpu", "libtorch", "blas"})
    if (before.contains(fact) && before[fact] != now[fact])
      throw RunDirectoryError(fmt::format(
          "{} was begun where {} was {}, and here it is {}; use another directory, or delete it to measure all here",
          directory.string(), fact, before[fact].dump(), now[fact].dump()));
}

}  // namespace tbft
