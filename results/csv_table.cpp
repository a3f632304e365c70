#include "results/csv_table.h"

#include <charconv>
#include <cmath>
#include <system_error>

namespace tbft::results {

namespace {

template <typename T>
bool parse(const std::string& field, T& value) {
  const char* end = field.data() + field.size();
  const auto [stop, error] = std::from_chars(field.data(), end, value);
  return error == std::errc() && stop == end;
}

}  // namespace

void read_field(const std::string& field, std::string& value) {
  value = field;
}

void read_field(const std::string& field, std::optional<double>& value) {
  if (field.empty()) return value.reset();
  double number = 0;
  if (!parse(field, number) || !std::isfinite(number)) throw std::invalid_argument("a finite number");
  value = number;
}

void read_field(const std::string& field, std::optional<std::int64_t>& value) {
  if (field.empty()) return value.reset();
  std::int64_t number = 0;
  if (!parse(field, number)) throw std::invalid_argument("a 64-bit integer");
  value = number;
}

}  // namespace tbft::results
