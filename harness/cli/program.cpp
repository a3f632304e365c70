// Libraries throw; only this file prints errors and decides the exit code.
#include "harness/cli/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "harness/cli/mistake.h"
#include "harness/cli/train_program.h"
#include "harness/data/dataset.h"
#include "harness/experiment/run_directory.h"
#include "harness/host/console.h"
#include "harness/host/interrupted.h"
#include "harness/host/provenance.h"
#include "results/text.h"
#include "tbft/power/meter.h"

namespace {

using tbft::cli::Exit;

template <typename... Errors>
bool is_any(const std::exception& error) {
  return (... || (dynamic_cast<const Errors*>(&error) != nullptr));
}

int exit_code_of(const std::exception& error) {
  if (is_any<tbft::Interrupted>(error)) return Exit::interrupted;
  if (is_any<tbft::UsageError, tbft::RunDirectoryError, tbft::data::BadDatasetSpec, tbft::power::BadMeterUri>(error))
    return Exit::usage;
  return is_any<tbft::power::MeterUnavailable>(error) ? Exit::no_meter : Exit::failed;
}

// Whether whoever read our standard output has closed it, as `head` does once it has its lines.
bool reader_has_gone() {
  pollfd output{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

int run(const tbft::cli::Action& action) {
  try {
    return action();
  } catch (const std::exception& error) {
    std::fflush(stdout);
    tbft::print_error("tbft: " + tbft::results::error_text(error));
    return exit_code_of(error);
  }
}

// If a standard stream is closed, the first file that is opened, such as a trace or a sensor, would take its number. So a file
// takes that place which fails on reads from standard input and on writes to the others, as the closed stream would.
bool take_closed_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) return false;
  }
  return true;
}

// What CLI11 says of a value or of options that do not go together, on one line with the way to the help.
std::string usage_text(const CLI::App* app, const CLI::Error& error) {
  std::string command = app->get_name();
  for (auto chosen = app->get_subcommands(); !chosen.empty(); chosen = chosen.front()->get_subcommands())
    command += " " + chosen.front()->get_name();
  std::string what = error.what();
  std::ranges::replace(what, '\n', ' ');
  return fmt::format("tbft: {}; see `{} --help`\n", what, command);
}

// Prints help or version where the user asked for them, otherwise one line that names the mistake. Returns the exit code.
int explain(const CLI::App& app, const CLI::ParseError& error, const std::vector<std::string>& words) {
  const auto mistake = tbft::cli::find_mistake(app, words);
  const bool help_is_asked = dynamic_cast<const CLI::CallForHelp*>(&error) != nullptr;
  if (mistake && (error.get_exit_code() != 0 || (help_is_asked && mistake->unknown_command))) {
    const char* const hint = mistake->text.ends_with('?') ? " See" : "; see";
    tbft::print_error(fmt::format("tbft: {}{} `{} --help`", mistake->text, hint, mistake->command));
    return Exit::usage;
  }
  // CLI11 prints help and version itself (code 0); every other parse error is a usage error.
  return app.exit(error) == 0 ? Exit::ok : Exit::usage;
}

// One line for the program, one for what its commands that train run on.
std::string version_text() {
  const std::string libtorch = tbft::libtorch_of_build();
  const std::string blas = tbft::system_blas();
  return fmt::format("tbft {}\n", tbft::tool_version()) +
         (tbft::cli::find_train_program().empty() ? "tbft-train is not installed (package tbft-train)"
          : libtorch.empty()                      ? "built without libtorch"
                             : fmt::format("libtorch {}, BLAS {}", libtorch, blas.empty() ? "unknown" : blas));
}

}  // namespace

namespace tbft::cli {

int run_program(int argc, char** argv, void (*add_commands)(CLI::App&, Action&)) {
  if (!take_closed_streams()) return Exit::failed;
  std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone causes a write error instead of ending the program
  std::signal(SIGXFSZ, SIG_IGN);  // so does a file size limit
  CLI::App app{"Measure what every way of fine-tuning costs in joules and gains in accuracy, on this board.", "tbft"};
  app.set_version_flag("-V,--version", version_text);
  app.require_subcommand(1);
  app.failure_message(usage_text);
  app.set_help_all_flag("--help-all", "Help of every command");
  app.footer(
      "Start with `tbft measure COMMAND` (joules of any command) or `tbft run quickstart`.\n"
      "`tbft help COMMAND` describes a command with its options and examples.\n"
      "Exit codes: 0 ok, 1 failed, 2 usage, 3 no meter, 4 ran but the measurement is invalid, 130 interrupted. A reader that\n"
      "closes the pipe early, as in `tbft report runs/first | head`, is no error: the exit code is 0.");
  Action action;
  add_commands(app, action);

  if (argc < 2) {
    std::fputs(app.help().c_str(), stdout);
    return Exit::usage;  // so that a script notices that its command was empty
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return explain(app, error, {argv + 1, argv + argc});
  }
  const int code = run(action);
  // A result that did not reach stdout (such as a redirection to a full disk) is a failure.
  const bool lost = std::fflush(stdout) != 0 || std::ferror(stdout) != 0;
  if (!lost || reader_has_gone() || code == Exit::failed) return code;
  print_error("tbft: cannot write the result to stdout");
  return code == Exit::ok ? Exit::failed : code;
}

}  // namespace tbft::cli
