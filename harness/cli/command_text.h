// What a command says of itself, taken from its CLI11 app, and the texts that are made of it: manual pages and completion for
// shells.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tbft::cli {

struct OptionText {
  std::vector<std::string> names;    // "-m", "--meter"; of a positional argument its one name
  std::string value;                 // what it takes, e.g. "TIME"; empty for a flag
  std::vector<std::string> choices;  // if it takes one of a list
  std::string summary, default_value, environment;
  bool required = false;
};

struct CommandText {
  std::string path;  // "tbft", "tbft measure", "tbft meters calibrate"
  std::string summary, footer;
  std::vector<OptionText> options, positionals;
  std::vector<CommandText> commands;

  std::string name() const { return path.substr(path.rfind(' ') + 1); }
};

// Options and commands that help hides are left out.
CommandText command_text(const CLI::App& app);

// The manual page of a command (section 1, in roff), with its own commands as subsections if `nested`, else as a list that
// names their pages. `version` stands at its foot.
std::string man_page(const CommandText& command, const std::string& version, bool nested);

// Completion of commands, options and choices; of file names where nothing else is known.
std::string bash_completion(const CommandText& program);
std::string zsh_completion(const CommandText& program);
std::string fish_completion(const CommandText& program);

}  // namespace tbft::cli
