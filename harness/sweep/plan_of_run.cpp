#include "harness/sweep/plan_of_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>

#include "results/text.h"

namespace tbft {

namespace {

using nlohmann::json;

// What make_plan() needs of the settings to order the cells. The ids come from run.json.
Settings settings_of(const json& requested) {
  Settings s;
  const auto take = [&](const char* key, auto& value) {
    if (requested.contains(key)) requested.at(key).get_to(value);
  };
  take("protocol", s.protocol);
  take("data.dataset", s.data.dataset);
  take("data.path", s.data.path);
  take("data.conditions", s.data.conditions);
  take("sweep.train_sizes", s.sweep.train_sizes);
  take("sweep.strategies", s.sweep.strategies);
  take("sweep.repetitions", s.sweep.repetitions);
  take("sweep.seed", s.sweep.seed);
  take("sweep.threads", s.sweep.threads);
  take("sweep.batch", s.sweep.batch);
  take("sweep.governor", s.sweep.governor);
  take("sweep.max_kHz", s.sweep.max_kHz);
  return s;
}

bool agrees(const std::vector<Cell>& plan, const results::CellRow& row) {
  const auto cell = std::ranges::find(plan, row.cell_id, &Cell::id);
  return cell != plan.end() && cell->dataset == row.dataset && cell->condition == row.condition &&
         cell->train_size == row.train_size && cell->strategy == row.strategy && cell->repetition == row.repetition &&
         cell->point.text() == row.point;
}

}  // namespace

std::vector<Cell> plan_of_run(const json& run, std::span<const results::CellRow> rows) {
  try {
    auto plan = make_plan(settings_of(run.at("requested")), Identity{});
    const auto& ids = run.at("plan");
    if (plan.size() != ids.size()) return {};
    for (std::size_t i = 0; i < plan.size(); ++i) ids.at(i).get_to(plan[i].id);
    const bool good = std::ranges::all_of(rows, [&](const results::CellRow& row) { return agrees(plan, row); });
    return good ? plan : std::vector<Cell>{};
  } catch (const std::exception&) {  // settings of another version
    return {};
  }
}

std::string cell_text(const Cell& cell) {
  return results::comma_list({cell.dataset, cell.drift_text(), results::percent_text(cell.train_size), cell.strategy,
                              cell.point.text(), fmt::format("repetition {}", cell.repetition)});
}

}  // namespace tbft
