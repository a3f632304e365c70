// The documents of docs/ that are made of what the program knows. `tbft-train manual` writes them; the test manual compares.
#pragma once

#include <string>
#include <vector>

#include "harness/cli/command_text.h"
#include "results/columns.h"

namespace tbft::cli {

// The CSV files of results/, and the trace.
std::vector<results::CsvText> csv_files();

// Markdown: every command with its options, defaults and examples; every column of every CSV file; every setting of an
// experiment file.
std::string commands_document(const CommandText& program);
std::string columns_document();
std::string settings_document();

}  // namespace tbft::cli
