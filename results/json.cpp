#include "results/json.h"

#include <nlohmann/json.hpp>

#include "results/tables/long_form.h"

namespace tbft::results {

namespace {

using Json = nlohmann::ordered_json;

Json value(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}
// NaN and infinity are written as null.
template <typename Number>
Json value(const Number& number) {
  return number;
}
template <typename T>
Json value(const std::optional<T>& number) {
  return number ? Json(*number) : Json();
}

template <typename Row>
Json object_of(std::span<const CsvColumn<Row>> columns, const Row& row) {
  Json::object_t result;
  result.reserve(columns.size());
  // Names of columns are unique, so none is searched for before it is added.
  for (const auto& column : columns)
    result.emplace_back(std::string(column.name), std::visit([&](auto member) { return value(row.*member); }, column.member));
  return result;
}

template <typename Row>
Json list_of(std::span<const CsvColumn<Row>> columns, const std::vector<Row>& rows) {
  Json list = Json::array();
  for (const Row& row : rows) list.push_back(object_of(columns, row));
  return list;
}

Json object(const Table& table, const Line& line) {
  Json result = Json::object();
  for (const Field& field : long_form(table, line)) {
    result[std::string(field.name)] = std::visit([](const auto& v) { return value(v); }, field.value);
  }
  return result;
}

Json object(const Winner& winner) {
  Json rivals = Json::array();
  for (const Rival& rival : winner.rivals) {
    rivals.push_back({{"strategy", value(rival.strategy)},
                      {"accuracy_pct", rival.accuracy_pct.mean},
                      {"points", rival.points.mean},
                      {"points_low", rival.points.low},
                      {"points_high", rival.points.high},
                      {"joule_ratio", rival.joules.value},
                      {"U_joule_ratio", rival.joules.U}});
  }
  return {{"drift", value(winner.key.drift)},
          {"dataset", value(winner.key.dataset)},
          {"protocol", value(winner.key.protocol)},
          {"board", value(winner.key.board)},
          {"network", value(winner.key.network)},
          {"point", value(winner.key.point)},
          {"tables_averaged", winner.pooled},
          {"winner", value(winner.strategy)},
          {"missing", winner.missing},
          {"near_ties", winner.near_ties},
          {"accuracy_pct", value(winner.accuracy_pct.mean)},
          {"block_avg_pct", value(winner.block_avg_pct.mean)},
          {"full_pct", value(winner.full_pct.mean)},
          {"energy_basis", value(std::string(to_string(winner.energy.basis)))},
          {"measured", winner.energy.basis == Basis::none ? Json() : Json(!winner.energy.estimate)},
          {"train_J", value(winner.train.spread.mean)},
          {"full_train_J", value(winner.full_train.spread.mean)},
          {"rivals", rivals},
          {"paper_table", value(winner.paper_table)},
          {"paper_winner", value(winner.paper_strategy)}};
}

Json object(const MeterBeside& meter) {
  return {{"first", value(meter.first)},
          {"first_scope", value(meter.first_scope)},
          {"meter", value(meter.meter)},
          {"scope", value(meter.scope)},
          {"cells", meter.cells},
          {"invalid", meter.invalid},
          {"windows", meter.ratio.windows},
          {"ratio", meter.ratio.ratio},
          {"ratio_low", meter.ratio.low},
          {"ratio_high", meter.ratio.high},
          {"U_first_rel", meter.ratio.U_first_rel},
          {"U_rel", meter.ratio.U_further_rel}};
}

Json object(const Frontier& frontier) {
  Json points = Json::array();
  for (const FrontierPoint& point : frontier.points) {
    points.push_back({{"strategy", value(point.strategy)},
                      {"point", value(point.point)},
                      {"n", point.accuracy_pct.n},
                      {"accuracy_pct", value(point.accuracy_pct.mean)},
                      {"train_J", value(point.train.spread.mean)},
                      {"U_train_J", value(point.train.U_J)},
                      {"J_per_point", value(point.J_per_point)}});
  }
  return {{"dataset", value(frontier.key.dataset)},   {"drift", value(frontier.key.drift)},
          {"protocol", value(frontier.key.protocol)}, {"board", value(frontier.key.board)},
          {"network", value(frontier.key.network)},   {"points", points},
          {"obstacle", value(frontier.obstacle)}};
}

Json object(const RuleCheck& check) {
  Json parts = Json::object();
  for (std::size_t part = 0; part < network_parts.size(); ++part)
    parts[std::string(network_parts[part])] = {{"best", value(check.best[part])},
                                               {"accuracy_pct", value(check.accuracy_pct[part])}};
  return {{"network", value(check.key.network)}, {"drift", value(check.key.drift)},
          {"dataset", value(check.key.dataset)}, {"protocol", value(check.key.protocol)},
          {"board", value(check.key.board)},     {"point", value(check.key.point)},
          {"tables_averaged", check.pooled},     {"repetitions", check.repetitions},
          {"rule", network_parts[check.part]},   {"parts", parts},
          {"lead_points", check.lead_points},    {"low", value(check.lead.low)},
          {"high", value(check.lead.high)},      {"verdict", verdict(check)}};
}

// One object for each column: the noised block, the best block, the diagonal. The summary has the accuracies.
Json object(const BlockNoise& noise) {
  const Diagonal counted = diagonal(noise);
  Json result{{"dataset", value(noise.key.dataset)},
              {"protocol", value(noise.key.protocol)},
              {"board", value(noise.key.board)},
              {"point", value(noise.key.point)},
              {"diagonal_best", counted.best},
              {"columns_compared", counted.of},
              {"columns", Json::array()}};
  for (std::size_t i = 0; i < noise.blocks.size(); ++i) {
    result["columns"].push_back({{"noised", noise.blocks[i]},
                                 {"best", value(best_measured(noise, i))},
                                 {"paper_best", is_papers_data(noise) ? value(best_published(noise.blocks[i])) : Json()}});
  }
  return result;
}

Json object(const HeadlineView& view) {
  Json levels = Json::object();
  for (std::size_t i = 0; i < drift_levels.size(); ++i) levels[std::string(drift_levels[i])] = value(view.level[i]);
  return {{"levels", levels},
          {"mean", view.mean},
          {"low", view.interval.low},
          {"high", view.interval.high},
          {"tables", view.tables}};
}

Json object(const Headline& headline) {
  Json lines = Json::array();
  for (const HeadlineLine& line : headline.lines) {
    lines.push_back({{"quantity", line.measured.quantity},
                     {"view", line.measured.view},
                     {"measured", object(line.measured)},
                     {"paper", object(line.paper)},
                     {"paper_same_levels", line.paper_same_levels},
                     {"paper_printed", line.printed}});
  }
  return {{"protocol", value(headline.protocol)},
          {"board", value(headline.board)},
          {"network", value(headline.network)},
          {"point", value(headline.point)},
          {"missing_levels", headline.missing_levels},
          {"lines", lines},
          {"notes", headline.notes}};
}

Json object(const Estimate& estimate) {
  return {{"value", estimate.value}, {"low", estimate.interval.low}, {"high", estimate.interval.high}};
}

Json object(const RegretLine& line) {
  return {{"strategy", value(line.strategy)},
          {"accuracy_pct", line.accuracy_pct},
          {"regret_points", object(line.regret_points)},
          {"share_of_full_pct", object(line.share_of_full_pct)},
          {"J_regret_pct", object(line.J_regret_pct)},
          {"joule_cases", line.joule_cases}};
}

// By true level: the number of cells that named each level, and the recall.
Json object(const LevelsNamed& counted) {
  Json result = Json::object();
  for (std::size_t level = 0; level < true_levels; ++level) {
    Json named = Json::object();
    for (std::size_t i = 0; i < level_names.size(); ++i) named[std::string(level_names[i])] = counted.named[level][i];
    result[std::string(level_names[level])] = {{"named", named}, {"recall_pct", recall_pct(counted, level)}};
  }
  return {{"levels", result},
          {"mean_recall_pct", mean_recall(counted).pct},
          {"untold", counted.without_diagnosis},
          {"other", counted.other}};
}

Json object(const Regret& regret) {
  Json lines = Json::array();
  for (const RegretLine& line : regret.lines) lines.push_back(object(line));
  return {{"protocol", value(regret.protocol)},
          {"board", value(regret.board)},
          {"network", value(regret.network)},
          {"point", value(regret.point)},
          {"drifts", regret.drifts},
          {"cases", regret.cases},
          {"cases_left_out", regret.left_out},
          {"energy_basis", value(std::string(to_string(regret.energy.basis)))},
          {"energy", value(regret.energy.caption)},
          {"lines", lines},
          {"oracle", regret.fixed > 0 && regret.cases > 0 ? object(regret.oracle) : Json()},
          {"oracle_was", regret.oracle_was},
          {"levels_named", regret.levels ? object(*regret.levels) : Json()}};
}

std::string dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

constexpr const char* cells_key = "cells";

// Fills the empty list of cells in the text of a report. As JSON objects the rows would take several times the memory of their
// text, and there may be 100,000 of them.
std::string with_cells(const std::string& report, const std::vector<CellRow>& cells) {
  if (cells.empty()) return report;
  const std::size_t inside = report.find("[]") + 1;
  std::string text = report.substr(0, inside);
  for (const CellRow& cell : cells) {
    if (&cell != &cells.front()) text += ',';
    const std::size_t begin = text.size();
    const std::string lines = dump(object_of(columns(), cell), 1) + '\n';  // a string in JSON has no line end inside
    for (std::size_t at = 0; at < lines.size();) {
      const std::size_t end = lines.find('\n', at);
      (text += "\n  ").append(lines, at, end - at);
      at = end + 1;
    }
    if (begin == inside) text.reserve(report.size() + (text.size() - begin) * cells.size() * 5 / 4);
  }
  (text += "\n ").append(report, inside);
  return text;
}

}  // namespace

std::string json_row(const CellRow& row) {
  return dump(object_of(columns(), row), -1);
}

std::string json_step_costs(const std::vector<StepCostRow>& rows, const std::vector<OperationRow>& operations) {
  return dump({{"step_cost", list_of(step_cost_columns(), rows)}, {"operations", list_of(operation_columns(), operations)}},
              -1);
}

std::string json_headline(const Headline& headline) {
  return dump(object(headline), -1);
}

std::string render_json(const Inputs& inputs, const Summary& summary) {
  Json report;
  for (const char* part : {cells_key, "summary", "overview", "block_noise", "step_costs", "headlines", "winners"})
    report[part] = Json::array();
  for (const Table& table : all_tables(summary)) {
    for (const Line& line : table.lines) report["summary"].push_back(object(table, line));
  }
  for (const Overview& overview : summary.overviews) {
    for (const Table& table : overview.levels) {
      for (const Line& line : table.lines) report["overview"].push_back(object(table, line));
    }
  }
  for (const BlockNoise& noise : summary.block_noise) report["block_noise"].push_back(object(noise));
  report["step_costs"] = list_of(step_cost_columns(), inputs.step_costs);
  for (const Headline& headline : summary.headlines) report["headlines"].push_back(object(headline));
  for (const Regret& regret : summary.regrets)
    report["regrets"].push_back(object(regret));  // without selectors there is no key
  for (const Winner& winner : summary.winners) report["winners"].push_back(object(winner));
  for (const Frontier& frontier : summary.frontiers)
    report["frontiers"].push_back(object(frontier));                                          // only for several points
  for (const MeterBeside& meter : summary.meters) report["meters"].push_back(object(meter));  // only for several meters
  for (const RuleCheck& check : summary.rule) report["paper_rule"].push_back(object(check));  // only for several networks
  return with_cells(dump(report, 1) + '\n', inputs.cells);
}

}  // namespace tbft::results
