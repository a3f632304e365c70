// exec://COMMAND?unit=W and lines://PATH?unit=W : any program, pipe or file that gives a number a line. It is how a meter is
// read for which another program has the driver.
//
// Lines: power/protocol/number_lines.h. A program's command is run by `sh -c`, so only open_meter() with Programs::allowed
// opens it. How often lines come is learned while the meter is opened, unless `period` states it; so is the step of their last
// digit, which is the resolution.
//
// Time: a line is taken to have arrived at the poll that finds it, or evenly since the poll before where one poll finds
// several. Its value may be of any instant within the `latency` before that, and is stamped in the middle. The default is a
// period, because a value may be a mean over it, and a poll. With `t,` the spacing of readings is that of the program's own
// times: the arrivals only give the offset between its clock and this one, by the line that arrived fastest.
//
// A program that ends, and a line that is no number, are a gap and then an error (MeterUnavailable). Silence is a gap.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <limits>
#include <utility>
#include <vector>

#include "power/bus/byte_source.h"
#include "power/meters/list.h"
#include "power/protocol/number_lines.h"

namespace tbft::power {
namespace {

constexpr TimeNs listen_every = 5'000'000;
constexpr std::size_t most_bytes = 65536;  // in one poll: what a pipe holds. A program that fills it is too fast to be read
// The program that prints runs beside the work that is measured, so its lines may be late by more than the usual 50 ms.
constexpr double shortest_gap_limit_s = 0.5;

constexpr MeterOption unit_option{.name = "unit",
                                  .meaning =
                                      "the numbers of a line: watts; joules counted so far; volts and amperes; each also "
                                      "behind a time in seconds",
                                  .values = "W, J, V,A, t,W, t,J, t,V,A",
                                  .otherwise = "required"};
constexpr MeterOption scope_option{.name = "scope",
                                   .meaning = "the part of the machine that the numbers are of",
                                   .values = "board, package, rail, battery",
                                   .otherwise = "board"};
constexpr MeterOption period_option{.name = "period",
                                    .meaning = "time from one line to the next",
                                    .unit = "s",
                                    .low = 1e-3,
                                    .high = 3600,
                                    .otherwise = "learned from the first lines"};
constexpr MeterOption latency_option{.name = "latency",
                                     .meaning = "longest time from the measured instant to the line's arrival",
                                     .unit = "s",
                                     .low = 0,
                                     .high = 3600,
                                     .otherwise = "a period and 5 ms"};
constexpr MeterOption timeout_option{
    .name = "timeout", .meaning = "longest wait for the first lines", .unit = "s", .low = 0.1, .high = 3600, .fallback = 10};
constexpr MeterOption skip_option{.name = "skip",
                                  .meaning = "lines at the beginning that are not read, such as a header",
                                  .low = 0,
                                  .high = 1e6,
                                  .fallback = 0};
constexpr MeterOption gain_option = [] {
  MeterOption option = gain_pct_option;
  option.otherwise = "unknown";
  return option;
}();
constexpr MeterOption offset_option = [] {
  MeterOption option = offset_A_option;
  option.meaning = "limit of the current's offset (unit=V,A), for the uncertainty; corrects nothing";
  option.otherwise = "unknown";
  return option;
}();
constexpr MeterOption offset_W_option{.name = "offset_W",
                                      .meaning = "limit of the power's offset (unit=W), for the uncertainty; corrects nothing",
                                      .unit = "W",
                                      .low = 0,
                                      .high = 1e4,
                                      .otherwise = "unknown"};
constexpr MeterOption silence_option = [] {
  MeterOption option = gap_limit_option;
  option.otherwise = "three periods, at least 0.5 s";
  return option;
}();
constexpr MeterOption options[] = {unit_option, scope_option, period_option, latency_option,  timeout_option,
                                   skip_option, gain_option,  offset_option, offset_W_option, silence_option};

struct LineSettings {
  LineFormat format;
  Scope scope = Scope::board;
  std::optional<double> period_s;
  std::optional<double> latency_s;
  double timeout_s = 0;
  std::size_t skip = 0;
};

LineFormat format_of(const MeterUri& uri) {
  const auto unit = uri.text(unit_option.name);
  const std::string fix =
      "unit=W for watts, unit=V,A for volts and amperes, unit=J for a counter of joules; t,W and so on where a time in seconds "
      "comes first";
  if (!unit) throw BadMeterUri(fmt::format("meter {}: what do its lines say? {}", uri.name, fix));
  if (const auto format = parse_line_format(*unit)) return *format;
  throw BadMeterUri(fmt::format("meter {}: unit={}: {}", uri.name, *unit, fix));
}

Scope scope_of(const MeterUri& uri) {
  const auto text = uri.text(scope_option.name).value_or("board");
  for (const Scope scope : {Scope::board, Scope::package, Scope::rail, Scope::battery}) {
    if (text == to_string(scope)) return scope;
  }
  throw BadMeterUri(fmt::format("meter {}: scope={}: it is {}", uri.name, text, scope_option.values));
}

void check_offset(const MeterUri& uri, const MeterOption& option, bool applies, std::string_view fix) {
  if (uri.number(option) && !applies) throw BadMeterUri(fmt::format("meter {}: {}: {}", uri.name, option.name, fix));
}

LineSettings settings_of(const MeterUri& uri) {
  uri.allow(options);
  LineSettings settings{.format = format_of(uri),
                        .scope = scope_of(uri),
                        .period_s = uri.number(period_option),
                        .latency_s = uri.number(latency_option),
                        .timeout_s = uri.number_or_fallback(timeout_option),
                        .skip = static_cast<std::size_t>(uri.number_or_fallback(skip_option))};
  const LineUnit unit = settings.format.unit;
  check_offset(uri, offset_option, unit == LineUnit::volts_amps, "only unit=V,A has a current; see offset_W");
  check_offset(uri, offset_W_option, unit == LineUnit::watts, "only unit=W has this offset; a counter of joules needs none");
  uri.gap_limit_s(1);  // checks the number
  return settings;
}

// Maps the program's times to arrivals: the least time from one to the other is the offset of the clocks, and other lines
// were on their way for longer. Only the last minute counts, because clocks drift.
class SourceClock {
 public:
  // The instant of a line. `began_anew` is set if the program's clock went back or jumped.
  TimeNs instant(double time_s, TimeNs arrival, double period_s, bool& began_anew) {
    const TimeNs t = from_seconds(std::clamp(time_s, -longest_s, longest_s));
    const TimeNs offset = arrival - t;
    const TimeNs jump = std::max<TimeNs>(1'000'000'000, from_seconds(5 * period_s));
    began_anew = last_ && (t <= *last_ || least() - offset > jump);
    if (!last_ || began_anew) {
      recent_ = before_ = offset;
      since_ = arrival;
    }
    last_ = t;
    if (arrival - since_ > half_minute) {
      before_ = std::exchange(recent_, offset);
      since_ = arrival;
    }
    recent_ = std::min(recent_, offset);
    return t + least();
  }

 private:
  static constexpr double longest_s = 4e9;  // beyond the year 2090 since 1970, and within the integer
  static constexpr TimeNs half_minute = 30'000'000'000;
  TimeNs least() const { return std::min(recent_, before_); }

  std::optional<TimeNs> last_;
  TimeNs since_ = 0;
  TimeNs recent_ = 0, before_ = 0;
};

class LinesMeter final : public Meter {
 public:
  // Waits for the first lines.
  LinesMeter(const MeterUri& uri, const LineSettings& settings, std::unique_ptr<ByteSource> source,
             std::shared_ptr<Clock> clock)
      : settings_(settings), source_(std::move(source)), clock_(std::move(clock)), parser_(settings.format, settings.skip) {
    info_.uri = to_string(uri);
    info_.scope = settings.scope;
    info_.counter = settings.format.unit == LineUnit::joules;
    uri.apply_accuracy(info_.accuracy);
    info_.accuracy.offset_limit_W = uri.number(offset_W_option);
    const bool learned = !settings.period_s;
    info_.nominal_period_s = learn();
    info_.latency_s = settings.latency_s.value_or(info_.nominal_period_s + to_seconds(listen_every));
    info_.gap_limit_s =
        uri.number(gap_limit_option).value_or(std::max(default_gap_limit_s(info_.nominal_period_s), shortest_gap_limit_s));
    info_.description = fmt::format(
        "{} {}, a line about every {:.3g} s{}; stamped on arrival, at most {:.3g} s after the measurement{}",
        uri.name == "exec" ? "a program that gives" : "lines with", to_string(settings.format), info_.nominal_period_s,
        learned ? " (learned)" : "", info_.latency_s, settings.latency_s ? "" : " (assumed)");
  }

