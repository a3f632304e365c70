// CSV by RFC 4180: records of fields; inside quotes, quotes are doubled and line ends are allowed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

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

}  // namespace tbft::results
