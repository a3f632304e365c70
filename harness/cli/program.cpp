// Libraries throw; only this file prints errors and decides the exit code.
#include "harness/cli/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <exception>
#include <string>

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

// One line that says what is wrong and how to get help.
std::string usage_text(const CLI::App* app, const CLI::Error& error) {
  std::string command = app->get_name();
  for (auto chosen = app->get_subcommands(); !chosen.empty(); chosen = chosen.front()->get_subcommands())
    command += " " + chosen.front()->get_name();
  std::string what = error.what();
  std::ranges::replace(what, '\n', ' ');
  return fmt::format("tbft: {}; see `{} --help`\n", what, command);
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
      "Start with `tbft measure -- COMMAND` (joules of any command) or `tbft run experiments/quickstart.toml`.\n"
      "Exit codes: 0 ok, 1 failed, 2 usage, 3 no meter, 4 ran but the measurement is invalid, 130 interrupted.");
  Action action;
  add_commands(app, action);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 prints help and version itself (code 0); every other parse error is a usage error.
    return app.exit(error) == 0 ? Exit::ok : Exit::usage;
  }
  const int code = run(action);
  // A result that did not reach stdout (such as a redirection to a full disk) is a failure.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    print_error("tbft: cannot write the result to stdout");
    return code == Exit::ok ? Exit::failed : code;
  }
  return code;
}

}  // namespace tbft::cli
