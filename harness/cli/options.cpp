#include "harness/cli/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace tbft::cli {

namespace {

CLI::Validator number_that(const std::function<bool(double)>& fits, const std::string& expected, const std::string& name) {
  return {[=](const std::string& text) {
            double value = 0;
            if (CLI::detail::lexical_cast(text, value) && fits(value)) return std::string();
            return fmt::format("{}: expected a number {}", text, expected);
          },
          name};
}

// `further`: what the help says of more than one; empty for a command that takes one.
CLI::Option* meter_option(CLI::App& command, MeterChoice& meter, WithoutMeter without, const std::string& further) {
  const std::string otherwise = without == WithoutMeter::fails ? "exit code 3" : "joules are an estimate, with a warning";
  // CLI11 lists the options of the command line in parse_order(), and not those that it takes from the environment.
  const auto is_typed = [&command] {
    return std::ranges::any_of(command.parse_order(), [](const CLI::Option* o) { return o->check_lname("meter"); });
  };
  auto* option = command.add_option_function<std::vector<std::string>>(
      "-m,--meter",
      [&meter, is_typed, further](const std::vector<std::string>& uris) {
        if (further.empty() && uris.size() > 1)
          throw CLI::ValidationError("--meter", "this command takes one meter; measure, run and watch take several");
        meter = {uris.front(), is_typed() ? power::Programs::allowed : power::Programs::refused,
                 std::vector(uris.begin() + 1, uris.end())};
      },
      fmt::format(
          "Power meter URI; see `tbft meters`. auto: the meter of the widest scope (board, package, battery, rail) that "
          "works without options; if there is none, or several alike: {}{}",
          otherwise, further));
  option->envname("TBFT_METER")->allow_extra_args(false)->type_name("URI");
  if (!meter.uri.empty()) option->default_str(meter.uri);
  return option;
}

}  // namespace

CLI::Validator number_in(double low, double high) {
  return number_that([=](double x) { return x >= low && x <= high; }, fmt::format("from {} to {}", low, high),
                     fmt::format("{} to {}", low, high));
}

CLI::Validator number_above_0(double high) {
  return number_that([=](double x) { return x > 0 && x <= high; }, fmt::format("above 0, up to {}", high),
                     fmt::format("above 0 to {}", high));
}

void add_meter_option(CLI::App& command, MeterChoice& meter, WithoutMeter without) {
  meter_option(command, meter, without, "");
}

void add_meters_option(CLI::App& command, MeterChoice& meters, WithoutMeter without) {
  meter_option(command, meters, without,
               ". Repeatable: the first meter is the quantity, further ones measure the same windows beside it");
}

CLI::Option* add_realtime_option(CLI::App& command, std::string& realtime) {
  return command
      .add_option("--realtime", realtime, "Real-time priority for the sampling thread (default auto: where permitted)")
      ->check(CLI::IsMember({"auto", "on", "off"}))
      ->type_name("auto|on|off");
}

CLI::Option* add_checkpoint_options(CLI::App& command, std::string& checkpoint, std::string& key, const std::string& help) {
  auto* option = command.add_option("--checkpoint", checkpoint, help);
  command
      .add_option("--key", key,
                  "The weights' key in a checkpoint with several models, such as ema or checkpoint.model; . for the outermost")
      ->needs(option);
  return option;
}

void add_allow_script_option(CLI::App& command, bool& allow_script) {
  command.add_flag("--allow-script", allow_script,
                   "Permit model.network = \"torchscript\": the checkpoint is a program, which then runs with your rights");
}

void add_force_option(CLI::App& command, bool& force) {
  command.add_flag("--force", force, "Replace the file if it exists");
}

void add_threads_option(CLI::App& command, std::int64_t& threads) {
  command.add_option("--threads", threads, "Threads; 0: every core")->envname("TBFT_THREADS")->check(CLI::Range(0, 1024));
}

void add_format_option(CLI::App& command, std::string& format, const std::string& help,
                       const std::vector<std::string>& formats) {
  command.add_option("-f,--format", format, help)->check(CLI::IsMember(formats))->type_name("FORMAT")->capture_default_str();
}

CLI::Option* add_runs_option(CLI::App& command, std::vector<std::string>& runs, const std::string& help) {
  return command.add_option("run", runs, help)->required()->type_name("RUN_DIR");
}

void add_keep_contended_option(CLI::App& command, bool& keep_contended) {
  command.add_flag("--keep-contended", keep_contended,
                   "Keep joules and times of training of cells beside which other programs took over 30 % of the processors");
}

}  // namespace tbft::cli
