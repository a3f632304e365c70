// Names what is wrong with a command line. CLI11 names the words that it could not place, and these may be the value of the
// option that the user mistyped.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tbft::cli {

struct Mistake {
  std::string text;              // "unknown option '--idel'; did you mean '--idle'?"
  std::string command;           // that the words before it chose: "tbft measure"
  bool unknown_command = false;  // it is the name of no command
};

// The first mistake of the words after the program's name: an unknown command or option, an option without its value, a word
// too many, or a command without its own command. Values are not judged. Call it for a command line that was refused.
std::optional<Mistake> find_mistake(const CLI::App& program, const std::vector<std::string>& words);

// The command of this name under `app`; null if it has none.
const CLI::App* find_command(const CLI::App& app, const std::string& name);
// "unknown command 'mesure'; did you mean 'measure'?"
std::string unknown_command_text(const CLI::App& app, const std::string& name);

}  // namespace tbft::cli
