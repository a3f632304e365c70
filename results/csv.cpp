#include "results/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <system_error>

#include "results/text.h"

namespace tbft::results {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t max_bytes = std::size_t{64} << 20;  // some 100,000 rows

std::string field_of(const CellRow::Text& text) {
  return text_field(text);
}

template <typename T>
std::string field_of(const std::optional<T>& value) {
  return value ? number_field(*value) : std::string();
}

void set(CellRow::Text& member, const std::string& field) {
  member = field;
}

// Throws the kind that was expected.
template <typename T>
void set(std::optional<T>& member, const std::string& field) {
  constexpr bool real = std::is_floating_point_v<T>;
  if (field.empty()) return member.reset();
  T value{};
  const char* end = field.data() + field.size();
  const auto [stop, error] = std::from_chars(field.data(), end, value);
  bool good = error == std::errc() && stop == end;
  if constexpr (real) good = good && std::isfinite(value);
  if (!good) throw std::invalid_argument(real ? "a finite number" : "a 64-bit integer");
  member = value;
}

// For every column of ours its place in the file.
std::vector<std::size_t> places(const std::vector<std::string>& header, const CsvReader& reader) {
  std::vector<std::size_t> result;
  for (const Column& column : columns()) {
    const auto count = std::count(header.begin(), header.end(), column.name);
    if (count != 1) reader.fail(fmt::format("column {} is {}", column.name, count == 0 ? "missing" : "there more than once"));
    result.push_back(static_cast<std::size_t>(std::find(header.begin(), header.end(), column.name) - header.begin()));
  }
  return result;
}

CellRow parse(const std::vector<std::string>& fields, const std::vector<std::size_t>& place, const CsvReader& reader) {
  CellRow row;
  for (std::size_t i = 0; i < place.size(); ++i) {
    const Column& column = columns()[i];
    const std::string& field = fields[place[i]];
    try {
      std::visit([&](auto member) { set(row.*member, field); }, column.member);
    } catch (const std::invalid_argument& expected) {
      reader.fail(fmt::format("column {}: '{}' is not {}", column.name, printable(field, 40), expected.what()));
    }
  }
  if (row.schema && *row.schema > schema_version) {
    reader.fail(fmt::format("schema {}, this program reads up to {}", *row.schema, schema_version));
  }
  return row;
}

// A torn tail is the beginning of one row. One that holds a further line with all its fields is damage of another kind: a quote
// that is never closed hides whole rows, and taking them for torn would lose them.
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

// Without a whole header a file is ours only if it is the beginning of one.
void check_torn_header(const CsvReader& reader) {
  if (!(header_line() + "\r\n").starts_with(reader.tail())) reader.fail("this is not a cells.csv: the header is not ours");
}

// How many bytes of the file are whole records. Refuses a file that this program would not have written.
std::size_t whole_bytes(std::string_view content, const fs::path& path) {
  CsvReader reader(content, path.string());
  const auto header = reader.next();
  if (!header) {
    check_torn_header(reader);
    return 0;
  }
  if (content.substr(0, reader.offset()) != header_line() + "\n") {
    reader.fail("the columns are not those of this program's schema: written by another version? Use a new run directory");
  }
  while (reader.next()) {
  }
  check_torn(reader, header->size());
  return reader.offset();
}

}  // namespace

std::string header_line() {
  std::string line;
  for (const Column& column : columns()) line.append(line.empty() ? "" : ",").append(column.name);
  return line;
}

std::string to_line(const CellRow& row) {
  std::string line;
  bool first = true;
  for (const Column& column : columns()) {
    if (!first) line += ',';
    first = false;
    line += std::visit([&](auto member) { return field_of(row.*member); }, column.member);
  }
  return line;
}

CellsFile read_cells(const fs::path& path) {
  return parse_cells(read_file(path, max_bytes), path.string());
}

CellsFile parse_cells(std::string_view content, const std::string& name) {
  CsvReader reader(content, name);
  CellsFile file;
  const auto header = reader.next();
  if (!header) {
    check_torn_header(reader);
    file.torn_tail = !content.empty();
    return file;
  }
  const std::vector<std::size_t> place = places(*header, reader);
  while (const auto fields = reader.next()) {
    if (fields->size() != header->size())
      reader.fail(fmt::format("{} fields, the header has {}", fields->size(), header->size()));
    file.rows.push_back(parse(*fields, place, reader));
  }
  check_torn(reader, header->size());
  file.torn_tail = !reader.tail().empty();
  return file;
}

void append_cell(const fs::path& path, const CellRow& row) {
  append_to_file(path, max_bytes, [&](std::string_view content) {
    const std::size_t keep = whole_bytes(content, path);
    return Append{keep, (keep == 0 ? header_line() + "\n" : "") + to_line(row) + "\n"};
  });
}

void replace_cells(const fs::path& path, const std::vector<CellRow>& rows) {
  std::string content = header_line() + "\n";
  for (const CellRow& row : rows) content += to_line(row) + "\n";
  write_file_atomically(path, content);
}

}  // namespace tbft::results
