// The commands that `tbft measure` runs, from the words of its command line: which word is a command of its own, parameters,
// names, and what runs before and after.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tbft {

// As the user wrote them. Texts hold {VAR} where a parameter's value is to stand.
struct CommandSpec {
  std::vector<std::string> words;                               // behind the options
  std::vector<std::string> commands;                            // of -c, each a line for the shell
  std::vector<std::pair<std::string, std::string>> parameters;  // VAR and its values, separated by commas ("\," is a comma)
  std::vector<std::string> names;                               // in the order of the commands; the others have none
  std::vector<std::string> prepare;                             // none, one for all commands, or one for each
  std::string setup, cleanup;                                   // empty: none
  std::string shell = "default";                                // "default" is sh, "none" none, others a command line
};

// One command as it is run. A step that it lacks has no words.
struct PlannedCommand {
  std::string name;  // the given one, or the text
  std::string text;  // as the user wrote it, with the parameters' values
  std::map<std::string, std::string> parameters;
  std::vector<std::string> words, setup, prepare, cleanup;
  bool by_shell = false;  // `words` start a shell, which says itself what it cannot find
};

// The words are one command. But if there are at least two and each contains a space, each word is a separate command, unless
// `is_program` is true for the first one (so that a program whose name contains spaces can be measured). A single word with
// spaces that is not a program's name is a line for the shell. Each text of -c is a command. Each combination of parameters
// makes further commands. Throws UsageError, which names the option, if numbers of names or texts do not match, a parameter is
// used nowhere, or a quote is not closed.
std::vector<PlannedCommand> plan_commands(const CommandSpec& spec, const std::function<bool(const std::string&)>& is_program);

// The words of a line by the rules of a shell, without expansions: blanks separate, '...' is literal, in "..." and outside a
// backslash escapes. Throws UsageError for a quote that is not closed.
std::vector<std::string> split_words(std::string_view line);
// The words as a line that split_words() reads back.
std::string join_words(const std::vector<std::string>& words);

}  // namespace tbft
