#include "results/tables/summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <map>

#include "results/text.h"

namespace tbft::results {

namespace {

// The paper averages over the corruptions: so do we, beside the table of each. Block noise is one experiment a block: no mean.
std::vector<Group> means_over_conditions(std::span<const Group> groups) {
  std::map<Key, std::vector<Group>> sets;
  for (const Group& group : groups) {
    if (group.key.condition.empty() || group.key.condition.starts_with("noise-")) continue;
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

Summary summarize(std::span<const CellRow> rows) {
  Summary summary;
  const std::vector<Group> groups = group_rows(rows);
  for (const Group& group : groups) summary.tables.push_back(make_table(group));
  for (const Group& group : means_over_conditions(groups)) summary.tables.push_back(make_table(group));
  summary.winners = winners(groups);
  for (const CellRow& row : rows) {
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

}  // namespace tbft::results
