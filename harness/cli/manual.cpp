// tbft-train manual: writes the manual pages, the shells' completion, and the documents that the program knows (docs/cli.md and
// others). The build calls it; help does not list it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "harness/cli/command.h"
#include "harness/cli/command_text.h"
#include "harness/cli/documents.h"
#include "harness/host/provenance.h"
#include "results/files.h"

namespace tbft::cli {

namespace {

namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  results::write_file_atomically(file, text, results::Durable::no);
}

int write_manual(const CLI::App& app, const fs::path& folder) {
  const CommandText program = command_text(app);
  // The version alone, without the commit: pages of the same commands are the same.
  const std::string version = tool_version().substr(0, tool_version().find('+'));
  write(folder / "man1/tbft.1", man_page(program, version, false));
  for (const auto& command : program.commands)
    write(folder / fmt::format("man1/tbft-{}.1", command.name()), man_page(command, version, true));
  write(folder / "completion/tbft.bash", bash_completion(program));
  write(folder / "completion/_tbft", zsh_completion(program));
  write(folder / "completion/tbft.fish", fish_completion(program));
  write(folder / "docs/cli.md", commands_document(program));
  write(folder / "docs/columns.md", columns_document());
  write(folder / "docs/settings.md", settings_document());
  return Exit::ok;
}

}  // namespace

void add_manual(CLI::App& app, Action& action) {
  auto* command =
      app.add_subcommand("manual", "Write manual pages, the shells' completion and documents into a folder")->group("");
  auto folder = std::make_shared<std::string>();
  command->add_option("folder", *folder, "The folder")->required()->type_name("DIR");
  command->callback([&app, &action, folder] { action = [&app, folder] { return write_manual(app, *folder); }; });
}

}  // namespace tbft::cli
