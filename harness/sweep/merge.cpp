#include "harness/sweep/merge.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "harness/experiment/journal.h"
#include "harness/experiment/run_directory.h"
#include "harness/host/provenance.h"
#include "harness/measurement/monitors.h"
#include "harness/sweep/plan_of_run.h"
#include "harness/sweep/until.h"
#include "results/csv.h"

namespace tbft {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t max_journal_bytes = std::size_t{1} << 30U;

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
  throw RunDirectoryError(fmt::format("{}: {}", path.string(), what));
}

// Locks a part while it is read, so that rows of a run still in progress there cannot be lost. Not longer: each lock is an open
// file, of which a process may have 1,024, and a sweep may have more parts.
class PartLock {
 public:
  explicit PartLock(const fs::path& part) : fd_(open((part / ".lock").c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0 || flock(fd_, LOCK_SH | LOCK_NB) == 0) return;  // without that file no run uses the directory
    close(fd_);
    fail(part, "a tbft uses this part; merge after it has ended");
  }
  ~PartLock() {
    if (fd_ >= 0) close(fd_);
  }
  PartLock(const PartLock&) = delete;
  PartLock& operator=(const PartLock&) = delete;

 private:
  int fd_;
};

struct Part {
  fs::path path;
  json run;  // without the plan once it has been compared: of 1,000 parts with 1,000 cells each it would be a million ids
  std::vector<results::CellRow> rows, superseded, meters;
  std::vector<json> journal;
  std::map<std::string, std::string> found;  // by name of the search
};

std::vector<results::CellRow> rows_of(const fs::path& csv, const std::function<void(const std::string&)>& warn,
                                      results::CellsFile (*read)(const fs::path&) = results::read_cells) {
  if (!fs::exists(csv)) return {};
  auto file = read(csv);
  if (file.torn_tail) warn(fmt::format("{}: the last row is incomplete and left out", csv.string()));
  return std::move(file.rows);
}

void read_journal_of(Part& part) {
  const auto path = part.path / "journal.jsonl";
  if (!fs::exists(path)) return;
  std::istringstream text(results::read_file(path, max_journal_bytes));
  JournalSummary summary;
  const auto whole = read_journal(text, path.string(), summary);  // an incomplete last line is left out
  part.found = summary.found;
  text.clear();
  text.seekg(0);
  for (std::string line; text.tellg() < whole && std::getline(text, line);) part.journal.push_back(json::parse(line));
}

Part read_part(const fs::path& path, const std::function<void(const std::string&)>& warn) {
  if (!fs::exists(path / "run.json")) fail(path, "is not a run directory (no run.json)");
  const PartLock lock(path);
  Part part{path, read_run_json(path / "run.json"), {}, {}, {}, {}, {}};
  if (!part.run.contains("plan") || !part.run["plan"].is_array())
    fail(path, "its run.json has no plan, because an older tbft made it");
  part.rows = rows_of(path / "cells.csv", warn);
  part.superseded = rows_of(path / "cells.superseded.csv", warn);
  part.meters = rows_of(path / "meters.csv", warn, results::read_meters);
  read_journal_of(part);
  return part;
}

// What all parts so far share: the first run.json with the data sets of all parts, and the outcomes of all searches.
struct Common {
  fs::path first;
  json run;
  std::map<std::string, std::string> found;
};

// What a search chose. What it saw of the validation images differs a little between processors.
json chosen(const std::string& found) {
  json value = json::parse(found);
  for (const char* seen : {"tried", "val_accuracy_pct"})
    if (value.is_object()) value.erase(seen);
  return value;
}

void add_part(Common& common, const Part& part) {
  auto differences = differences_of_runs(common.run, part.run, false);
  if (differences.empty() && part.run["plan"] != common.run["plan"]) differences.emplace_back("their plans differ");
  for (const auto& [name, value] : part.found) {
    if (name == meter_note) continue;
    if (const auto [other, added] = common.found.emplace(name, value); !added && chosen(other->second) != chosen(value))
      differences.push_back(fmt::format("the search {} found {} in an earlier part, {} here", name, other->second, value));
  }
  if (!differences.empty())
    fail(part.path, fmt::format("does not belong to the run of {}: {}", common.first.string(), fmt::join(differences, "; ")));
  if (part.run.contains("data") && part.run["data"].is_object()) common.run["data"].update(part.run["data"]);
}

// The rows by their position in the plan.
std::map<std::size_t, results::CellRow> join_rows(const std::vector<Part>& parts, const std::vector<std::string>& plan) {
  std::map<std::size_t, results::CellRow> joined;
  std::map<std::string, fs::path> holder;
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < plan.size(); ++i) places.emplace(plan[i], i);
  for (const auto& part : parts)
    for (const auto& row : part.rows) {
      const auto place = places.find(row.cell_id);
      if (place == places.end()) fail(part.path, fmt::format("its cell {} is not in the plan", row.cell_id));
      const auto [other, added] = holder.emplace(row.cell_id, part.path);
      if (!added)
        fail(part.path, fmt::format("its cell {} is also in {}; omit one of the two", row.cell_id, other->second.string()));
      joined.emplace(place->second, row);
    }
  return joined;
}

