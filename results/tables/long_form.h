// The tables in long form: one record for each strategy, with the same fields in CSV and JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "results/columns.h"
#include "results/tables/table.h"

namespace tbft::results {

// An unknown value is an empty text or NaN.
struct Field {
  std::string_view name;
  std::variant<std::string, double, std::int64_t> value;
  std::string_view unit, meaning;
};

// The names and their order are constant. n counts accuracies, n_energy joules; low and high are the 95 % interval; U_* are the
// meter's expanded uncertainties (k = 2); paper_* are the published numbers of paper_table.
std::vector<Field> long_form(const Table& table, const Line& line);

// The names with their types, units and meanings.
std::vector<ColumnText> texts_of(const std::vector<Field>& fields);

// The names, and the values, of a record as one line of CSV with its line end.
std::string csv_names(const std::vector<Field>& fields);
std::string csv_values(const std::vector<Field>& fields);

}  // namespace tbft::results