  const MeterInfo& info() const override { return info_; }

  // What was printed since the meter was opened is too old for a reading.
  void start(TimeNs /*first_window*/) override {
    if (!source_) throw MeterUnavailable(fmt::format("{}: it was stopped; open it again", info_.uri));
    std::size_t old = 0;
    for (std::size_t n = 1; n > 0 && old <= most_bytes; old += n) n = read().value_or(0);
    parser_.clear();
    // A program that waited for room in the pipe now finishes a line that it began long ago.
    stale_ = old >= most_bytes / 2;
    held_.clear();
    heard_ = listened_ = due_ = clock_->now();
  }
  void stop() override { source_.reset(); }
  TimeNs next_poll(TimeNs /*scheduled*/) const override { return due_; }

  std::optional<Reading> poll(TimeNs /*scheduled*/) override {
    if (held_.empty()) listen();
    if (held_.empty()) return std::nullopt;
    Reading reading = held_.front();
    held_.pop_front();
    return reading;
  }

 private:
  void listen() {
    const TimeNs now = clock_->now();
    if (now < due_ || !source_) return;
    due_ = now + listen_every;
    if (!problem_.empty()) throw MeterUnavailable(problem_);
    auto lines = arrived();
    if (std::exchange(stale_, stale_ && lines.empty()) && !lines.empty()) lines.erase(lines.begin());
    for (std::size_t i = 0; i < lines.size(); ++i) hold(lines[i], now, i + 1, lines.size());
    listened_ = now;
    if (!problem_.empty()) return gap();
    if (now - heard_ > from_seconds(info_.gap_limit_s) && !std::exchange(silent_, true)) gap();
  }

