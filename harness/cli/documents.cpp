#include "harness/cli/documents.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/algorithm/string.hpp>

#include "harness/experiment/setting_texts.h"

namespace tbft::cli {

namespace {

constexpr std::string_view notice =
    "<!-- Written by the program: `tbft-train manual DIR` makes DIR/docs. Change the texts in the source. -->\n\n";

// As the content of a cell of a table.
std::string cell(std::string_view text) {
  std::string one_line = boost::replace_all_copy(std::string(text), "\n", " ");
  boost::replace_all(one_line, "|", "\\|");
  boost::replace_all(one_line, "<", "&lt;");
  return one_line;
}

std::string code(std::string_view text) {
  return text.empty() ? "" : fmt::format("`{}`", boost::replace_all_copy(std::string(text), "|", "\\|"));
}

std::string row(const std::vector<std::string>& cells) {
  return fmt::format("| {} |\n", fmt::join(cells, " | "));
}

std::string header(const std::vector<std::string>& names) {
  return row(names) + row(std::vector<std::string>(names.size(), "---"));
}

std::string sentence(const OptionText& option) {
  std::string text = cell(option.summary);
  const auto add = [&](const std::string& more) { text += (text.ends_with('.') ? " " : ". ") + more; };
  if (option.required) add("Required.");
  if (!option.choices.empty()) add(fmt::format("One of {}.", fmt::join(option.choices, ", ")));
  if (!option.environment.empty()) add(fmt::format("Environment: {}.", code(option.environment)));
  return text;
}

std::string option_row(const OptionText& option) {
  std::string names = fmt::format("{}", fmt::join(option.names, ", "));
  const bool is_argument = !option.names.front().starts_with('-');
  if (!is_argument && !option.value.empty()) names += " " + option.value;
  return row({code(names), code(option.default_value), sentence(option)});
}

std::string usage_of(const CommandText& command) {
  std::string text = command.path + " [OPTIONS]";
  if (!command.commands.empty()) text += " COMMAND";
  for (const auto& argument : command.positionals)
    text += argument.required ? " " + argument.names.front() : fmt::format(" [{}]", argument.names.front());
  return text;
}

void add_command(const CommandText& command, int depth, std::string& text) {
  text += fmt::format("\n{} {}\n\n{}.\n\n```text\n{}\n```\n", std::string(static_cast<std::size_t>(depth), '#'), command.path,
                      cell(command.summary), usage_of(command));
  if (!command.positionals.empty() || !command.options.empty()) {
    text += "\n" + header({"option", "default", "meaning"});
    for (const auto* list : {&command.positionals, &command.options})
      for (const auto& option : *list)
        if (option.names.back() != "--help" && option.names.back() != "--help-all") text += option_row(option);
  }
  if (!command.footer.empty()) text += fmt::format("\n```text\n{}\n```\n", boost::trim_copy(command.footer));
  for (const auto& each : command.commands) add_command(each, depth + 1, text);
}

// When a run is resumed.
std::string_view on_resume(SettingRole role) {
  switch (role) {
    case SettingRole::list:
      return "may grow";
    case SettingRole::place:
      return "may change";
    default:
      return "stays";
  }
}

}  // namespace

std::string commands_document(const CommandText& program) {
  std::string text = "# Commands\n\n" + std::string(notice);
  text += fmt::format("{}\n\n```text\n{}\n```\n\n", program.summary, boost::trim_copy(program.footer));
  text += "`-h, --help` prints the help of a command, `--help-all` that of all of them.\n\n";
  text += header({"command", "what it does"});
  for (const auto& command : program.commands)
    text +=
        row({fmt::format("[{}](#{})", command.name(), boost::replace_all_copy(command.path, " ", "-")), cell(command.summary)});
  for (const auto& command : program.commands) add_command(command, 2, text);
  return text;
}

std::string columns_document() {
  std::string text = "# Columns of the CSV files\n\n" + std::string(notice) +
                     "`tbft columns` prints the same. Files are RFC 4180 CSV; a reader should find columns by their names, "
                     "because\nlater versions may add some.\n";
  for (const auto& file : csv_files()) {
    text += fmt::format("\n## {}\n\n{}\n\n", file.name, file.summary) + header({"column", "type", "unit", "meaning"});
    for (const auto& column : file.columns)
      text += row({code(column.name), std::string(column.type), std::string(column.unit), cell(column.meaning)});
  }
  return text;
}

std::string settings_document() {
  std::string text = "# Settings of an experiment\n\n" + std::string(notice) +
                     "An experiment file is TOML, and `--set KEY=VALUE` of `tbft run` sets a key for one run. Required are "
                     "`name`,\n`data.dataset`, `data.path` and `model.checkpoint`. `tbft experiments` lists complete files.\n\n"
                     "The last column says what `tbft run --resume` allows: a setting *stays* as it was, a list *may grow*, or "
                     "the\nvalue *may change*.\n\n" +
                     header({"setting", "type", "default", "meaning", "on resume"});
  for (const auto& setting : setting_texts())
    text += row({code(setting.name), std::string(setting.type), code(setting.default_value), cell(setting.meaning),
                 std::string(on_resume(setting.role))});
  return text;
}

}  // namespace tbft::cli
