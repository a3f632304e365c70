#include "results/tables/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "results/text.h"

namespace tbft::results {

namespace {

// The paper averages over the corruptions. So do we, in addition to a table for each.
std::vector<Group> means_over_conditions(std::span<const Group> groups) {
  std::vector<Group> conditions, result;
  std::ranges::copy_if(groups, std::back_inserter(conditions), [](const Group& group) { return !group.key.condition.empty(); });
  for (const auto& [shared, members] : over_conditions(conditions)) {
    if (members.size() < 2) continue;
    Group mean = pool(members, shared);
    if (mean.pooled == 0) continue;
    mean.key.condition = fmt::format("mean of {} conditions", count_text(mean.pooled, mean.tables));
    result.push_back(std::move(mean));
  }
  return result;
}

std::string row_line(std::string_view kind, const CellRow& row) {
  std::string cell = comma_list({row.dataset, row.drift, row.condition, row.train_size ? percent_text(*row.train_size) : "",
                                 row.strategy.empty() ? "no strategy" : row.strategy, row.point},
                                80);
  if (row.repetition) cell += fmt::format(", repetition {}", *row.repetition);
  if (!row.cell_id.empty()) cell += ", cell " + printable(row.cell_id, 80);
  return fmt::format("{}: {}: {}", kind, cell, row.reason.empty() ? "no reason given" : printable(row.reason));
}

}  // namespace

Summary summarize(const Inputs& inputs) {
  Summary summary;
  std::vector<Group> groups = group_rows(inputs.cells, inputs.correctness);
  summary.regrets = regrets(inputs.cells, groups, inputs.levels);
  summary.block_noise = block_noise(groups);
  std::erase_if(groups, [](const Group& group) { return is_block_noise(group.key); });
  summary.overviews = overviews(groups);
  summary.frontiers = frontiers(summary.overviews);
  for (const Group& group : groups) summary.tables.push_back(make_table(group));
  for (const Group& group : means_over_conditions(groups)) summary.tables.push_back(make_table(group));
  summary.meters = meters_beside(inputs.cells, inputs.meters);
  summary.step_costs = step_cost_tables(inputs.step_costs);
  summary.headlines = headlines(groups, summary.step_costs);
  summary.winners = winners(groups);
  summary.rule = check_rule(groups);
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