json run_json_of(json run, const std::vector<Part>& parts, const std::vector<std::string>& command_line) {
  run["run_id"] =
      fmt::format("{}-{}-{:04x}", run["effective"].value("name", ""), utc_compact(), std::random_device{}() & 0xFFFFU);
  run["created_utc"] = utc_now();
  run["command_line"] = command_line;
  run["merged"] = json::array();
  for (const auto& part : parts)
    run["merged"].push_back({{"run_id", part.run["run_id"]},
                             {"host", part.run.value("host", "")},
                             {"created_utc", part.run["created_utc"]},
                             {"cells", part.rows.size()}});
  return run;
}

// The trace of one execution by each meter.
void copy_traces(const fs::path& from, const fs::path& to) {
  for (std::size_t meter = 0; fs::exists(trace_of_meter(from, meter)); ++meter)
    fs::copy_file(trace_of_meter(from, meter), trace_of_meter(to, meter));
}

Precision precision_of(const json& run) {
  Settings settings;
  settings.sweep.until = run.value("effective", json::object()).value("sweep.until", "");
  return tbft::precision_of(settings);
}

// Joins the journals and numbers their executions consecutively; copies each trace to the name for its number.
std::string join_journals(const std::vector<Part>& parts, const fs::path& traces) {
  std::string text;
  int execution = 0;
  for (const auto& part : parts)
    for (auto line : part.journal) {
      if (line.value("event", json()) == "execution") {
        const auto name = trace_name(++execution);
        const auto before = fs::path(line.value("trace", "")).filename();
        if (!before.empty()) {
          line["trace"] = name;
          copy_traces(part.path / "traces" / before, traces / name);
        }
      }
      text += line.dump() + "\n";
    }
  return text;
}

// Builds a directory under a temporary name and publishes it once everything is on the disk.
class Draft {
 public:
  explicit Draft(const fs::path& target)
      : target_(target), path_(target.parent_path() / fmt::format("{}.merging-{}", target.filename().string(), getpid())) {
    fs::create_directories(path_ / "traces");
  }
  ~Draft() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  const fs::path& path() const { return path_; }

  void publish() {
    sync(path_, syncfs);
    if (rename(path_.c_str(), target_.c_str()) != 0)
      throw std::system_error(errno, std::generic_category(), fmt::format("{}: cannot be created", target_.string()));
    sync(target_.parent_path(), fsync);
  }

 private:
  static void sync(const fs::path& folder, int (*how)(int)) {
    const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool good = fd >= 0 && how(fd) == 0;
    const int error = errno;
    if (fd >= 0) close(fd);
    if (!good) throw std::system_error(error, std::generic_category(), fmt::format("{}: cannot sync", folder.string()));
  }
  fs::path target_, path_;
};

fs::path target_of(const fs::path& out) {
  auto target = fs::absolute(out).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  if (fs::exists(target) && !(fs::is_directory(target) && fs::is_empty(target)))
    fail(out, "already exists; choose another -o (a merged directory can itself be a part)");
  return target;
}

}  // namespace

MergeOutcome merge_runs(const std::vector<fs::path>& paths, const fs::path& out, const std::vector<std::string>& command_line,
                        const std::function<void(const std::string&)>& warn) {
  const auto target = target_of(out);
  std::vector<Part> parts;
  parts.reserve(paths.size());
  Common common{paths.at(0), {}, {}};
  for (const auto& path : paths) {
    Part& part = parts.emplace_back(read_part(path, warn));
    if (common.run.is_null()) common.run = part.run;
    add_part(common, part);
    part.run.erase("plan");
  }
  const auto plan = common.run["plan"].get<std::vector<std::string>>();
  const auto rows = join_rows(parts, plan);

  Draft draft(target);
  results::write_file_atomically(draft.path() / "journal.jsonl", join_journals(parts, draft.path() / "traces"));
  std::vector<results::CellRow> present;
  present.reserve(rows.size());
  std::vector<results::CellRow> superseded, meters;
  for (const auto& [place, row] : rows) present.push_back(row);
  for (const auto& part : parts) {
    superseded.insert(superseded.end(), part.superseded.begin(), part.superseded.end());
    meters.insert(meters.end(), part.meters.begin(), part.meters.end());
  }
  if (!present.empty()) results::replace_cells(draft.path() / "cells.csv", present);
  if (!superseded.empty()) results::replace_cells(draft.path() / "cells.superseded.csv", superseded);
  if (!meters.empty()) results::replace_meters(draft.path() / "meters.csv", meters);
  // A path of the command line may contain any bytes.
  const auto run_json = run_json_of(common.run, parts, command_line).dump(2, ' ', false, json::error_handler_t::replace);
  results::write_file_atomically(draft.path() / "run.json", run_json + "\n");
  draft.publish();

  MergeOutcome outcome;
  outcome.planned = static_cast<std::int64_t>(plan.size());
  const auto with = [&](std::string_view status) {
    return std::ranges::count_if(present, [&](const results::CellRow& row) { return row.status == status; });
  };
  outcome.ok = with("ok");
  outcome.failed = with("failed");
  outcome.invalid = with("invalid");
  const auto cells = plan_of_run(common.run, present);
  Until until(precision_of(common.run));
  for (const auto& row : present) until.add(row);
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (rows.contains(i)) continue;
    if (!cells.empty() && until.enough(cells[i])) {
      ++outcome.spared;
      continue;
    }
    outcome.missing.push_back({static_cast<std::int64_t>(i), plan[i]});
    if (!cells.empty()) outcome.missing.back().cell = cells[i];
  }
  return outcome;
}

}  // namespace tbft
