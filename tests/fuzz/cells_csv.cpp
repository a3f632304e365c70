// Text as it is; or, after a `+`, rows under the right header, whose fields are `NUMBER=VALUE` lines over an empty row. So the
// search gets to the values, and the corpus outlives a new column.
#include <charconv>
#include <string>
#include <vector>

#include "results/csv.h"
#include "tests/fuzz/fuzz.h"

using namespace tbft;
using namespace tbft::results;

namespace {

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == at) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::string under_the_header(std::string_view text) {
  auto fields = split(to_line(CellRow{}), ',');
  for (const std::string& line : split(text, '\n')) {
    std::size_t column = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), column);
    if (error != std::errc{} || end == line.data() + line.size() || *end != '=') continue;
    fields[column % fields.size()] = std::string(end + 1, line.data() + line.size());
  }
  std::string row;
  for (const std::string& field : fields) row += (row.empty() ? "" : ",") + field;
  return header_line() + "\n" + row + "\n";
}

std::string written(const CellsFile& file) {
  std::string text = header_line() + "\n";
  for (const CellRow& row : file.rows) text += to_line(row) + "\n";
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text(data, size);
  CellsFile file;
  try {
    file = text.starts_with('+') ? parse_cells(under_the_header(text.substr(1)), "cells") : parse_cells(text, "cells");
  } catch (const CsvError&) {
    return 0;
  }
  const std::string once = written(file);
  fuzz::check(written(parse_cells(once, "again")) == once);
  return 0;
}
