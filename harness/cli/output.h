// Checks of output files, and the writing of results. Commands check before they begin, so that joules and hours of training
// are not lost because a name is taken.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace tbft::cli {

// --force
void add_force_option(CLI::App& command, bool& force);

// Throws UsageError, which begins with `option`, where `file` is a folder, one of `others` (files that this command reads, or
// writes by another option) or a file of a run directory. Without `force` it also throws, with the remedy, where the file is
// not empty. Devices, pipes and an empty name are always allowed.
void check_output(std::string_view option, const std::filesystem::path& file, bool force,
                  const std::vector<std::filesystem::path>& others = {}, std::string_view remedy = "replace it with --force");
// The same for a file to which this command appends.
void check_appended(std::string_view option, const std::filesystem::path& file,
                    const std::vector<std::filesystem::path>& others = {});
// The same for --status, which replaces only an earlier status file.
void check_status_file(const std::filesystem::path& file, const std::vector<std::filesystem::path>& others = {});

// Whether standard output goes to this file.
bool is_standard_output(const std::filesystem::path& file);

// The file that a replay:// URI plays back; empty for any other meter.
std::filesystem::path played_back(const std::string& meter);

// Writes the text to the file, or to standard output where `file` is empty.
void write_result(const std::string& file, const std::string& text);

}  // namespace tbft::cli
