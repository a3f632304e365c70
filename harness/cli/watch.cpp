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
#include <vector>

#include "harness/cli/energy_json.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/host/console.h"
#include "harness/host/interrupted.h"
#include "harness/host/keys.h"
#include "harness/host/terminal.h"
#include "harness/measurement/energy_text.h"
#include "harness/measurement/measurement_session.h"
#include "harness/measurement/monitors.h"
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

// One meter since the beginning.
class Watched {
 public:
  explicit Watched(power::Monitor& monitor) : monitor_(monitor) { begin_J_ = lap_begin_J_ = monitor_.live().joules_J; }

  void lap() { lap_begin_J_ = monitor_.live().joules_J; }
  // Adds its watts and joules to a moment that has the times.
  WatchMoment at(WatchMoment moment) {
    const auto live = monitor_.live();
    const auto now = std::chrono::steady_clock::now();
    if (const auto distinct = monitor_.sampler().distinct; std::exchange(distinct_, distinct) != distinct) read_ = now;
    const double age_s = std::chrono::duration<double>(now - read_).count();
    const auto meter = monitor_.meter();
    const bool recent = monitor_.failure().empty() && age_s <= meter.gap_limit_s + meter.latency_s + meter.averaging_s;
    moment.power_W = recent ? live.watts_W : power::unknown;
    moment.energy_J = live.joules_J - begin_J_;
    moment.lap_J = live.joules_J - lap_begin_J_;
    return moment;
  }

 private:
  power::Monitor& monitor_;
  std::chrono::steady_clock::time_point read_ = std::chrono::steady_clock::now();
  std::size_t distinct_ = 0;
  double begin_J_ = 0, lap_begin_J_ = 0;
};

class Watch {
 public:
  Watch(const WatchOptions& options, const Monitors& monitors)
      : options_(options),
        monitors_(monitors),
        session_(monitors.pointers(), {}),
        curves_(monitors.size(), WatchCurve(column_s)) {
    session_.begin(all);
    session_.begin(lap_name(lap_));
    for (auto* monitor : monitors.pointers()) watched_.emplace_back(*monitor);
  }

  // Until the user, a signal, the time or the last meter ends it.
  void show(const std::atomic<bool>& stop) {
    Keys keys;
    const bool unicode = wants_unicode();
    const std::string_view hint = keys.available() ? "space: lap, q: end" : "Ctrl-C: end";
    const bool lines = options_.json || !console_.terminal();
    double next_row_s = 1;
    while (!stop && !monitors_.all_failed()) {
      const auto key = keys.wait(redraw_s);
      if (key && Keys::ends(*key)) break;
      if (key && (*key == ' ' || *key == 'l' || *key == '\n' || *key == '\r')) end_lap();
      tell_failures();
      const auto moments = now();
      const double t_s = moments.front().t_s;
      for (std::size_t m = 0; m < moments.size(); ++m) curves_[m].add(t_s, moments[m].power_W);
      if (!lines) console_.progress(watch_line(moments, curves_, hint, width(), unicode));
      if (lines && t_s >= next_row_s) {
        print(moments);
        next_row_s = std::floor(t_s) + 1;
      }
      if (std::ferror(stdout) != 0) break;  // whoever read it has gone
      if (options_.duration_s && t_s >= *options_.duration_s) break;
    }
    keys.restore();  // before the wait for the last reading
    console_.clear();
  }

  // The energies from the beginning to now. Prints the last lap where there was more than one.
  std::vector<WindowResult> finish() {
    session_.end(lap_name(lap_));
    session_.end(all);
    if (lap_ > 1) report_lap(lap_);
    std::vector<WindowResult> energies;
    for (auto* monitor : monitors_.pointers()) energies.push_back({.gross = monitor->energy(all), .net = {}});
    return energies;
  }

