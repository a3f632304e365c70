// CSV by RFC 4180: records of fields; inside quotes, quotes are doubled and line ends are allowed. Then files of rows with
// fixed columns: one table of columns serves writing the header and lines, and reading.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "results/text.h"

namespace tbft::results {

// Says what and where: "cells.csv:17: 63 fields, the header has 71".
struct CsvError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The field as written to a file: in quotes if it contains a comma, a quote or a line end.
std::string text_field(std::string_view field);
// The shortest form that reads back as the same double; empty for NaN and infinity.
std::string number_field(double value);
std::string number_field(std::int64_t value);

// Reads records one by one from a text that outlives the reader. Throws CsvError on a stray quote and on a record of more than
// 1,000 fields, so that memory stays in proportion to what a table can be.
class CsvReader {
 public:
  // `name` appears in messages.
  CsvReader(std::string_view text, std::string name);

  // The next whole record, ended by LF or CR LF. nullopt at the end, or at a last record without a line end.
  std::optional<std::vector<std::string>> next();

  std::size_t line() const { return line_; }      // at which the last returned record begins; from 1
  std::size_t offset() const { return offset_; }  // bytes up to the end of the record last returned
  // The text after the last complete record, once next() returned nullopt: an incomplete write.
  std::string_view tail() const { return text_.substr(offset_); }

  [[noreturn]] void fail(const std::string& what) const;  // throws CsvError with name and line

 private:
  std::string_view text_;
  std::string name_;
  std::size_t offset_ = 0;
  std::size_t line_ = 1;
  std::size_t next_line_ = 1;
};

template <typename Row>
struct CsvColumn {
  std::string_view name;
  std::variant<std::string Row::*, std::optional<double> Row::*, std::optional<std::int64_t> Row::*> member;
  bool later = false;  // files of earlier versions lack it; its value is then empty
};

// A table of columns from its columns.
template <typename... Columns>
constexpr auto make_columns(const Columns&... columns) {
  return std::array{columns...};
}

inline std::string field_of(const std::string& text) {
  return text_field(text);
}
template <typename T>
std::string field_of(const std::optional<T>& value) {
  return value ? number_field(*value) : std::string();
}

// Parses a field; an empty one is unknown. Throws std::invalid_argument that names the expected kind.
void read_field(const std::string& field, std::string& value);
void read_field(const std::string& field, std::optional<double>& value);
void read_field(const std::string& field, std::optional<std::int64_t>& value);

// The header, and a row as one line; both without the line end.
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

// Detects a header that a spreadsheet has changed (a byte order mark before it, semicolons or tabs between its fields) and says
// how to mend it. Empty for any other header.
std::string dialect_error(const std::vector<std::string>& header);

// Reads rows by the names in the header, so files may have more or reordered columns. Throws CsvError for another dialect, a
// missing column that is not a later one, a repeated column, a wrong count of fields and a value of the wrong kind.
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

  // `reader` is the reader that returned the fields.
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
  std::vector<std::size_t> places_;  // the position in the file of each of our columns
  std::size_t fields_;
};

// The whole file: the header and all rows.
template <typename Row>
std::string csv_text(std::span<const CsvColumn<Row>> columns, std::span<const Row> rows) {
  std::string text = csv_header(columns) + '\n';
  for (const Row& row : rows) text += csv_line(columns, row) + '\n';
  return text;
}

// Reads a file that is only ever written whole. `check` may refuse a row with reader.fail(). Throws CsvError as CsvRows does,
// and for a file without a header or with a last line without its end. `name` appears in messages, `kind` is the usual name.
template <typename Row, typename Check>
std::vector<Row> parse_whole(std::string_view content, const std::string& name, std::string_view kind,
                             std::span<const CsvColumn<Row>> columns, Check check) {
  CsvReader reader(content, name);
  const auto header = reader.next();
  if (!header) reader.fail("no header: this is not a " + std::string(kind));
  const CsvRows<Row> rows(columns, *header, reader);
  std::vector<Row> result;
  while (const auto fields = reader.next()) check(result.emplace_back(rows.parse(*fields, reader)), reader);
  if (!reader.tail().empty()) throw CsvError(name + ": the last line has no end, so the file is not whole; copy it again");
  return result;
}

}  // namespace tbft::results
