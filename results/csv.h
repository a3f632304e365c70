// cells.csv: read whole, appended a row at a time, replaced atomically.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "results/csv_record.h"  // CsvError
#include "results/files.h"       // write_file_atomically
#include "results/schema.h"

namespace tbft::results {

// A row as one CSV line without the newline (RFC 4180 quoting, doubles in shortest round-trip form) and back.
std::string header_line();
std::string to_line(const CellRow& row);

struct CellsFile {
  std::vector<CellRow> rows;
  bool torn_tail = false;  // the last line had no newline: a write that did not finish; it is not in `rows`
};
// Columns are found by name, so files with more or reordered columns are read; a missing or repeated column, a wrong count of
// fields, a value of the wrong kind or one that no cell can have (validation_error), or a newer schema throws CsvError. An
// empty file has no rows. At most 64 MiB.
CellsFile read_cells(const std::filesystem::path& path);
// The same of a text already in memory; `name` stands in the messages.
CellsFile parse_cells(std::string_view content, const std::string& name);

// Creates the file with its header if absent, cuts a torn tail, appends the row with one write and syncs it. On a short
// write (full disk) the file is cut back to what it was, and the std::system_error says so. A file with another header, or
// whose tail is no torn row (an unclosed quote that swallowed whole rows), is left alone: CsvError.
void append_cell(const std::filesystem::path& path, const CellRow& row);

// Writes all rows to a temporary name in the same folder, syncs and renames.
void replace_cells(const std::filesystem::path& path, const std::vector<CellRow>& rows);

}  // namespace tbft::results
