// The tables in long form: one record a strategy, the same fields for CSV and JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "results/tables/table.h"

namespace tbft::results {

// Unknown: empty text, NaN.
struct Field {
  std::string_view name;
  std::variant<std::string, double, std::int64_t> value;
};

// Always the same names in the same order. n counts accuracies, n_energy joules; low and high are the 95 % interval; U_* are
// expanded (k = 2) by the meter, paper_* the published numbers of paper_table.
std::vector<Field> long_form(const Table& table, const Line& line);

// A record's names and its values as one line of CSV each, with the line end.
std::string csv_names(const std::vector<Field>& fields);
std::string csv_values(const std::vector<Field>& fields);

}  // namespace tbft::results
