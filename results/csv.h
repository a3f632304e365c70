// cells.csv: read whole, appended a row at a time, replaced atomically.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "results/schema.h"

namespace tbft::results {

// What and where: "cells.csv:17: 63 fields, the header has 71".
struct CsvError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A row as one CSV line without the newline (RFC 4180 quoting, doubles in shortest round-trip form) and back.
std::string header_line();
std::string to_line(const CellRow& row);

struct CellsFile {
  std::vector<CellRow> rows;
  bool torn_tail = false;  // the last line had no newline: a write that did not finish; it is not in `rows`
};
// Columns are found by name, so files with more or reordered columns are read; a missing column, a wrong count of fields or
// a value of the wrong kind throws CsvError.
CellsFile read_cells(const std::filesystem::path& path);

// Creates the file with its header if absent, cuts a torn tail, appends the row with one write and syncs it. On a short
// write (full disk) the file is cut back to what it was, and the error says so.
void append_cell(const std::filesystem::path& path, const CellRow& row);

// Writes all rows to a temporary name in the same folder, syncs and renames.
void replace_cells(const std::filesystem::path& path, const std::vector<CellRow>& rows);

// Any whole text file: temporary name, sync, rename, sync of the folder.
void write_file_atomically(const std::filesystem::path& path, const std::string& content);

}  // namespace tbft::results
