#include "results/json.h"

#include <cstdint>
#include <nlohmann/json.hpp>

#include "results/tables/long_form.h"

namespace tbft::results {

namespace {

using Json = nlohmann::ordered_json;

Json value(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}
// NaN and infinity are written as null.
Json value(double number) {
  return number;
}
Json value(std::int64_t number) {
  return number;
}

template <typename T>
Json value(const std::optional<T>& number) {
  return number ? value(*number) : Json();
}

Json object(const CellRow& row) {
  Json result = Json::object();
  for (const Column& column : columns()) {
    result[std::string(column.name)] = std::visit([&](auto member) { return value(row.*member); }, column.member);
  }
  return result;
}

Json object(const Table& table, const Line& line) {
  Json result = Json::object();
  for (const Field& field : long_form(table, line)) {
    result[std::string(field.name)] = std::visit([](const auto& v) { return value(v); }, field.value);
  }
  return result;
}

Json object(const Winner& winner) {
  return {{"drift", value(winner.key.drift)},
          {"dataset", value(winner.key.dataset)},
          {"protocol", value(winner.key.protocol)},
          {"board", value(winner.key.board)},
          {"tables_averaged", winner.tables},
          {"winner", value(winner.strategy)},
          {"missing", winner.missing},
          {"near_ties", winner.near_ties},
          {"accuracy_pct", value(winner.accuracy_pct.mean)},
          {"block_avg_pct", value(winner.block_avg_pct.mean)},
          {"full_pct", value(winner.full_pct.mean)},
          {"energy_basis", value(std::string(to_string(winner.energy.basis)))},
          {"train_J", value(winner.train.spread.mean)},
          {"full_train_J", value(winner.full_train.spread.mean)},
          {"paper_table", value(winner.paper_table)},
          {"paper_winner", value(winner.paper_strategy)}};
}

std::string dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string json_row(const CellRow& row) {
  return dump(object(row), -1);
}

std::string render_json(std::span<const CellRow> rows, const Summary& summary) {
  Json report{{"cells", Json::array()}, {"summary", Json::array()}, {"winners", Json::array()}};
  for (const CellRow& row : rows) report["cells"].push_back(object(row));
  for (const Table& table : summary.tables) {
    for (const Line& line : table.lines) report["summary"].push_back(object(table, line));
  }
  for (const Winner& winner : summary.winners) report["winners"].push_back(object(winner));
  return dump(report, 1) + '\n';
}

}  // namespace tbft::results
