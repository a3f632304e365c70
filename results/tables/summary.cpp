#include "results/tables/summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <map>
#include <utility>

#include "results/text.h"

namespace tbft::results {

namespace {

// The paper averages over the corruptions. So do we, in addition to a table for each.
std::vector<Group> means_over_conditions(std::span<const Group> groups) {
  std::map<Key, std::vector<Group>> sets;
  for (const Group& group : groups) {
    if (group.key.condition.empty()) continue;
    Key key = group.key;
    key.condition.clear();
    sets[key].push_back(group);
  }
  std::vector<Group> result;
  for (const auto& [shared, members] : sets) {
    if (members.size() < 2) continue;
    Key key = shared;
    key.condition = fmt::format("mean of {} conditions", members.size());
    result.push_back(pool(members, key));
  }
  return result;
}

std::string row_line(std::string_view kind, const CellRow& row) {
  std::vector<std::string> parts;
  for (const std::string* part : {&row.dataset, &row.drift, &row.condition}) {
    if (!part->empty()) parts.push_back(printable(*part, 80));
  }
  if (row.train_size) parts.push_back(fmt::format("{:.6g} %", 100 * *row.train_size));
  parts.push_back(row.strategy.empty() ? "no strategy" : printable(row.strategy, 80));
  if (row.repetition) parts.push_back(fmt::format("repetition {}", *row.repetition));
  if (!row.cell_id.empty()) parts.push_back(fmt::format("cell {}", printable(row.cell_id, 80)));
  return fmt::format("{}: {}: {}", kind, fmt::join(parts, ", "),
                     row.reason.empty() ? "no reason given" : printable(row.reason));
}

}  // namespace

Summary summarize(const Inputs& inputs) {
  Summary summary;
  std::vector<Group> groups = group_rows(inputs.cells, inputs.correctness);
  summary.regrets = regrets(inputs.cells, groups, inputs.levels);
  summary.block_noise = block_noise(groups);
  std::erase_if(groups, [](const Group& group) { return is_block_noise(group.key); });
  for (const Group& group : groups) summary.tables.push_back(make_table(group));
  for (const Group& group : means_over_conditions(groups)) summary.tables.push_back(make_table(group));
  summary.step_costs = step_cost_tables(inputs.step_costs);
  summary.headlines = headlines(groups, summary.step_costs);
  summary.winners = winners(groups);
  for (const CellRow& row : inputs.cells) {
    if (row.status == "invalid") {
      summary.invalid.push_back(row_line("invalid", row));
    } else if (row.status == "failed") {
      summary.failures.push_back(row_line("failed", row));
    } else if (row.status != "ok") {
      summary.failures.push_back(row_line(fmt::format("failed (status '{}')", printable(row.status, 20)), row));
    }
  }
  return summary;
}

Summary summarize(std::vector<CellRow> rows) {
  return summarize(Inputs{std::move(rows), {}, {}});
}

std::vector<Table> all_tables(const Summary& summary) {
  std::vector<Table> tables = summary.tables;
  for (const BlockNoise& noise : summary.block_noise) {
    for (const auto& column : noise.noised) {
      if (column) tables.push_back(*column);
    }
  }
  return tables;
}

}  // namespace tbft::results
