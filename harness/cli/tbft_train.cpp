// tbft-train: every command (train_program.h). `tbft` starts it.
#include <CLI/CLI.hpp>

#include "harness/cli/program.h"

namespace {

using namespace tbft::cli;

void add_commands(CLI::App& app, Action& action) {
  for (const auto add :
       {add_run,      add_experiments, add_reproduce, add_merge,     add_report,      add_compare,     add_plot,   add_eval,
        add_pretrain, add_data,        add_cost,      add_step_cost, add_diagnose,    add_personalize, add_meters, add_doctor,
        add_measure,  add_record,      add_watch,     add_integrate, add_serve_meter, add_columns,     add_help,   add_manual})
    add(app, action);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program(argc, argv, add_commands);
}
