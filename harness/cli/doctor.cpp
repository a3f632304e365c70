// tbft doctor: lists the meters, the problems of those that do not work, and what disturbs a measurement on this machine.
#include "harness/host/doctor.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/experiment/trace_space.h"
#include "harness/host/board.h"
#include "harness/host/console.h"
#include "harness/host/doctor_text.h"
#include "tbft/power/sampling.h"

namespace tbft::cli {

namespace {

using Json = nlohmann::ordered_json;

struct DoctorOptions {
  std::string meter;
  bool json = false;
  bool all = false;
};

Json json_of(const Check& check) {
  return {{"topic", check.topic},
          {"name", check.name},
          {"state", to_string(check.health)},
          {"detail", check.detail},
          {"fix", check.fix}};
}

Json json_of(const power::FoundMeter& meter) {
  const bool absent = meter.state == power::MeterState::absent;
  return {{"uri", meter.uri},
          {"meter_scope", absent ? Json(nullptr) : Json(to_string(meter.scope))},
          {"state", to_string(meter.state)},
          {"detail", meter.detail},
          {"fix", meter.fix}};
}

// nlohmann-json writes an unknown number (NaN) as null.
Json json_of(const MeterExam& exam) {
  return {{"uri", exam.info.uri},
          {"description", exam.info.description},
          {"meter_scope", to_string(exam.info.scope)},
          {"measured", exam.info.measured ? 1 : 0},
          {"usable", exam.usable},
          {"seconds", exam.seconds},
          {"readings", exam.readings},
          {"repeated", exam.repeated},
          {"failed", exam.failed},
          {"saturated", exam.saturated},
          {"volts_V", exam.volts_V},
          {"amps_A", exam.amps_A},
          {"power_W", exam.power_W}};
}

// Checks the disk space for a trace in the current folder, where `tbft run` makes its directory: for the named meter, otherwise
// for a fast converter.
Check disk_check(const std::optional<MeterExam>& exam) {
  const double period_s = exam && exam->info.nominal_period_s > 0 ? exam->info.nominal_period_s : 1.0 / 940;
  const auto folder = std::filesystem::current_path();
  return check_space(folder, free_bytes(folder), {.rows_per_s = 1 / period_s});
}

Check sampler_check() {
  const auto got = power::try_scheduling(power::Realtime::automatic);
  Check check{.topic = "sampler", .name = "priority", .detail = to_string(got)};
  if (!got.realtime())
    check.detail += "; real-time priority is not permitted; it is needed only if `tbft meters --self-test` loses readings";
  return check;
}

std::optional<ProcessorTimes> processors_a_second_after(const std::optional<ProcessorTimes>& before) {
  constexpr double enough_s = 1;
  const Board board;
  auto now = board.processor_times();
  if (!before || !now || now->wall_s - before->wall_s >= enough_s) return now;
  std::this_thread::sleep_for(std::chrono::duration<double>(enough_s - (now->wall_s - before->wall_s)));
  return board.processor_times();
}

int execute(const DoctorOptions& options) {
  const auto before = Board().processor_times();
  std::optional<MeterExam> exam;
  std::vector<Check> meter_checks;
  if (!options.meter.empty()) {
    try {
      const auto meter = open_asked_meter({options.meter, power::Programs::allowed});
      const auto clock = power::steady_clock();
      Console console;
      console.progress(fmt::format("reading the meter for {:.0f} s", exam_seconds(meter->info())));
      exam = examine(*meter, *clock);
      console.clear();
      meter_checks = exam->checks;
    } catch (const power::MeterUnavailable& error) {
      meter_checks.push_back({.topic = "meter", .name = options.meter, .health = Health::problem, .detail = error.what()});
    }
  }
  Findings findings = check_machine();
  findings.checks.push_back(disk_check(exam));
  findings.checks.push_back(sampler_check());
  if (const auto use = processor_use(before, processors_a_second_after(before))) findings.checks.push_back(check_others(*use));
  const bool any = !findings.auto_uri.empty() || !findings.also_usable.empty();
  const bool usable = options.meter.empty() ? any : exam && exam->usable;
  if (options.json) {
    Json meters = Json::array();
    for (const auto& meter : findings.meters) meters.push_back(json_of(meter));
    Json checks = Json::array();
    for (const auto& check : meter_checks) checks.push_back(json_of(check));
    for (const auto& check : findings.checks) checks.push_back(json_of(check));
    print_json(Json{{"usable", usable},
                    {"auto", findings.auto_uri.empty() ? Json(nullptr) : Json(findings.auto_uri)},
                    {"auto_equals", findings.also_usable},
                    {"meters", meters},
                    {"checks", checks},
                    {"meter", exam ? json_of(*exam) : Json(nullptr)}});
  } else {
    std::string text = exam ? to_text(*exam) : "";
    for (const auto& check : meter_checks) text += to_text(check);
    print_text(text + to_text(findings, options.all));
  }
  return usable ? Exit::ok : Exit::no_meter;
}

}  // namespace

void add_doctor(CLI::App& app, Action& action) {
  const auto [command, options] = add_command(
      app, action, "doctor", "Look for meters and for what disturbs a measurement; print the fix for each problem", execute);
  command->add_option("-m,--meter", options->meter, "Take a few readings of this meter and judge its wiring");
  command->add_flag("--all", options->all, "Print a line for everything that is absent, too");
  command->add_flag("--json", options->json, "Print JSON");
  command->footer(
      "It writes to no device, and reads no I2C address except the one that -m names.\n"
      "Exit code: 0 if a measuring meter is usable (with -m: this one), else 3.\n"
      "Examples:\n"
      "  tbft doctor\n"
      "  tbft doctor -m 'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1'");
}

}  // namespace tbft::cli
