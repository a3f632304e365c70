#include "plots/report_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "plots/joules.h"

namespace tbft::plots {

namespace {

using Json = nlohmann::json;
using results::CellRow;

// The columns that a reader needs first; "all columns" shows the rest.
constexpr std::string_view usual[] = {"dataset",  "drift",      "condition",     "train_size",   "point",
                                      "strategy", "repetition", "status",        "accuracy_pct", "train_s",
                                      "gross_J",  "U_gross_J",  "train_gross_J", "train_net_J",  "U_train_net_J",
                                      "mean_W",   "meter",      "measured",      "throttled"};
// These identify a cell and its data. The page can filter by them only if they are present.
constexpr std::string_view always[] = {"dataset", "drift", "condition", "train_size", "strategy", "repetition", "status"};

std::string field(const results::Column& column, const CellRow& row) {
  return std::visit([&](auto member) { return results::field_of(row.*member); }, column.member);
}

// Whether two rows have the same text in their files, where 0 is not -0.
bool is_same(const results::Column& column, const CellRow& a, const CellRow& b) {
  if (const auto* number = std::get_if<std::optional<double> CellRow::*>(&column.member);
      number != nullptr && (a.*(*number) != b.*(*number) || a.*(*number) == 0.0))
    return results::field_of(a.*(*number)) == results::field_of(b.*(*number));
  return std::visit([&](auto member) { return a.*member == b.*member; }, column.member);
}

bool is_constant(const results::Column& column, std::span<const CellRow> rows) {
  return std::ranges::all_of(rows, [&](const CellRow& row) { return is_same(column, row, rows.front()); });
}

double six_digits(double value) {
  if (!std::isfinite(value) || value == 0) return value;
  const double scale = std::pow(10.0, 5 - std::floor(std::log10(std::abs(value))));
  return std::isfinite(scale) && scale > 0 ? std::round(value * scale) / scale : value;
}

Json value_of(const results::Column& column, const CellRow& row) {
  if (const auto* text = std::get_if<std::string CellRow::*>(&column.member))
    return (row.*(*text)).empty() ? Json() : Json(row.*(*text));
  if (const auto* count = std::get_if<std::optional<std::int64_t> CellRow::*>(&column.member))
    return row.*(*count) ? Json(*(row.*(*count))) : Json();
  const auto& number = row.*std::get<std::optional<double> CellRow::*>(column.member);
  if (!number) return {};
  return column.name == "train_size" ? *number : six_digits(*number);
}

// Whether the column has measured numbers, which a page rounds; a training size names cells and stays as it is.
bool is_real(const results::Column& column) {
  return std::holds_alternative<std::optional<double> CellRow::*>(column.member) && column.name != "train_size";
}

std::int64_t whole(double value) {
  return static_cast<std::int64_t>(std::llround(value));
}

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The JSON text of a curve. Its buckets are most of a page of many cells, so their numbers are written without a JSON value for
// each.
std::string trace_of(const results::PowerCurve& curve, JoulesKind kind) {
  double most_W = 0;
  for (const auto& bucket : curve.buckets) most_W = std::max({most_W, std::abs(bucket.high_W), std::abs(bucket.low_W)});
  constexpr double time_steps = 50'000, power_steps = 10'000;
  const double time_unit_s = std::max(curve.duration_s, 1e-9) / time_steps, power_unit_W = std::max(most_W, 1e-9) / power_steps;
  std::string buckets;
  std::int64_t last = 0;
  for (const auto& bucket : curve.buckets) {
    const std::int64_t from = whole(bucket.from_s / time_unit_s), mean = whole(bucket.mean_W / power_unit_W);
    // Rounds outwards, so that no peak is lost; exact where there is none.
    const auto beyond = [&](double distance) {
      return std::max<std::int64_t>(0, static_cast<std::int64_t>(std::ceil(distance / power_unit_W - 1e-6)));
    };
    const double shown = static_cast<double>(mean) * power_unit_W;
    const bool flat = bucket.low_W == bucket.high_W;
    fmt::format_to(std::back_inserter(buckets), "{}{},{},{},{},{}", buckets.empty() ? "" : ",", from - last,
                   whole(bucket.to_s / time_unit_s) - from, mean, flat ? 0 : beyond(bucket.high_W - shown),
                   flat ? 0 : beyond(shown - bucket.low_W));
    last = from;
  }
  Json phases = Json::array(), gaps = Json::array();
  for (const auto& phase : curve.phases) phases.push_back({phase.name, six_digits(phase.from_s), six_digits(phase.to_s)});
  for (const auto& gap : curve.gaps) gaps.push_back({six_digits(gap.from_s), six_digits(gap.to_s)});
  const Json others{{"d", six_digits(curve.duration_s)}, {"n", curve.readings}, {"x", curve.gaps.size() + curve.gaps_left_out},
                    {"px", curve.phases_left_out},       {"tu", time_unit_s},   {"pu", power_unit_W},
                    {"y", with_kind(kind, "power / W")}, {"p", phases},         {"g", gaps}};
  return fmt::format(R"({{"b":[{}],{})", buckets, std::string_view(text_of(others)).substr(1));
}

// A list in JSON, one item for each row. As one JSON value it would take several times the memory of its text, and there may be
// 100,000 rows.
template <typename Item>
void append_list(std::string& text, std::span<const CellRow> rows, Item item) {
  text += '[';
  for (const CellRow& row : rows) {
    if (&row != rows.data()) text += ',';
    text += item(row);
  }
  text += ']';
}

}  // namespace

std::string cells_json(const results::Inputs& inputs, const results::PowerCurves& curves) {
  std::vector<const results::Column*> shown;
  for (const results::Column& column : results::columns()) {
    const bool needed = std::ranges::find(always, column.name) != std::end(always);
    if (needed || !is_constant(column, inputs.cells)) shown.push_back(&column);
  }
  Json names = Json::array(), reals = Json::array();
  for (const results::Column* column : shown) {
    names.push_back(column->name);
    if (is_real(*column)) reals.push_back(column->name);
  }
  std::string text = R"({"columns":)" + text_of(names) + R"(,"reals":)" + text_of(reals) + R"(,"rows":)";
  append_list(text, inputs.cells, [&](const CellRow& row) {
    Json values = Json::array();
    for (const results::Column* column : shown) values.push_back(value_of(*column, row));
    return text_of(values);
  });
  if (!curves.empty()) {
    text += R"(,"traces":)";
    append_list(text, inputs.cells, [&](const CellRow& row) {
      const auto curve = curves.find({row.run_id, row.cell_id});
      return curve == curves.end() || curve->second.buckets.empty() ? "null" : trace_of(curve->second, joules_kind(row));
    });
  }
  text += R"(,"usual":)" + text_of(Json(usual)) + '}';
  return text;
}

std::vector<std::pair<std::string, std::string>> common_values(const results::Inputs& inputs) {
  std::vector<std::pair<std::string, std::string>> result;
  if (inputs.cells.empty()) return result;
  for (const results::Column& column : results::columns()) {
    std::string value = field(column, inputs.cells.front());
    if (!value.empty() && is_constant(column, inputs.cells)) result.emplace_back(column.name, std::move(value));
  }
  return result;
}

}  // namespace tbft::plots
