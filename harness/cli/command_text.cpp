#include "harness/cli/command_text.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <iterator>
#include <utility>

namespace tbft::cli {

namespace {

// CLI11 writes types as "TIME:FLOAT [UNIT]:0 to 60" or "FORMAT:{csv,json}"; the first part is the name that we gave.
OptionText option_text(const CLI::Option& option) {
  OptionText text{.names = {},
                  .value = {},
                  .choices = {},
                  .summary = option.get_description(),
                  .default_value = option.get_default_str(),
                  .environment = option.get_envname(),
                  .required = option.get_required()};
  for (const auto& name : option.get_snames()) text.names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) text.names.push_back("--" + name);
  if (option.get_positional()) text.names = {option.get_name(true)};
  if (option.get_type_size() == 0) return text;
  const std::string type = option.get_type_name();
  text.value = type.substr(0, type.find(':'));
  const auto open = type.find('{');
  const auto close = type.find('}', open);
  if (open != std::string::npos && close != std::string::npos)
    boost::split(text.choices, type.substr(open + 1, close - open - 1), boost::is_any_of(","));
  return text;
}

CommandText text_of(const CLI::App& app, const std::string& path) {
  CommandText text{.path = path,
                   .summary = app.get_description(),
                   .footer = app.get_footer(),
                   .options = {},
                   .positionals = {},
                   .commands = {}};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    (option->get_positional() ? text.positionals : text.options).push_back(option_text(*option));
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); })) {
    CommandText part = text_of(*command, path + " " + command->get_name());
    if (command->get_name().empty())  // a group of the options of this command
      std::ranges::move(part.options, std::back_inserter(text.options));
    else
      text.commands.push_back(std::move(part));
  }
  return text;
}

}  // namespace

CommandText command_text(const CLI::App& app) {
  return text_of(app, app.get_name());
}

}  // namespace tbft::cli
