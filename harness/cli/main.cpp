// tbft: the program. Libraries throw; only this file prints errors and decides the exit code.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <exception>
#include <string>

#include "harness/cli/command.h"
#include "harness/data/dataset.h"
#include "harness/experiment/run_directory.h"
#include "harness/experiment/settings.h"
#include "harness/host/console.h"
#include "harness/host/interrupted.h"
#include "harness/host/openmp_wait.h"
#include "harness/host/provenance.h"
#include "results/text.h"
#include "tbft/power/meter.h"

namespace {

using tbft::cli::Exit;

int report(int code, const std::exception& error) {
  std::fflush(stdout);
  tbft::print_error("tbft: " + tbft::results::error_text(error));
  return code;
}

int run(const tbft::cli::Action& action) {
  try {
    return action();
  } catch (const tbft::Interrupted& error) {
    return report(Exit::interrupted, error);
  } catch (const tbft::UsageError& error) {
    return report(Exit::usage, error);
  } catch (const tbft::RunDirectoryError& error) {
    return report(Exit::usage, error);
  } catch (const tbft::data::BadDatasetSpec& error) {
    return report(Exit::usage, error);
  } catch (const tbft::power::BadMeterUri& error) {
    return report(Exit::usage, error);
  } catch (const tbft::power::MeterUnavailable& error) {
    return report(Exit::no_meter, error);
  } catch (const std::exception& error) {
    return report(Exit::failed, error);
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

}  // namespace

int main(int argc, char** argv) {
  if (!take_closed_streams()) return Exit::failed;
  tbft::let_openmp_threads_sleep(argc, argv);
  std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone causes a write error instead of ending the program
  std::signal(SIGXFSZ, SIG_IGN);  // so does a file size limit
  CLI::App app{"Measure what every way of fine-tuning costs in joules and gains in accuracy, on this board.", "tbft"};
  app.set_version_flag("-V,--version", tbft::tool_version());
  app.require_subcommand(1);
  app.failure_message(usage_text);
  app.set_help_all_flag("--help-all", "Help of every command");
  app.footer(
      "Start with `tbft measure -- COMMAND` (joules of any command) or `tbft run experiments/quickstart.toml`.\n"
      "Exit codes: 0 ok, 1 failed, 2 usage, 3 no meter, 4 ran but the measurement is invalid, 130 interrupted.");

  tbft::cli::Action action;
  tbft::cli::add_run(app, action);
  tbft::cli::add_reproduce(app, action);
  tbft::cli::add_merge(app, action);
  tbft::cli::add_report(app, action);
  tbft::cli::add_compare(app, action);
  tbft::cli::add_plot(app, action);
  tbft::cli::add_eval(app, action);
  tbft::cli::add_pretrain(app, action);
  tbft::cli::add_data(app, action);
  tbft::cli::add_cost(app, action);
  tbft::cli::add_step_cost(app, action);
  tbft::cli::add_diagnose(app, action);
  tbft::cli::add_personalize(app, action);
  tbft::cli::add_meters(app, action);
  tbft::cli::add_doctor(app, action);
  tbft::cli::add_measure(app, action);
  tbft::cli::add_record(app, action);
  tbft::cli::add_integrate(app, action);
  tbft::cli::add_serve_meter(app, action);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 prints help and version itself (code 0); every other parse error is a usage error.
    return app.exit(error) == 0 ? Exit::ok : Exit::usage;
  }
  const int code = run(action);
  // A result that did not reach stdout (such as a redirection to a full disk) is a failure.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    tbft::print_error("tbft: cannot write the result to stdout");
    return code == Exit::ok ? Exit::failed : code;
  }
  return code;
}
