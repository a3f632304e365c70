#include "harness/experiment/run_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>
#include <unordered_set>

#include "harness/experiment/settings.h"
#include "results/csv.h"
#include "tbft/power/registry.h"

namespace tbft {

namespace {

namespace fs = std::filesystem;

// A key without a setting is treated as one that determines an accuracy.
SettingRole role_of(std::string_view key) {
  const auto found = std::ranges::find(setting_keys(), key, &SettingKey::name);
  return found == setting_keys().end() ? SettingRole::result : found->role;
}

bool is_measured(const nlohmann::json& run) {
  const auto meter = run.value("meter", nlohmann::json());
  return meter.is_object() && meter.value("measured", nlohmann::json()) == true;
}

}  // namespace

nlohmann::json read_run_json(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  auto object = nlohmann::json::parse(text.str(), nullptr, false);
  const auto has = [&](const char* key, auto is_kind) { return object.contains(key) && (object[key].*is_kind)(); };
  using Json = nlohmann::json;
  if (!file || !object.is_object() || !has("effective", &Json::is_object) || !has("run_id", &Json::is_string) ||
      !has("created_utc", &Json::is_string))
    throw RunDirectoryError(fmt::format("{}: not a run.json; use another -o", path.string()));
  return object;
}

std::vector<std::string> differences_of_runs(const nlohmann::json& before, const nlohmann::json& now, bool may_grow) {
  using Json = nlohmann::json;
  if (before.contains("cell_ids") != now.contains("cell_ids"))
    return {fmt::format("cell ids of tbft {} also depend on the machine, so only that version can continue its run",
                        (before.contains("cell_ids") ? now : before).value("tool_version", "0.1"))};
  std::vector<std::string> differences;
  const auto compare = [&](const std::string& what, const Json& old, const Json& value) {
    if (old != value) differences.push_back(fmt::format("{} was {}, is {}", what, old.dump(), value.dump()));
  };
  // A setting that was added after the run was made had its present default.
  const auto defaults = Json::parse(to_json(Settings()));
  const auto value_in = [&](const Json& run, const char* settings, const std::string& key) {
    return run.value(settings, Json::object()).value(key, defaults.value(key, Json()));
  };
  const bool measured = is_measured(before);
  for (const auto& [key, value] : now.at("effective").items()) {
    const auto role = role_of(key);
    if (role == SettingRole::place || (role == SettingRole::list && may_grow)) continue;
    if (role == SettingRole::machine) compare(key, value_in(before, "requested", key), value_in(now, "requested", key));
    if (role != SettingRole::machine || measured) compare(key, value_in(before, "effective", key), value);
    if (const auto old = value_in(before, "effective", key);
        key == "meter.uri" && old != value && old.is_string() && power::runs_program(old.get<std::string>()))
      differences.back() += " (no program is started because run.json names it: give -m again)";
  }
  const auto compare_fact = [&](const char* key) { compare(key, before.value(key, Json()), now.value(key, Json())); };
  compare_fact("checkpoint_sha256");
  compare_fact("libtorch");
  if (measured) {
    compare_fact("board");
    compare_fact("cpu");
    // Older runs do not state these.
    for (const auto* pointer : {"/blas", "/network/passes"}) {
      const Json::json_pointer fact(pointer);
      const Json old = before.value(fact, Json()), value = now.value(fact, Json());
      if (!old.is_null() && !value.is_null()) compare(pointer + 1, old, value);  // named without the slash
    }
  }
  // New conditions in a plan add data sets, so only those in both are compared.
  const auto old_data = before.value("data", Json::object());
  const auto data = now.value("data", Json::object());
  for (const auto& [name, set] : data.items())
    if (old_data.contains(name) && old_data[name] != set)
      differences.push_back(fmt::format("the data set {} has other images", name));
  return differences;
}

std::string trace_name(int execution) {
  return execution <= 1 ? "trace.csv" : fmt::format("trace-{}.csv", execution);
}

void RunDirectory::refuse(const fs::path& path, bool resume) {
  if (resume && !fs::exists(path / "run.json"))
    throw RunDirectoryError(fmt::format("{}: contains no run to resume (no run.json); omit --resume", path.string()));
  if (!resume && !fs::exists(path / "run.json") && fs::exists(path / "cells.csv"))
    throw RunDirectoryError(fmt::format("{}: contains a cells.csv without its run.json; choose another -o", path.string()));
  if (!resume && fs::exists(path / "run.json"))
    throw RunDirectoryError(
        fmt::format("{}: already contains a run; continue it with --resume or choose another -o", path.string()));
}

RunDirectory::RunDirectory(fs::path path, bool resume) : path_(std::move(path)) {
  refuse(path_, resume);
  std::error_code error;
  fs::create_directories(path_ / "traces", error);
  if (error) throw RunDirectoryError(fmt::format("{}: cannot create the run directory: {}", path_.string(), error.message()));
  lock_ = open((path_ / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0) throw RunDirectoryError(fmt::format("{}: cannot create .lock: {}", path_.string(), std::strerror(errno)));
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    close(lock_);
    throw RunDirectoryError(fmt::format("{}: another tbft uses this directory", path_.string()));
  }
}

RunDirectory::~RunDirectory() {
  close(lock_);
}

std::string RunDirectory::begin(const std::string& run_json, const std::vector<Cell>& plan) {
  auto now = nlohmann::json::parse(run_json);
  const auto file = path_ / "run.json";
  if (fs::exists(file)) {
    const auto before = read_run_json(file);
    if (const auto differences = differences_of_runs(before, now, true); !differences.empty())
      throw RunDirectoryError(
          fmt::format("{}: cannot resume: {}; use another -o", path_.string(), fmt::join(differences, "; ")));
    now["run_id"] = before.at("run_id");
    now["created_utc"] = before.at("created_utc");
    // An execution of some cells loads only their images, so the facts about the others are kept from before.
    if (auto data = before.value("data", nlohmann::json()); data.is_object() && now["data"].is_object()) {
      data.update(now["data"]);
      now["data"] = data;
    }
  }
  if (fs::exists(superseded_csv())) {
    const auto cells = results::read_cells(superseded_csv());
    if (cells.other_columns) results::replace_cells(superseded_csv(), cells.rows);
  }
  if (fs::exists(meters_csv())) {
    const auto meters = results::read_meters(meters_csv());
    if (meters.other_columns) results::replace_meters(meters_csv(), meters.rows);
  }
  if (fs::exists(cells_csv())) {
    auto cells = results::read_cells(cells_csv());
    if (cells.torn_tail || cells.other_columns) results::replace_cells(cells_csv(), cells.rows);
    std::unordered_set<std::string_view> ids;
    for (const Cell& cell : plan) ids.insert(cell.id);
    for (const auto& row : cells.rows) {
      if (!ids.contains(row.cell_id))
        throw RunDirectoryError(fmt::format("{}: its cell {} ({} {}) is not in this plan: a plan may only grow; use another -o",
                                            path_.string(), row.cell_id, row.dataset, row.strategy));
      present_.insert(row.cell_id);
      if (row.status == "ok") done_.insert(row.cell_id);
    }
  }
  results::write_file_atomically(file, now.dump(2) + "\n");
  return now.at("run_id").get<std::string>();
}

// Rows of the cell are there after an earlier execution of it, or after a kill before its row in cells.csv.
void RunDirectory::commit_meters(const std::string& cell_id, std::span<const results::CellRow> rows) const {
  if (rows.empty()) return;
  auto there = fs::exists(meters_csv()) ? results::read_meters(meters_csv()).rows : std::vector<results::CellRow>();
  if (std::erase_if(there, [&](const results::CellRow& old) { return old.cell_id == cell_id; }) == 0)
    return results::append_meters(meters_csv(), rows);
  there.insert(there.end(), rows.begin(), rows.end());
  results::replace_meters(meters_csv(), there);
}

void RunDirectory::commit(const results::CellRow& row, std::span<const results::CellRow> by_further_meters) {
  commit_meters(row.cell_id, by_further_meters);
  if (present_.contains(row.cell_id)) {
    auto cells = results::read_cells(cells_csv());
    const auto old = std::ranges::find(cells.rows, row.cell_id, &results::CellRow::cell_id);
    // The old row is saved in its new file before it is removed from the old one. A kill between the two must not save it
    // twice.
    const auto same = [&](const results::CellRow& r) { return r.cell_id == old->cell_id && r.started_utc == old->started_utc; };
    if (!fs::exists(superseded_csv()) || std::ranges::none_of(results::read_cells(superseded_csv()).rows, same))
      results::append_cell(superseded_csv(), *old);
    *old = row;
    results::replace_cells(cells_csv(), cells.rows);
  } else {
    results::append_cell(cells_csv(), row);
  }
  present_.insert(row.cell_id);
  if (row.status == "ok") done_.insert(row.cell_id);
}

}  // namespace tbft
