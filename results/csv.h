// cells.csv: read as a whole, appended one row at a time, replaced atomically.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/csv_table.h"  // CsvError
#include "results/files.h"      // write_file_atomically
#include "results/schema.h"

namespace tbft::results {

// A row as one CSV line without the newline (RFC 4180 quoting, doubles in shortest round-trip form) and back.
std::string header_line();
std::string to_line(const CellRow& row);

struct CellsFile {
  std::vector<CellRow> rows;
  bool other_columns = false;  // an earlier version wrote it: rows can be appended once replace_cells() has written it anew
  bool torn_tail = false;      // the last line had no newline, because a write did not finish; `rows` excludes it
};
// Columns are found by name, so files may have more or reordered columns; a missing or repeated column, a wrong count of
// fields, a value of the wrong kind or one that no cell can have (validation_error), or a newer schema throws CsvError. An
// empty file has no rows. At most 256 MiB.
CellsFile read_cells(const std::filesystem::path& path);
// The same for a text in memory; `name` appears in messages.
CellsFile parse_cells(std::string_view content, const std::string& name);

// Creates the file with its header if it does not exist, cuts off an incomplete last row, appends the row with one write and
// syncs. On a short write (full disk) the file is cut back to its earlier length, and the std::system_error says so. Throws
// CsvError and leaves the file alone if it has another header, or if its tail is not an incomplete row (an unclosed quote that
// contains whole rows).
void append_cell(const std::filesystem::path& path, const CellRow& row);

// Writes all rows to a temporary name in the same folder, syncs and renames.
void replace_cells(const std::filesystem::path& path, const std::vector<CellRow>& rows);

// meters.csv, beside cells.csv: the same cells by the meters beside the first, a row for each cell and meter (meter_columns()).
// A cell's rows are written before its row in cells.csv. As read_cells(); throws CsvError.
CellsFile read_meters(const std::filesystem::path& path);
// As append_cell(), with one write for all rows.
void append_meters(const std::filesystem::path& path, std::span<const CellRow> rows);
void replace_meters(const std::filesystem::path& path, std::span<const CellRow> rows);

}  // namespace tbft::results
