// tbft help: prints the help of a command.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "harness/cli/command.h"
#include "harness/cli/mistake.h"
#include "harness/cli/output.h"

namespace tbft::cli {

namespace {

int print_help(const CLI::App& program, const std::vector<std::string>& names) {
  const CLI::App* command = &program;
  std::string path = program.get_name();
  for (const auto& name : names) {
    const CLI::App* next = find_command(*command, name);
    if (next == nullptr) throw UsageError(unknown_command_text(*command, name));
    command = next;
    path += " " + name;
  }
  write_out(program.get_formatter()->make_help(command, path, CLI::AppFormatMode::Normal));
  return Exit::ok;
}

}  // namespace

void add_help(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("help", "Print the help of a command");
  auto names = std::make_shared<std::vector<std::string>>();
  command->add_option("command", *names, "The command, followed by its own command if it has some")->type_name("COMMAND");
  command->footer("Examples:\n  tbft help measure\n  tbft help data corrupt");
  command->callback([&app, &action, names] { action = [&app, names] { return print_help(app, *names); }; });
}

}  // namespace tbft::cli
