#include "results/tables/meters_beside.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "results/text.h"

namespace tbft::results {

namespace {

constexpr std::size_t longest_uri = 80;

Joules gross_of(const CellRow& row) {
  return {.J = row.gross_J.value_or(unknown),
          .U_J = row.U_gross_J.value_or(unknown),
          .U_random_J = row.U_random_gross_J.value_or(unknown),
          .estimate = is_estimate(row)};
}

auto execution_of(const CellRow& row) {
  return std::tie(row.run_id, row.cell_id, row.started_utc);
}

}  // namespace

std::vector<MeterBeside> meters_beside(std::span<const CellRow> cells, std::span<const CellRow> meters) {
  std::map<std::tuple<std::string, std::string, std::string>, const CellRow*> executions;
  for (const auto& row : cells) executions[execution_of(row)] = &row;
  std::vector<MeterBeside> result;
  std::vector<std::vector<PairedJoules>> pairs;
  for (const auto& row : meters) {
    const auto cell = executions.find(execution_of(row));
    if (cell == executions.end()) continue;
    const CellRow& first = *cell->second;
    auto place = std::ranges::find_if(
        result, [&](const MeterBeside& other) { return other.first == first.meter && other.meter == row.meter; });
    if (place == result.end()) {
      result.push_back(
          {.first = first.meter, .first_scope = first.meter_scope, .meter = row.meter, .scope = row.meter_scope, .ratio = {}});
      pairs.emplace_back();
      place = result.end() - 1;
    }
    ++place->cells;
    if (!row.gross_J) ++place->invalid;
    if (place->scope == place->first_scope)
      pairs[static_cast<std::size_t>(place - result.begin())].push_back({gross_of(first), gross_of(row)});
  }
  for (std::size_t i = 0; i < result.size(); ++i) result[i].ratio = meter_ratio(pairs[i]);
  return result;
}

Section section_of(std::span<const MeterBeside> meters) {
  Section section{.title = "Meters beside the first one",
                  .captions = {"gross joules of whole cells; meters.csv of the run has all of them"}};
  section.cells.push_back({"meter", "scope", "cells", "without joules", "times the first"});
  section.least_needed = {1, 2};
  for (const auto& meter : meters) {
    const auto& ratio = meter.ratio;
    section.cells.push_back({printable(meter.meter, longest_uri), printable(meter.scope, 20), std::to_string(meter.cells),
                             std::to_string(meter.invalid),
                             ratio.windows == 0 ? "-" : with_uncertainty(ratio.ratio, (ratio.high - ratio.low) / 2)});
    section.lines.push_back(meter.scope == meter.first_scope
                                ? sentence(ratio, printable(meter.first, longest_uri), printable(meter.meter, longest_uri))
                                : fmt::format("{} measures the {}, the first meter the {}: no ratio",
                                              printable(meter.meter, longest_uri), printable(meter.scope, 20),
                                              printable(meter.first_scope, 20)));
  }
  return section;
}

}  // namespace tbft::results