  std::optional<std::size_t> read() {
    const auto n = source_->read(chunk_);
    if (n) parser_.feed(std::string_view(chunk_.data(), *n));
    return n;
  }

  // The lines that came since the last call. Sets problem_ if no more can be read.
  std::vector<NumberLine> arrived() {
    std::vector<NumberLine> lines;
    try {
      for (std::size_t bytes = 0; bytes < most_bytes;) {
        const auto n = read();
        if (!n) problem_ = fmt::format("{}: {}", info_.uri, source_->end());
        while (const auto line = parser_.next()) lines.push_back(*line);
        if (n.value_or(0) == 0) return lines;
        bytes += *n;
      }
      problem_ = fmt::format("{}: more than {} bytes at once: it prints faster than it can be read", info_.uri, most_bytes);
    } catch (const BadLine& error) {
      problem_ = fmt::format("{}: {}{}", info_.uri, error.what(), parser_.lines() <= 3 ? " (skip= leaves out a header)" : "");
    }
    return lines;
  }

  // `number` of `count` lines that one poll found.
  void hold(const NumberLine& line, TimeNs now, std::size_t number, std::size_t count) {
    Reading reading;
    TimeNs t = listened_ + (now - listened_) * static_cast<TimeNs>(number) / static_cast<TimeNs>(count);
    bool began_anew = false;
    if (settings_.format.time) t = source_clock_.instant(line.time_s.value, now, info_.nominal_period_s, began_anew);
    reading.t_ns = in_order(t - from_seconds(info_.latency_s / 2));
    if (!line.known()) {
      reading.flags = gap_begins;
      held_.push_back(reading);
      return;
    }
    if (began_anew) reading.flags = reinitialised;
    heard_ = now;
    silent_ = false;
    reading.volts_V = line.volts_V.value;
    reading.amps_A = line.amps_A.value;
    reading.energy_J = line.energy_J.value;
    reading.power_W =
        settings_.format.unit == LineUnit::volts_amps ? line.volts_V.value * line.amps_A.value : line.watts_W.value;
    held_.push_back(reading);
  }
  // A gap begins immediately after the last reading, because readings that arrive later are older than now.
  void gap() {
    const TimeNs t = last_t_ ? *last_t_ + 1 : clock_->now() - from_seconds(info_.latency_s);
    held_.push_back({.t_ns = in_order(t), .flags = gap_begins});
  }
  TimeNs in_order(TimeNs t) {
    last_t_ = last_t_ ? std::max(t, *last_t_ + 1) : t;
    return *last_t_;
  }

