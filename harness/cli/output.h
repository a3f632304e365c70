// What a command may write where, and the writing of its result. Asked before the work begins: joules and hours of training
// must not end at a name that is taken.
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

// Throws UsageError, with `option` in front, where `file` is a folder, one of `others` (what this command reads, or writes by
// another option) or a file of a run directory; and, with the remedy, where it holds something, unless `force`. Devices and
// pipes are never in the way, nor is an empty name.
void check_output(std::string_view option, const std::filesystem::path& file, bool force,
                  const std::vector<std::filesystem::path>& others = {}, std::string_view remedy = "replace it with --force");
// The same for a file that is added to.
void check_appended(std::string_view option, const std::filesystem::path& file,
                    const std::vector<std::filesystem::path>& others = {});
// The same for --status, which replaces an earlier status and nothing else.
void check_status_file(const std::filesystem::path& file, const std::vector<std::filesystem::path>& others = {});

// Whether the file is what standard output goes to.
bool is_standard_output(const std::filesystem::path& file);

// The file that a meter's URI plays back; empty for any other meter.
std::filesystem::path played_back(const std::string& meter);

// A whole text to the file; to standard output where `file` is empty.
void write_result(const std::string& file, const std::string& text);

}  // namespace tbft::cli
