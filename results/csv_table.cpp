#include "results/csv_table.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <system_error>
#include <utility>

namespace tbft::results {

namespace {

template <typename T>
bool parse(const std::string& field, T& value) {
  const char* end = field.data() + field.size();
  const auto [stop, error] = std::from_chars(field.data(), end, value);
  return error == std::errc() && stop == end;
}

}  // namespace

std::string dialect_error(const std::vector<std::string>& header) {
  if (header.empty()) return "";
  const std::string& first = header.front();
  if (first.starts_with("\xEF\xBB\xBF"))
    return "the file begins with a byte order mark (EF BB BF), as spreadsheets write it; save it as UTF-8 without one";
  if (first.starts_with("\xFF\xFE") || first.starts_with("\xFE\xFF"))
    return "the file is UTF-16, as spreadsheets write it; save it as UTF-8";
  for (const auto& [separator, name] : {std::pair{';', "semicolons"}, std::pair{'\t', "tabs"}}) {
    if (header.size() == 1 && first.find(separator) != std::string::npos)
      return fmt::format(
          "{} stand between the fields, as a spreadsheet writes them; save it with commas, and with decimal points", name);
  }
  return "";
}

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
