// A file of rows with fixed columns: one table of columns serves its header, its lines and its reading.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "results/csv_record.h"
#include "results/text.h"

namespace tbft::results {

template <typename Row>
struct CsvColumn {
  std::string_view name;
  std::variant<std::string Row::*, std::optional<double> Row::*, std::optional<std::int64_t> Row::*> member;
  bool later = false;  // files of earlier versions lack it: empty there
};

inline std::string field_of(const std::string& text) {
  return text_field(text);
}
template <typename T>
std::string field_of(const std::optional<T>& value) {
  return value ? number_field(*value) : std::string();
}

// The value of a field; empty is unknown. Throws std::invalid_argument with the kind that was expected.
void read_field(const std::string& field, std::string& value);
void read_field(const std::string& field, std::optional<double>& value);
void read_field(const std::string& field, std::optional<std::int64_t>& value);

// The names, and a row as one line; both without the line end.
template <typename Row>
std::string csv_header(std::span<const CsvColumn<Row>> columns) {
  std::string line;
  for (const auto& column : columns) line.append(line.empty() ? "" : ",").append(column.name);
  return line;
}
template <typename Row>
std::string csv_line(std::span<const CsvColumn<Row>> columns, const Row& row) {
  std::string line;
  for (const auto& column : columns) {
    if (&column != columns.data()) line += ',';
    line += std::visit([&](auto member) { return field_of(row.*member); }, column.member);
  }
  return line;
}

// What a spreadsheet made of a header, and how to mend it: a byte order mark before it, semicolons or tabs between its fields.
// Empty where there is nothing of that kind.
std::string dialect_error(const std::vector<std::string>& header);

// Reads rows by the names in the header, so that files with more or reordered columns are read. Throws CsvError for another
// dialect, a missing column that is not a later one, a repeated column, a wrong count of fields and a value of the wrong kind.
template <typename Row>
class CsvRows {
 public:
  CsvRows(std::span<const CsvColumn<Row>> columns, const std::vector<std::string>& header, const CsvReader& reader)
      : columns_(columns), fields_(header.size()) {
    if (const auto wrong = dialect_error(header); !wrong.empty()) reader.fail(wrong);
    for (const auto& column : columns) {
      const auto count = std::count(header.begin(), header.end(), column.name);
      if (count == 0 && column.later) {
        places_.push_back(nowhere);
        continue;
      }
      if (count != 1)
        reader.fail("column " + std::string(column.name) + (count == 0 ? " is missing" : " is there more than once"));
      places_.push_back(static_cast<std::size_t>(std::find(header.begin(), header.end(), column.name) - header.begin()));
    }
  }

  // `reader` gave the fields last.
  Row parse(const std::vector<std::string>& fields, const CsvReader& reader) const {
    if (fields.size() != fields_)
      reader.fail(std::to_string(fields.size()) + " fields, the header has " + std::to_string(fields_));
    Row row;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (places_[i] == nowhere) continue;
      const std::string& field = fields[places_[i]];
      try {
        std::visit([&](auto member) { read_field(field, row.*member); }, columns_[i].member);
      } catch (const std::invalid_argument& expected) {
        reader.fail("column " + std::string(columns_[i].name) + ": '" + printable(field, 40) + "' is not " + expected.what());
      }
    }
    return row;
  }

 private:
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
  std::span<const CsvColumn<Row>> columns_;
  std::vector<std::size_t> places_;  // of every column of ours in the file
  std::size_t fields_;
};

}  // namespace tbft::results
