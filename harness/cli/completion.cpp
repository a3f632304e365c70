#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/algorithm/string.hpp>
#include <functional>
#include <string>
#include <vector>

#include "harness/cli/command_text.h"

namespace tbft::cli {

namespace {

void for_each_command(const CommandText& command, const std::function<void(const CommandText&)>& visit) {
  visit(command);
  for (const auto& each : command.commands) for_each_command(each, visit);
}

std::string joined_names(const std::vector<CommandText>& commands) {
  std::vector<std::string> names;
  names.reserve(commands.size());
  for (const auto& each : commands) names.push_back(each.name());
  return fmt::format("{}", fmt::join(names, " "));
}

// In single quotes, for any of the shells.
std::string quoted(const std::string& text, const std::string& inner_quote) {
  return "'" + boost::replace_all_copy(text, "'", inner_quote) + "'";
}

// The tables that bash and zsh read: the commands and the options of a command, the choices of an option. A value that is not
// known is a file.
std::string tables(const CommandText& program) {
  std::string commands, options, choices;
  for_each_command(program, [&](const CommandText& command) {
    // `tbft help` is followed by any command.
    const auto& words = command.path == "tbft help" ? program.commands : command.commands;
    commands += fmt::format("    ['{}']='{}'\n", command.path, joined_names(words));
    std::vector<std::string> names;
    for (const auto& option : command.options) {
      names.insert(names.end(), option.names.begin(), option.names.end());
      if (option.value.empty()) continue;
      for (const auto& name : option.names)
        choices += fmt::format("    ['{} {}']='{}'\n", command.path, name, fmt::join(option.choices, " "));
    }
    options += fmt::format("    ['{}']='{}'\n", command.path, fmt::join(names, " "));
  });
  return fmt::format("  local -A subcommands=(\n{}  )\n  local -A flags=(\n{}  )\n  local -A choices=(\n{}  )\n", commands,
                     options, choices);
}

}  // namespace

std::string bash_completion(const CommandText& program) {
  return "# Completion of tbft's commands, options and choices for bash.\n_tbft() {\n" + tables(program) +
         R"(  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} path=tbft i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    [[ ${COMP_WORDS[i]} != -- ]] || return 0
    [[ " ${subcommands[$path]} " != *" ${COMP_WORDS[i]} "* ]] || path+=" ${COMP_WORDS[i]}"
  done
  local known=${subcommands[$path]}
  [[ $word != -* ]] || known=${flags[$path]}
  [[ -z ${choices[$path $previous]+set} ]] || known=${choices[$path $previous]}
  COMPREPLY=($(compgen -W "$known" -- "$word"))
}
complete -o default -F _tbft tbft
)";
}

std::string zsh_completion(const CommandText& program) {
  return "#compdef tbft\n# Completion of tbft's commands, options and choices for zsh.\n_tbft() {\n" +
         boost::replace_all_copy(boost::replace_all_copy(tables(program), "['", "'"), "']='", "' '") +
         R"(  local path_=tbft word previous=${words[CURRENT-1]} known
  for word in ${words[2,CURRENT-1]}; do
    if [[ $word == -- ]]; then _files; return; fi
    [[ " ${subcommands[$path_]} " != *" $word "* ]] || path_+=" $word"
  done
  known=${subcommands[$path_]}
  [[ ${words[CURRENT]} != -* ]] || known=${flags[$path_]}
  local key="$path_ $previous"
  (( ! ${+choices[$key]} )) || known=${choices[$key]}
  if [[ -n $known ]]; then compadd -- ${=known}; else _files; fi
}
_tbft "$@"
)";
}

std::string fish_completion(const CommandText& program) {
  std::string out = "# Completion of tbft's commands, options and choices for fish.\n";
  for_each_command(program, [&](const CommandText& command) {
    // Where this command is chosen, and none of its own.
    std::vector<std::string> words;
    boost::split(words, command.path, boost::is_any_of(" "));
    std::vector<std::string> conditions;
    for (std::size_t i = 1; i < words.size(); ++i) conditions.push_back("__fish_seen_subcommand_from " + words[i]);
    if (words.size() == 1)
      conditions.emplace_back("__fish_use_subcommand");
    else if (!command.commands.empty())
      conditions.push_back("not __fish_seen_subcommand_from " + joined_names(command.commands));
    const std::string begin = fmt::format("complete -c tbft -n '{}'", fmt::join(conditions, "; and "));
    for (const auto& each : command.commands)
      out += fmt::format("{} -f -a {} -d {}\n", begin, each.name(), quoted(each.summary, "\\'"));
    for (const auto& option : command.options) {
      out += begin;
      for (const auto& name : option.names)
        out += name.starts_with("--") ? fmt::format(" -l {}", name.substr(2)) : fmt::format(" -s {}", name.substr(1));
      if (!option.choices.empty())
        out += fmt::format(" -x -a '{}'", fmt::join(option.choices, " "));
      else if (!option.value.empty())
        out += " -r";
      out += fmt::format(" -d {}\n", quoted(option.summary, "\\'"));
    }
  });
  return out;
}

}  // namespace tbft::cli
