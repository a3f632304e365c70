#include "harness/sweep/until.h"

#include <algorithm>
#include <cmath>

#include "results/statistics.h"

namespace tbft {

namespace {

constexpr std::size_t fewest = 3;  // of two values the interval is many times their distance

std::optional<double> value_of(const results::CellRow& row, const std::string& quantity) {
  if (quantity == "train_s") return row.train_s;
  return row.train_net_J ? row.train_net_J : row.train_gross_J;
}

}  // namespace

void Until::add(const results::CellRow& row) {
  if (row.status != "ok" || results::is_contended(row)) return;  // a report leaves out its joules and times
  auto& seen = seen_[{row.drift, row.condition, row.train_size.value_or(0), row.strategy, row.point}];
  if (!seen.cells.insert(row.cell_id).second) return;
  if (const auto value = value_of(row, target_.quantity); value && *value > 0) seen.values.push_back(*value);
}

bool Until::enough(const Cell& cell) const {
  const auto found = seen_.find({cell.drift, cell.condition, cell.train_size, cell.strategy, cell.point.text()});
  if (target_.quantity.empty() || found == seen_.end() || found->second.cells.size() < fewest) return false;
  const auto& values = found->second.values;
  if (values.empty()) return true;
  if (values.size() < fewest) return false;
  const auto of = results::statistics(values);
  return std::max(of.high - of.mean, of.mean - of.low) <= target_.relative * of.mean;
}

}  // namespace tbft
