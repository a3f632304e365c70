// tbft watch: a meter's watts now, a running curve, joules since the beginning and of laps.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "harness/cli/energy_json.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/host/console.h"
#include "harness/host/interrupted.h"
#include "harness/host/keys.h"
#include "harness/host/terminal.h"
#include "harness/measurement/energy_text.h"
#include "harness/measurement/watch_text.h"
#include "tbft/power/monitor.h"
#include "tbft/power/plausible.h"

namespace tbft::cli {

namespace {

constexpr double redraw_s = 0.1;
constexpr double column_s = 0.25;  // of the curve
constexpr std::string_view all = "watch";

struct WatchOptions {
  MeterChoice meter;
  std::string realtime = "auto";
  double interval_s = 0;
  std::optional<double> duration_s;
  bool json = false;
};

class Watch {
 public:
  Watch(const WatchOptions& options, power::Monitor& monitor) : options_(options), monitor_(monitor), meter_(monitor.meter()) {
    monitor_.begin(all);
    monitor_.begin(lap_name(lap_));
    begin_J_ = lap_begin_J_ = monitor_.live().joules_J;
  }

  // Until the user, a signal, the time or the meter ends it.
  void show(const std::atomic<bool>& stop) {
    Keys keys;
    const bool unicode = wants_unicode();
    const std::string_view hint = keys.available() ? "space: lap, q: end" : "Ctrl-C: end";
    double next_row_s = 1;
    while (!stop && monitor_.failure().empty()) {
      const auto key = keys.wait(redraw_s);
      if (key && Keys::ends(*key)) break;
      if (key && (*key == ' ' || *key == 'l' || *key == '\n' || *key == '\r')) end_lap();
      const auto moment = now();
      curve_.add(moment.t_s, moment.power_W);
      const bool lines = options_.json || !console_.terminal();
      if (!lines) console_.progress(watch_line(moment, curve_, hint, width(), unicode));
      if (lines && moment.t_s >= next_row_s) {
        print(moment);
        next_row_s = std::floor(moment.t_s) + 1;
      }
      if (std::ferror(stdout) != 0) break;  // whoever read it has gone
      if (options_.duration_s && moment.t_s >= *options_.duration_s) break;
    }
    keys.restore();  // before the wait for the last reading
    console_.clear();
  }

  // The energy from the beginning to now. Prints the last lap where there was more than one.
  power::Energy finish() {
    monitor_.end(lap_name(lap_));
    monitor_.end(all);
    if (lap_ > 1) report_lap(lap_);
    return monitor_.energy(all);
  }

 private:
  static std::string lap_name(std::size_t lap) { return fmt::format("lap/{}", lap); }
  double seconds_since(std::chrono::steady_clock::time_point instant) const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - instant).count();
  }
  // The last column stays free (Console::progress).
  std::size_t width() const { return std::max<std::size_t>(output_layout().width, 1) - 1; }

  WatchMoment now() {
    const auto live = monitor_.live();
    if (const auto distinct = monitor_.sampler().distinct; std::exchange(distinct_, distinct) != distinct)
      read_ = std::chrono::steady_clock::now();
    const bool recent = seconds_since(read_) <= meter_.gap_limit_s + meter_.latency_s + meter_.averaging_s;
    return {.t_s = seconds_since(begun_),
            .power_W = recent ? live.watts_W : power::unknown,
            .energy_J = live.joules_J - begin_J_,
            .lap = lap_,
            .lap_s = seconds_since(lap_begun_),
            .lap_J = live.joules_J - lap_begin_J_};
  }

  void end_lap() {
    monitor_.end(lap_name(lap_));
    monitor_.begin(lap_name(++lap_));  // at once: the report may wait for a reading
    lap_begun_ = std::chrono::steady_clock::now();
    lap_begin_J_ = monitor_.live().joules_J;
    report_lap(lap_ - 1);
  }

  // The energy of the lap, whose window has ended.
  void report_lap(std::size_t lap) {
    const auto energy = monitor_.energy(lap_name(lap));
    monitor_.forget(lap_name(lap));
    console_.clear();
    if (options_.json) {
      auto object = energy_json(energy);
      object["lap"] = lap;
      print_json(object);
    } else {
      print_text(lap_text(lap, energy) + "\n");
    }
    std::fflush(stdout);
  }

  void print(const WatchMoment& moment) const {
    if (options_.json)
      print_json(nlohmann::ordered_json{{"t_s", moment.t_s}, {"power_W", moment.power_W}, {"gross_J", moment.energy_J}});
    else
      print_out("{}\n", watch_row(moment));
    std::fflush(stdout);
  }

  const WatchOptions& options_;
  power::Monitor& monitor_;
  power::MeterInfo meter_;
  Console console_{stdout};
  WatchCurve curve_{column_s};
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point lap_begun_ = begun_, read_ = begun_;
  std::size_t distinct_ = 0;
  std::size_t lap_ = 1;
  double begin_J_ = 0, lap_begin_J_ = 0;
};

int execute(const WatchOptions& options) {
  auto meter = open_asked_meter(options.meter, options.interval_s);
  const StopOnSignal signals;
  power::Monitor monitor(std::move(meter), {.realtime = power::parse_realtime(options.realtime)});
  Watch watch(options, monitor);
  watch.show(signals.flag());
  const auto energy = watch.finish();
  if (options.json) {
    auto object = energy_json(energy);
    object["meter"] = monitor.meter().uri;
    print_json(object);
  } else {
    print_text(energy_text(energy, {}) + sampler_text(monitor));
  }
  monitor.close();
  for (const auto& warning : sampler_warnings(monitor, "")) print_error("tbft: warning: " + warning);
  if (const auto negative = power::negative_reason(energy); !negative.empty()) print_error("tbft: warning: " + negative);
  return energy.valid ? Exit::ok : Exit::invalid_measurement;
}

}  // namespace

void add_watch(CLI::App& app, Action& action) {
  const auto [command, options] =
      add_command(app, action, "watch", "Show a meter's watts now, their curve, and the joules so far", execute);
  add_meter_option(*command, options->meter, WithoutMeter::fails);
  add_time_option(*command, "-d,--duration", options->duration_s, "Duration, e.g. 60s (default: until q or Ctrl-C)")
      ->check(number_above_0(longest_time_s));
  add_time_option(*command, "-i,--interval", options->interval_s, "Sampling interval, e.g. 2ms; 0: the meter's own");
  add_realtime_option(*command, options->realtime);
  command->add_flag("--json", options->json, "Print one JSON object a second, one for each lap, and one at the end");
  command->footer(
      "Keys: space, l or Enter ends a lap and prints its joules; q or Ctrl-C ends with the joules of the whole time and their\n"
      "uncertainty. Where the output is not a terminal, one line a second is printed instead of the curve.\n"
      "Examples:\n"
      "  tbft watch -m um25c:///dev/rfcomm0\n"
      "  tbft watch -m estimate:// -d 5s\n"
      "  tbft watch -m rapl:// --json | jq --unbuffered .power_W\n"
      "Exit code: 4 if the whole time is not a valid measurement (gaps, saturation).");
}

}  // namespace tbft::cli