  // Waits for lines until their spacing is known, or for the first one if `period` states it. Returns the period in seconds.
  double learn();
  void note_steps(const NumberLine& line) {
    const auto note = [](double& step, const NumberLine::Number& number) {
      if (number.step > 0) step = step > 0 ? std::min(step, number.step) : number.step;
    };
    Accuracy& a = info_.accuracy;
    note(a.resolution_W, line.watts_W);
    note(a.resolution_V, line.volts_V);
    note(a.resolution_A, line.amps_A);
    note(a.resolution_J, line.energy_J);
  }

  LineSettings settings_;
  std::unique_ptr<ByteSource> source_;
  std::shared_ptr<Clock> clock_;
  MeterInfo info_;
  NumberLines parser_;
  SourceClock source_clock_;
  std::array<char, 4096> chunk_{};

  std::deque<Reading> held_;
  std::string problem_;  // why no more can be read
  TimeNs due_ = 0;       // next poll
  TimeNs listened_ = 0;  // last poll
  TimeNs heard_ = 0;     // arrival of the last line with known numbers
  std::optional<TimeNs> last_t_;
  bool silent_ = false;
  bool stale_ = false;  // the next line was begun before start()
};

double LinesMeter::learn() {
  constexpr std::size_t enough_lines = 4;  // after the first
  constexpr TimeNs enough = 250'000'000, patience = 3'000'000'000;
  const TimeNs give_up = clock_->now() + from_seconds(settings_.timeout_s);
  // Several lines in the first poll were printed at unknown times before it, such as the ten with which `tail -f` begins.
  std::size_t earlier = 0;
  std::size_t count = 0, at_first = 0;  // lines after those, and how many of them came first
  TimeNs first = 0, last = 0;           // when
  const auto unavailable = [&](std::string_view what) {
    source_.reset();
    throw MeterUnavailable(fmt::format("{}: {}", info_.uri, what));
  };
  while (true) {
    const TimeNs now = clock_->now();
    const auto lines = arrived();
    for (const NumberLine& line : lines) note_steps(line);
    if (earlier + count == 0 && lines.size() > 1) {
      earlier = lines.size();
    } else if (!lines.empty()) {
      if (count == 0) {
        first = now;
        at_first = lines.size();
      }
      last = now;
      count += lines.size();
    }
    if (!problem_.empty()) {
      source_.reset();
      throw MeterUnavailable(problem_);
    }
    if (settings_.period_s && earlier + count > 0) return *settings_.period_s;
    const std::size_t spaced = count - at_first;
    if (spaced > 0 && ((spaced >= enough_lines && last - first >= enough) || now - first >= patience || now >= give_up))
      return std::max(to_seconds(last - first) / static_cast<double>(spaced), period_option.low);
    if (now >= give_up) break;
    clock_->sleep_until(now + listen_every);
  }
  constexpr std::string_view buffered =
      "a program may keep its output back until some thousand bytes are there: stdbuf -oL COMMAND, python3 -u, sed -u";
  if (earlier + count == 0) unavailable(fmt::format("no line within {} s (timeout=); {}", settings_.timeout_s, buffered));
  if (count == 1)
    unavailable(fmt::format("one new line within {} s: state the time between lines as period=, or wait longer with timeout=",
                            settings_.timeout_s));
  unavailable(fmt::format("{} lines came at once and then none: {}", earlier + count, buffered));
  return unknown;
}

}  // namespace

std::span<const MeterOption> lines_options() {
  return options;
}

std::unique_ptr<Meter> make_lines(const MeterUri& uri, std::unique_ptr<ByteSource> source, std::shared_ptr<Clock> clock) {
  return std::make_unique<LinesMeter>(uri, settings_of(uri), std::move(source), std::move(clock));
}

std::unique_ptr<Meter> open_exec(const MeterUri& uri, double /*interval_s*/) {
  settings_of(uri);
  if (uri.path.find_first_not_of(' ') == std::string::npos)
    throw BadMeterUri("meter exec: no command; exec://COMMAND?unit=W, where %3F stands for a ? in the command");
  return make_lines(uri, start_program(uri.path), steady_clock());
}

std::unique_ptr<Meter> open_lines(const MeterUri& uri, double /*interval_s*/) {
  settings_of(uri);
  if (uri.path.empty()) throw BadMeterUri("meter lines: no pipe or file; lines:///tmp/watts?unit=W");
  return make_lines(uri, open_pipe(uri.path), steady_clock());
}

}  // namespace tbft::power
