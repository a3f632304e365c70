// Sub-commands of `tbft`. Each has one file and one line in the lists of tbft.cpp and tbft_train.cpp.
#pragma once

#include <functional>

#include "harness/host/usage_error.h"

namespace CLI {
class App;
}

namespace tbft::cli {

// Exit codes of the program.
enum Exit : int { ok = 0, failed = 1, usage = 2, no_meter = 3, invalid_measurement = 4, interrupted = 130 };

// Set by the sub-command that the user chose; runs it and returns the exit code.
using Action = std::function<int()>;

void add_meters(CLI::App& app, Action& action);
void add_calibrate(CLI::App& meters, Action& action);  // under `meters`
void add_measure(CLI::App& app, Action& action);
void add_record(CLI::App& app, Action& action);
void add_watch(CLI::App& app, Action& action);
void add_integrate(CLI::App& app, Action& action);
void add_serve_meter(CLI::App& app, Action& action);
void add_merge(CLI::App& app, Action& action);
void add_report(CLI::App& app, Action& action);
void add_compare(CLI::App& app, Action& action);
void add_plot(CLI::App& app, Action& action);
void add_cost(CLI::App& app, Action& action);
void add_data(CLI::App& app, Action& action);
void add_data_corrupt(CLI::App& data, Action& action);  // under `data`
void add_doctor(CLI::App& app, Action& action);
void add_columns(CLI::App& app, Action& action);
void add_experiments(CLI::App& app, Action& action);
void add_help(CLI::App& app, Action& action);
void add_manual(CLI::App& app, Action& action);  // of tbft-train alone
// These need libtorch; in a build without it each reports that.
void add_run(CLI::App& app, Action& action);
void add_eval(CLI::App& app, Action& action);
void add_pretrain(CLI::App& app, Action& action);
void add_reproduce(CLI::App& app, Action& action);
void add_step_cost(CLI::App& app, Action& action);
void add_diagnose(CLI::App& app, Action& action);
void add_personalize(CLI::App& app, Action& action);

}  // namespace tbft::cli
