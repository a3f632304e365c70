// tbft: what people start. It runs the commands of meters, measurements and reports itself, and becomes tbft-train for the
// others.
#include <CLI/CLI.hpp>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "harness/cli/program.h"
#include "harness/cli/train_program.h"
#include "harness/host/console.h"

namespace {

using namespace tbft::cli;

// In the order of --help. Commands of tbft-train have no function here.
void add_commands(CLI::App& app, Action& action) {
  using Add = void (*)(CLI::App&, Action&);
  constexpr std::pair<const char*, Add> commands[] = {
      {"run", nullptr},
      {"experiments", add_experiments},
      {"reproduce", nullptr},
      {"merge", nullptr},
      {"report", add_report},
      {"compare", add_compare},
      {"plot", add_plot},
      {"eval", nullptr},
      {"pretrain", nullptr},
      {"data", nullptr},
      {"cost", nullptr},
      {"step-cost", nullptr},
      {"diagnose", nullptr},
      {"personalize", nullptr},
      {"meters", add_meters},
      {"doctor", add_doctor},
      {"measure", add_measure},
      {"record", add_record},
      {"watch", add_watch},
      {"integrate", add_integrate},
      {"serve-meter", add_serve_meter},
      {"columns", add_columns},
      {"help", add_help},
  };
  for (const auto& [name, add] : commands) {
    if (add != nullptr)
      add(app, action);
    else
      app.add_subcommand(name, summary_of_train_command(name));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view first = argc < 2 ? "" : argv[1];
  const std::string_view asked = first == "help" && argc > 2 ? argv[2] : first;  // `help run` is tbft-train's to answer
  const TrainCommand* command = find_train_command(asked);
  // tbft-train describes every command; without it, the commands that are here.
  const bool describes_all = first == "--help-all" && !find_train_program().empty();
  if (command == nullptr && !describes_all) return run_program(argc, argv, add_commands);
  if (command != nullptr && command->runs_network && first == asked) let_openmp_threads_sleep();
  try {
    become_train_program(asked, argv);
  } catch (const std::exception& error) {
    tbft::print_error(std::string("tbft: ") + error.what());
    return Exit::failed;
  }
}
