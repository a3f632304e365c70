// Declares a command, and the options that several commands share.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/cli/command.h"
#include "harness/measurement/run_meter.h"

namespace tbft::cli {

// Adds a sub-command to `app`. Returns it with the object for its option values. If the user chooses the command, `action`
// becomes a call of `run` with these options, unless a sub-command of the command has set `action` before.
template <typename Options>
std::pair<CLI::App*, std::shared_ptr<Options>> add_command(CLI::App& app, Action& action, const std::string& name,
                                                           const std::string& summary, int (*run)(const Options&)) {
  CLI::App* command = app.add_subcommand(name, summary);
  auto options = std::make_shared<Options>();
  command->callback([options, run, &action] {
    if (!action) action = [options, run] { return run(*options); };
  });
  return {command, std::move(options)};
}

// Accepts a finite number from `low` to `high`. CLI::Range and CLI::PositiveNumber accept NaN, because comparisons with NaN are
// false.
CLI::Validator number_in(double low, double high);
// Accepts a finite number above 0, up to `high`.
CLI::Validator number_above_0(double high);

inline constexpr double longest_time_s = 1e9;  // some 30 years

// An option for a time with its unit: 500us, 2ms, 60s, 10min, 2h. A number alone is in seconds. Accepts 0 and more; callers may
// add further checks.
template <typename Seconds>
CLI::Option* add_time_option(CLI::App& command, const std::string& name, Seconds& value_s, const std::string& text) {
  static const std::map<std::string, double> units{{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"min", 60}, {"h", 3600}};
  return command.add_option(name, value_s, text)
      ->transform(CLI::AsNumberWithUnit(units))
      ->check(number_in(0, longest_time_s))
      ->type_name("TIME");
}

// -m,--meter, with the environment variable TBFT_METER, which may not name a program. `without`: what the command does if
// `auto` finds no meter.
void add_meter_option(CLI::App& command, MeterChoice& meter, WithoutMeter without);
// The same, repeatable: the first is MeterChoice::uri, the others are MeterChoice::further.
void add_meters_option(CLI::App& command, MeterChoice& meters, WithoutMeter without);
// --realtime, of commands that sample a meter
CLI::Option* add_realtime_option(CLI::App& command, std::string& realtime);
// --checkpoint and --key: a file, and the dict of tensors in it if several could be meant
CLI::Option* add_checkpoint_options(CLI::App& command, std::string& checkpoint, std::string& key, const std::string& help);
// --allow-script: the one way to permit it
void add_allow_script_option(CLI::App& command, bool& allow_script);
// --force
void add_force_option(CLI::App& command, bool& force);
// --threads, with the environment variable TBFT_THREADS; 0: every core
void add_threads_option(CLI::App& command, std::int64_t& threads);
// -f,--format
void add_format_option(CLI::App& command, std::string& format, const std::string& help,
                       const std::vector<std::string>& formats);
// RUN_DIR..., required
CLI::Option* add_runs_option(CLI::App& command, std::vector<std::string>& runs, const std::string& help);
// --keep-contended
void add_keep_contended_option(CLI::App& command, bool& keep_contended);

}  // namespace tbft::cli
