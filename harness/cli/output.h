// Checks of output files, and the writing of results. Commands check before they begin, so that joules and hours of training
// are not lost because a name is taken.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/measurement/run_meter.h"
#include "results/layout.h"
#include "tbft/power/meter.h"

namespace tbft::cli {

// Throws UsageError, which begins with `option`, where `file` is a folder, one of `others` (files that this command reads, or
// writes by another option), a file of a run directory, or in a folder that does not exist. Without `force` it also throws,
// with the remedy, where the file is not empty. Devices, pipes and an empty name are always allowed.
void check_output(std::string_view option, const std::filesystem::path& file, bool force,
                  const std::vector<std::filesystem::path>& others = {}, std::string_view remedy = "replace it with --force");
// The same for a file to which this command appends.
void check_appended(std::string_view option, const std::filesystem::path& file,
                    const std::vector<std::filesystem::path>& others = {});
// The same for --status, which replaces only an earlier status file.
void check_status_file(const std::filesystem::path& file, const std::vector<std::filesystem::path>& others = {});

// Whether standard output goes to this file.
bool is_standard_output(const std::filesystem::path& file);

// Opens the meter of a command that needs one: open_named_meter() with WithoutMeter::fails. Prints its warning on stderr.
std::unique_ptr<power::Meter> open_asked_meter(const MeterChoice& choice, double interval_s = 0);
// The same for several meters: open_named_meters().
std::vector<std::unique_ptr<power::Meter>> open_asked_meters(const MeterChoice& choice, double interval_s = 0);

// How text is laid out on standard output (harness/host/terminal.h).
results::Layout output_layout();
// The layout of a result that goes to `file`, or to standard output where `file` is empty. A file gets lines of any length.
results::Layout layout_for(const std::string& file);
// Prints to standard output. Where its reader has gone, as `head` does once it has its lines, the text is dropped, and the
// command goes on to its own exit code. Throws std::system_error for other errors, such as a full disk.
void write_out(std::string_view text);
template <typename... T>
void print_out(fmt::format_string<T...> format, T&&... values) {
  write_out(fmt::format(format, std::forward<T>(values)...));
}
// Prints lines of text, broken at the width of standard output.
void print_text(const std::string& text);

// The file that a replay:// URI plays back; empty for any other meter.
std::filesystem::path played_back(const std::string& meter);

// Throws UsageError where the user's name for a new folder is taken.
void check_new_folder(const std::string& name);
// Calls `write` with an empty folder beside the named one, then renames it, so that the folder appears whole or not at all.
void write_new_folder(const std::string& name, const std::function<void(const std::filesystem::path&)>& write);

// Prints JSON and a line end. Names of files and classes may contain any bytes; those that are not UTF-8 are replaced.
template <typename Json>
void print_json(const Json& json, int indent = -1) {
  print_out("{}\n", json.dump(indent, ' ', false, Json::error_handler_t::replace));
}

// Writes the text to the file, or to standard output where `file` is empty.
void write_result(const std::string& file, const std::string& text);

}  // namespace tbft::cli
