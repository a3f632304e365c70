#include "results/tables/step_costs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "results/published/published.h"
#include "results/text.h"

namespace tbft::results {

namespace {

constexpr double ms_per_s = 1000;

double number(const StepCostRow::Number& value) {
  return value.value_or(unknown);
}

// Uses net joules and savings if the whole table has net joules.
StepCostLine line_of(const StepCostRow& row, bool net) {
  return {.step_s = number(row.step_s),
          .step_s_interval = {number(row.step_s_low), number(row.step_s_high)},
          .J = number(net ? row.net_J : row.gross_J),
          .U_J = number(net ? row.U_net_J : row.U_gross_J),
          .saving_time_pct = number(row.saving_time_pct),
          .saving_time_interval = {number(row.saving_time_low), number(row.saving_time_high)},
          .saving_J_pct = number(net ? row.saving_net_pct : row.saving_gross_pct),
          .saving_macs_pct = number(row.saving_macs_pct),
          .peak_rss_MiB = number(row.peak_rss_MiB),
          .paper_view_J = number(row.paper_view_J)};
}

bool is_estimate(const StepCostRow& row) {
  return row.measured == 0 && row.meter.starts_with("estimate:");
}

// No saving is formed from measured joules whose interval contains 0.
void leave_out_unresolved(StepCostTable& table) {
  if (is_estimate(table.first)) return;
  const auto resolved = [](const StepCostLine& line) { return line.J - (std::isnan(line.U_J) ? 0 : line.U_J) > 0; };
  const auto full = table.lines.find("full");
  const bool whole = full != table.lines.end() && resolved(full->second);
  for (auto& [strategy, line] : table.lines) {
    if (!whole || !resolved(line)) line.saving_J_pct = unknown;
  }
}

// The mean of the blocks. It has no intervals, because they cannot be derived from the rows.
void add_block_average(StepCostTable& table) {
  StepCostLine mean;
  const std::vector<std::string> blocks = blocks_among(table.lines);
  for (double StepCostLine::*member :
       {&StepCostLine::step_s, &StepCostLine::J, &StepCostLine::saving_time_pct, &StepCostLine::saving_J_pct,
        &StepCostLine::saving_macs_pct, &StepCostLine::paper_view_J}) {
    double sum = 0;
    for (const std::string& block : blocks) {
      const auto line = table.lines.find(block);
      if (line == table.lines.end()) return;
      sum += line->second.*member;
    }
    mean.*member = sum / static_cast<double>(blocks.size());
  }
  table.lines["block-avg"] = mean;
}

StepCostTable table_of(std::span<const StepCostRow* const> rows) {
  StepCostTable table;
  table.first = *rows.front();
  table.size = fmt::format("{}px-{}out", table.first.pixels.value_or(0), table.first.classes.value_or(0));
  const auto all = [&](auto known) { return std::ranges::all_of(rows, [&](const StepCostRow* row) { return known(*row); }); };
  table.net = all([](const StepCostRow& row) { return row.net_J.has_value(); });
  for (const StepCostRow* row : rows) table.lines[row->strategy] = line_of(*row, table.net);
  leave_out_unresolved(table);
  add_block_average(table);
  table.measured = all([](const StepCostRow& row) { return row.measured == 1 && row.gross_J; });
  const auto average = table.lines.find("block-avg");
  const bool compared = average != table.lines.end() && std::isfinite(average->second.saving_J_pct);
  if (table.measured && compared) table.basis = table.net ? StepBasis::net : StepBasis::gross;
  return table;
}

std::string caption_of(const StepCostTable& table) {
  const StepCostRow& row = table.first;
  if (std::ranges::none_of(table.lines, [](const auto& line) { return std::isfinite(line.second.J); }))
    return "no joules: savings are of time; the paper's joules are proportional to time";
  const std::string meter = printable(row.meter, 80);
  if (table.measured)
    return fmt::format("{} joules of one step, {}, {}", printable(row.meter_scope, 20),
                       table.net ? "net of idle" : "gross (idle power included)", meter);
  return fmt::format("joules are an estimate ({}), not a measurement: savings compared with the paper's are of time", meter);
}

}  // namespace

std::string_view to_string(StepBasis basis) {
  return name_in<StepBasis, 3>({"time", "gross joules", "net joules"}, basis);
}

std::vector<StepCostTable> step_cost_tables(std::span<const StepCostRow> rows) {
  using Setup = std::tuple<std::string, std::string, std::string, std::optional<std::int64_t>, std::optional<std::int64_t>,
                           std::string, std::optional<std::int64_t>, std::string, std::string>;
  std::map<Setup, std::vector<const StepCostRow*>> groups;
  for (const StepCostRow& row : rows) {
    const bool ours = row.variant == "tbft";
    groups[{row.board, row.network, row.run_id, row.pixels, row.classes, (ours ? "0" : "1") + row.variant, row.threads,
            row.backend, row.layout}]
        .push_back(&row);
  }
  std::vector<StepCostTable> result;
  result.reserve(groups.size());
  for (const auto& [key, members] : groups) result.push_back(table_of(members));
  return result;
}

double saving(const StepCostTable& table, const std::string& strategy) {
  const auto line = table.lines.find(strategy);
  if (line == table.lines.end() || strategy == "full") return unknown;
  return table.basis == StepBasis::time ? line->second.saving_time_pct : line->second.saving_J_pct;
}

double published_step(const StepCostTable& table, std::string_view strategy, std::string_view metric) {
  if (!is_papers_network(table.first.network)) return unknown;
  const Published* value = find_published("system-cost", table.size, strategy, metric);
  return value == nullptr ? unknown : value->value;
}

Section section_of(const StepCostTable& table) {
  const StepCostRow& row = table.first;
  Section section;
  section.title = fmt::format("one training step of one image, {}, {}", table.size, printable(row.variant, 40));
  const std::string threads = row.threads ? fmt::format("{} thread{}", *row.threads, *row.threads == 1 ? "" : "s") : "";
  section.origin = comma_list({row.network, row.board, row.backend, row.layout, threads}, 60);
  section.captions.push_back(caption_of(table));
  if (row.variant == "published-quirk")
    section.captions.emplace_back(
        "layers picked by substring as in the paper's script: block1 also trains conv1 of every layer");
  section.cells.push_back({"strategy", "step ms", "95 % interval", "J", "saving J %", "saving time %", "95 % interval",
                           "MAC model %", "paper saving %", "paper J", "paper's view J", "peak MiB"});
  section.least_needed = {9, 8, 10, 11, 7, 2, 6};  // the paper's, then memory, the model and the intervals
  for (const auto& [strategy, line] : table.lines) {
    section.cells.push_back(
        {strategy, significant(ms_per_s * line.step_s, 4),
         interval_text(ms_per_s * line.step_s_interval.low, ms_per_s * line.step_s_interval.high, 3),
         with_uncertainty(line.J, line.U_J), decimals(line.saving_J_pct, 1), decimals(line.saving_time_pct, 1),
         interval_text(line.saving_time_interval.low, line.saving_time_interval.high, 1), decimals(line.saving_macs_pct, 1),
         decimals(published_step(table, strategy, "energy_saving_pct"), 1),
         decimals(published_step(table, strategy, "energy_J"), 3), significant(line.paper_view_J, 3),
         decimals(line.peak_rss_MiB, 0)});
  }
  return section;
}

}  // namespace tbft::results
