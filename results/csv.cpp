#include "results/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "results/csv_table.h"

namespace tbft::results {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t max_bytes = std::size_t{256} << 20;  // some 300,000 rows

// An incomplete tail is the beginning of one row. A tail that contains a complete further row is other damage: an unclosed
// quote hides whole rows, and cutting the tail would lose them.
void check_torn(const CsvReader& reader, std::size_t fields) {
  std::string_view tail = reader.tail();
  for (bool first = true;; first = false) {
    const std::size_t end = tail.find('\n');
    if (end == std::string_view::npos) return;
    const std::string_view line = tail.substr(0, end);
    const auto commas = static_cast<std::size_t>(std::count(line.begin(), line.end(), ','));
    if (!first && commas + 1 == fields) reader.fail("a quote that is never closed hides the rows after it");
    tail.remove_prefix(end + 1);
  }
}

// A file of cells, with its usual name and its columns.
struct Kind {
  std::string_view name;
  std::span<const Column> columns;
};

Kind cells_kind() {
  return {"cells.csv", columns()};
}

Kind meters_kind() {
  return {"meters.csv", meter_columns()};
}

std::vector<std::string> header_fields(const Kind& kind) {
  std::vector<std::string> names;
  for (const Column& column : kind.columns) names.emplace_back(column.name);
  return names;
}

// A file without a complete header is ours only if it is the beginning of the header.
void check_torn_header(const CsvReader& reader, const Kind& kind) {
  if (!(csv_header(kind.columns) + "\r\n").starts_with(reader.tail()))
    reader.fail(fmt::format("this is not a {}: the header is not ours", kind.name));
}

// Returns how many bytes of the file are complete records. Refuses a file that this program would not have written.
std::size_t whole_bytes(std::string_view content, const fs::path& path, const Kind& kind) {
  CsvReader reader(content, path.string());
  const auto header = reader.next();
  if (!header) {
    check_torn_header(reader, kind);
    return 0;
  }
  const std::string_view line = content.substr(0, reader.offset());
  const std::string ours = csv_header(kind.columns);
  if (line != ours + "\n" && line != ours + "\r\n")
    reader.fail("the columns are not those of this program's schema: written by another version? Use a new run directory");
  while (reader.next()) {
  }
  check_torn(reader, header->size());
  return reader.offset();
}

CellsFile parse(std::string_view content, const std::string& name, const Kind& kind) {
  CsvReader reader(content, name);
  CellsFile file;
  const auto header = reader.next();
  if (!header) {
    check_torn_header(reader, kind);
    file.torn_tail = !content.empty();
    return file;
  }
  const CsvRows<CellRow> rows(kind.columns, *header, reader);
  file.other_columns = *header != header_fields(kind);
  // A row has at least a byte a column, whatever a damaged file's line ends say.
  file.rows.reserve(
      std::min(static_cast<std::size_t>(std::ranges::count(content, '\n')), content.size() / kind.columns.size()));
  while (const auto fields = reader.next()) {
    const CellRow& row = file.rows.emplace_back(rows.parse(*fields, reader));
    if (row.schema && *row.schema > schema_version)
      reader.fail(fmt::format("schema {}, this program reads up to {}", *row.schema, schema_version));
    if (const auto problem = validation_error(row); !problem.empty()) reader.fail(problem);
  }
  check_torn(reader, header->size());
  file.torn_tail = !reader.tail().empty();
  return file;
}

void append(const fs::path& path, const Kind& kind, std::span<const CellRow> rows) {
  append_to_file(path, max_bytes, [&](std::string_view content) {
    const std::size_t keep = whole_bytes(content, path, kind);
    // Keeps the line ends of a file that a spreadsheet or another system has saved.
    const char* const end = keep > 1 && content[keep - 2] == '\r' ? "\r\n" : "\n";
    std::string text = keep == 0 ? csv_header(kind.columns) + end : "";
    for (const CellRow& row : rows) text += csv_line(kind.columns, row) + end;
    return Append{keep, text};
  });
}

}  // namespace

std::string header_line() {
  return csv_header(columns());
}

std::string to_line(const CellRow& row) {
  return csv_line(columns(), row);
}

CellsFile read_cells(const fs::path& path) {
  return parse_cells(read_file(path, max_bytes), path.string());
}

CellsFile parse_cells(std::string_view content, const std::string& name) {
  return parse(content, name, cells_kind());
}

void append_cell(const fs::path& path, const CellRow& row) {
  append(path, cells_kind(), {&row, 1});
}

void replace_cells(const fs::path& path, const std::vector<CellRow>& rows) {
  write_file_atomically(path, csv_text<CellRow>(columns(), rows));
}

CellsFile read_meters(const fs::path& path) {
  return parse(read_file(path, max_bytes), path.string(), meters_kind());
}

void append_meters(const fs::path& path, std::span<const CellRow> rows) {
  append(path, meters_kind(), rows);
}

void replace_meters(const fs::path& path, std::span<const CellRow> rows) {
  write_file_atomically(path, csv_text<CellRow>(meter_columns(), rows));
}

}  // namespace tbft::results