 private:
  static std::string lap_name(std::size_t lap) { return fmt::format("lap/{}", lap); }
  static double seconds_since(std::chrono::steady_clock::time_point instant) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - instant).count();
  }
  // The last column stays free (Console::progress).
  static std::size_t width() { return std::max<std::size_t>(output_layout().width, 1) - 1; }
  // Names a meter where there are several.
  std::string prefix(std::size_t meter) const {
    return monitors_.size() > 1 ? monitors_[meter].meter().uri + ": " : std::string();
  }

  std::vector<WatchMoment> now() {
    const WatchMoment times{.t_s = seconds_since(begun_), .lap = lap_, .lap_s = seconds_since(lap_begun_)};
    std::vector<WatchMoment> moments;
    for (auto& watched : watched_) moments.push_back(watched.at(times));
    return moments;
  }

  void tell_failures() {
    for (std::size_t m = 0; m < monitors_.size(); ++m)
      if (const auto failure = session_.new_failure(m); !failure.empty() && monitors_.size() > 1) {
        console_.clear();
        print_error(fmt::format("tbft: warning: {}failed: {}", prefix(m), failure));
      }
  }

  void end_lap() {
    session_.end(lap_name(lap_));
    session_.begin(lap_name(++lap_));  // at once: the report may wait for a reading
    lap_begun_ = std::chrono::steady_clock::now();
    for (auto& watched : watched_) watched.lap();
    report_lap(lap_ - 1);
  }

  // The energy of the lap, whose window has ended.
  void report_lap(std::size_t lap) {
    console_.clear();
    for (std::size_t m = 0; m < monitors_.size(); ++m) {
      const auto energy = monitors_[m].energy(lap_name(lap));
      if (options_.json) {
        auto object = energy_json(energy);
        object["lap"] = lap;
        if (monitors_.size() > 1) object["meter"] = monitors_[m].meter().uri;
        print_json(object);
      } else {
        print_text(prefix(m) + lap_text(lap, energy) + "\n");
      }
    }
    session_.forget(lap_name(lap));
    std::fflush(stdout);
  }

  void print(const std::vector<WatchMoment>& moments) const {
    if (!options_.json) print_out("{}\n", watch_row(moments));
    for (std::size_t m = 0; options_.json && m < moments.size(); ++m) {
      nlohmann::ordered_json object{{"t_s", moments[m].t_s}, {"power_W", moments[m].power_W}, {"gross_J", moments[m].energy_J}};
      if (moments.size() > 1) object["meter"] = monitors_[m].meter().uri;
      print_json(object);
    }
    std::fflush(stdout);
  }

  const WatchOptions& options_;
  const Monitors& monitors_;
  MeasurementSession session_;
  std::vector<Watched> watched_;
  std::vector<WatchCurve> curves_;
  Console console_{stdout};
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point lap_begun_ = begun_;
  std::size_t lap_ = 1;
};

void print_total(const WatchOptions& options, const std::vector<WindowResult>& energies, const Monitors& monitors) {
  if (!options.json) {
    std::vector<std::vector<WindowResult>> by_meter;
    by_meter.reserve(energies.size());
    for (const auto& energy : energies) by_meter.push_back({energy});
    return print_text(meters_text(by_meter, monitors.pointers()));
  }
  for (std::size_t m = 0; m < energies.size(); ++m) {
    auto object = energy_json(energies[m].gross);
    object["meter"] = monitors[m].meter().uri;
    print_json(object);
  }
}

int execute(const WatchOptions& options) {
  auto meters = open_asked_meters(options.meter, options.interval_s);
  const StopOnSignal signals;
  Monitors monitors(std::move(meters), {.realtime = power::parse_realtime(options.realtime)});
  Watch watch(options, monitors);
  watch.show(signals.flag());
  const auto energies = watch.finish();
  print_total(options, energies, monitors);
  monitors.close();
  for (const auto& warning : monitors.warnings("")) print_error("tbft: warning: " + warning);
  for (const auto& energy : energies)
    if (const auto negative = power::negative_reason(energy.gross); !negative.empty())
      print_error("tbft: warning: " + negative);
  return energies.front().gross.valid ? Exit::ok : Exit::invalid_measurement;
}

}  // namespace

void add_watch(CLI::App& app, Action& action) {
  const auto [command, options] = add_command(
      app, action, "watch", "Show the watts of one or several meters now, their curve, and the joules so far", execute);
  add_meters_option(*command, options->meter, WithoutMeter::fails);
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
      "  tbft watch -m um25c:///dev/rfcomm0 -m 'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1'  # both, and their ratio at the "
      "end\n"
      "  tbft watch -m rapl:// --json | jq --unbuffered .power_W\n"
      "Exit code: 4 if the whole time is not a valid measurement of the first meter (gaps, saturation).");
}

}  // namespace tbft::cli
