#include "harness/cli/output.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "harness/cli/command.h"
#include "harness/host/console.h"
#include "harness/host/terminal.h"
#include "harness/measurement/run_meter.h"
#include "results/files.h"
#include "tbft/power/uri.h"

namespace tbft::cli {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(std::string_view option, const fs::path& file, std::string_view why) {
  throw UsageError(fmt::format("{} {}: {}", option, file.string(), why));
}

bool is_same(const fs::path& a, const fs::path& b) {
  std::error_code none;
  return fs::equivalent(a, b, none) || fs::weakly_canonical(a, none) == fs::weakly_canonical(b, none);
}

// The run directory that contains the file; empty for any other file.
fs::path run_of(const fs::path& file) {
  constexpr std::array names{"run.json", "cells.csv",     "meters.csv",     "cells.superseded.csv", "journal.jsonl",
                             ".lock",    "step_cost.csv", "operations.csv", "step_cost.json"};
  std::error_code none;
  const fs::path real = fs::weakly_canonical(file, none);
  fs::path folder = real.parent_path();
  const auto is_run = [&](const fs::path& path) {
    return fs::exists(path / "run.json", none) || fs::exists(path / "step_cost.json", none);
  };
  if (is_run(folder) &&
      (std::ranges::find(names, real.filename()) != names.end() || real.filename().string().starts_with("trace-")))
    return folder;
  if (folder.filename() == "traces" && is_run(folder.parent_path())) return folder.parent_path();
  return {};
}

bool holds_something(const fs::path& file) {
  std::error_code none;
  const auto size = fs::file_size(file, none);
  return !none && size > 0;
}

// Throws where the name itself is wrong, whatever the file contains. Returns false for a stream, where nothing can be lost.
bool check_name(std::string_view option, const fs::path& file, const std::vector<fs::path>& others) {
  if (file.empty() || results::is_stream(file)) return false;
  std::error_code none;
  if (fs::is_directory(file, none)) refuse(option, file, "is a folder; name a file");
  for (const auto& other : others)
    if (!other.empty() && is_same(file, other)) refuse(option, file, "this command already uses that file; name another one");
  if (const auto run = run_of(file); !run.empty())
    refuse(option, file, fmt::format("belongs to the run in {}, which only --resume changes; name another file", run.string()));
  const fs::path folder = fs::absolute(results::behind_links(file)).parent_path();
  const auto kind = fs::status(folder, none).type();  // file_type::none: not to be seen, so that writing says why
  if (kind != fs::file_type::directory && kind != fs::file_type::none)
    refuse(option, file, fmt::format("its folder {} does not exist; make it first", folder.string()));
  return true;
}

bool is_status(const fs::path& file) {
  constexpr std::size_t max_bytes = 1 << 16;
  try {
    const auto object = nlohmann::json::parse(results::read_file(file, max_bytes), nullptr, false);
    return object.is_object() && object.contains("schema") && object.contains("command") && object.contains("state");
  } catch (const std::runtime_error&) {
    return false;
  }
}

fs::path folder_named(const std::string& name) {
  const auto folder = fs::absolute(name);
  return folder.has_filename() ? folder : folder.parent_path();  // the user wrote a slash at its end
}

}  // namespace

void check_output(std::string_view option, const fs::path& file, bool force, const std::vector<fs::path>& others,
                  std::string_view remedy) {
  if (check_name(option, file, others) && !force && holds_something(file))
    refuse(option, file, fmt::format("exists; name another file, or {}", remedy));
}

void check_appended(std::string_view option, const fs::path& file, const std::vector<fs::path>& others) {
  check_name(option, file, others);
}

void check_status_file(const fs::path& file, const std::vector<fs::path>& others) {
  if (check_name("--status", file, others) && holds_something(file) && !is_status(file))
    refuse("--status", file, "exists and is not a status file of this program; name another file");
}

bool is_standard_output(const fs::path& file) {
  struct stat named {
  }, standard{};
  return ::stat(file.c_str(), &named) == 0 && ::fstat(STDOUT_FILENO, &standard) == 0 && named.st_dev == standard.st_dev &&
         named.st_ino == standard.st_ino && !S_ISCHR(named.st_mode);
}

std::unique_ptr<power::Meter> open_asked_meter(const MeterChoice& choice, double interval_s) {
  std::string warning;
  auto meter = open_named_meter(choice, interval_s, WithoutMeter::fails, warning);
  if (!warning.empty()) print_error("tbft: warning: " + warning);
  return meter;
}

std::vector<std::unique_ptr<power::Meter>> open_asked_meters(const MeterChoice& choice, double interval_s) {
  std::vector<std::string> warnings;
  auto meters = open_named_meters(choice, interval_s, WithoutMeter::fails, warnings);
  for (const auto& warning : warnings) print_error("tbft: warning: " + warning);
  return meters;
}

results::Layout output_layout() {
  return layout_of(STDOUT_FILENO);
}

results::Layout layout_for(const std::string& file) {
  return file.empty() ? output_layout() : results::Layout{};
}

void write_out(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() || errno == EPIPE) return;
  throw std::system_error(errno, std::generic_category(), "cannot write the result to stdout");
}

void print_text(const std::string& text) {
  write_out(results::wrapped(text, output_layout().width));
}

fs::path played_back(const std::string& meter) {
  try {
    if (const auto uri = power::parse_meter_uri(meter); uri.name == "replay") return uri.path;
  } catch (const power::BadMeterUri&) {  // opening the meter reports this error
  }
  return {};
}

void check_new_folder(const std::string& name) {
  if (fs::exists(folder_named(name))) throw UsageError(fmt::format("{}: exists; name a new folder", name));
}

void write_new_folder(const std::string& name, const std::function<void(const fs::path&)>& write) {
  const auto target = folder_named(name);
  std::string temporary = target.string() + ".XXXXXX";
  if (!mkdtemp(temporary.data())) throw std::runtime_error(fmt::format("{}: {}", name, std::generic_category().message(errno)));
  try {
    const auto staged = fs::path(temporary) / "new";  // with the usual mode; mkdtemp's is private
    fs::create_directory(staged);
    write(staged);
    fs::rename(staged, target);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    throw;
  }
  fs::remove(temporary);
}

void write_result(const std::string& file, const std::string& text) {
  if (!file.empty()) return results::write_file_atomically(file, text);
  write_out(text);
}

}  // namespace tbft::cli
