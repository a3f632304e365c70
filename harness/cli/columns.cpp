// tbft columns: what the columns of the CSV files mean.
#include "results/columns.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/cli/documents.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/host/edit_distance.h"
#include "tbft/power/trace.h"

namespace tbft::cli {

namespace {

struct ColumnsOptions {
  std::vector<std::string> files;
  bool json = false;
};

std::string listed(const std::vector<results::CsvText>& files) {
  std::vector<std::string_view> names;
  names.reserve(files.size());
  for (const auto& file : files) names.push_back(file.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

// The files of these names, also with .csv; all without names.
std::vector<results::CsvText> chosen(const std::vector<std::string>& names) {
  auto all = csv_files();
  if (names.empty()) return all;
  std::vector<results::CsvText> files;
  for (const auto& name : names) {
    const auto stem = name.ends_with(".csv") ? name.substr(0, name.size() - 4) : name;
    const auto nearest = nearest_to(stem, all, &results::CsvText::name);
    if (nearest->name != stem)
      throw UsageError(fmt::format("unknown file '{}'; {}nown: {}", name,
                                   is_near(stem, nearest->name) ? fmt::format("did you mean '{}'? K", nearest->name) : "k",
                                   listed(all)));
    files.push_back(*nearest);
  }
  return files;
}

std::string to_text(const results::CsvText& file) {
  std::size_t width = 0;
  for (const auto& column : file.columns) width = std::max(width, column.name.size());
  std::string text = fmt::format("{}: {}\n", file.name, file.summary);
  for (const auto& column : file.columns)
    text += fmt::format("  {:<{}}  {:<7}  {:<9}  {}\n", column.name, width, column.type, column.unit, column.meaning);
  return text;
}

int execute(const ColumnsOptions& options) {
  const auto files = chosen(options.files);
  if (options.json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const auto& file : files) {
      nlohmann::ordered_json columns = nlohmann::ordered_json::array();
      for (const auto& column : file.columns)
        columns.push_back({{"name", column.name}, {"type", column.type}, {"unit", column.unit}, {"meaning", column.meaning}});
      list.push_back({{"name", file.name}, {"summary", file.summary}, {"columns", columns}});
    }
    print_json(nlohmann::ordered_json{{"files", list}}, 1);
    return Exit::ok;
  }
  std::string text;
  for (const auto& file : files) text += (text.empty() ? "" : "\n") + to_text(file);
  print_text(text);
  return Exit::ok;
}

// The names are those that power/ writes.
std::vector<results::ColumnText> trace_columns() {
  std::vector<results::ColumnText> columns{
      {"", "integer", "ns", "Time on the steady clock, the centre of the averaging interval; the header relates it to UTC"},
      {"", "number", "V", "Voltage"},
      {"", "number", "A", "Current, of the same conversion as the voltage"},
      {"", "number", "W", "Mean power over the averaging interval"},
      {"", "number", "J", "Energy counter, for meters that have one"},
      {"", "text", "",
       "Letters: s at the end of the range, r meter was set up again, d repeated value, g a gap begins, z the machine "
       "slept before"},
      {"", "text", "", "+NAME opens a window and -NAME closes it; such a row has a time and nothing else"}};
  std::string_view names = power::trace_columns;
  for (auto& column : columns) {
    column.name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(names.size(), column.name.size() + 1));
  }
  return columns;
}

}  // namespace

std::vector<results::CsvText> csv_files() {
  auto files = results::csv_texts();
  files.push_back({"trace",
                   "traces/trace.csv of a run directory, `tbft record`, and -o of `tbft measure`: one row for each reading or "
                   "mark. Lines with # before the columns describe the meter. An empty field is unknown.",
                   trace_columns()});
  return files;
}

void add_columns(CLI::App& app, Action& action) {
  const auto [command, options] =
      add_command(app, action, "columns", "Explain the columns of the CSV files: type, unit, meaning", execute);
  command->add_option("file", options->files, fmt::format("Only these: {}", listed(csv_files())))->type_name("FILE");
  command->add_flag("--json", options->json, "Print JSON");
  command->footer("Examples:\n  tbft columns cells\n  tbft columns step_cost operations --json");
}

}  // namespace tbft::cli
