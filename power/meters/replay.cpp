// replay://FILE?speed=realtime|instant&segment=N : plays back a trace.csv. Never a measurement.
// Opening throws MeterUnavailable if the file cannot be read or has fewer than two readings.
#include <fmt/format.h>

#include <utility>

#include "power/meters/list.h"
#include "tbft/power/trace.h"

namespace tbft::power {
namespace {

constexpr MeterOption speed_option{.name = "speed",
                                   .meaning =
                                       "realtime plays from the first window on; instant lays the whole trace over each "
                                       "outermost window",
                                   .values = "realtime, instant",
                                   .otherwise = "realtime"};
constexpr MeterOption segment_option{
    .name = "segment", .meaning = "the segment of the trace", .low = 1, .high = 1e6, .fallback = 1};
constexpr MeterOption recorded_gap_limit_option = [] {
  MeterOption option = gap_limit_option;
  option.otherwise = "the recording's";
  return option;
}();
constexpr MeterOption options[] = {speed_option, segment_option, recorded_gap_limit_option};

class Replay final : public Meter {
 public:
  Replay(MeterInfo info, Recording recording) : info_(std::move(info)), recording_(std::move(recording)) {}

  const MeterInfo& info() const override { return info_; }
  const Recording* recording() const override { return &recording_; }

  void start(TimeNs first_window) override {
    shift_ = first_window - recording_.readings.front().t_ns;
    next_ = 0;
  }

  // Returns each reading at its instant. After the last one there is a gap.
  std::optional<Reading> poll(TimeNs now) override {
    if (next_ == recording_.readings.size()) return std::nullopt;
    Reading reading = recording_.readings[next_];
    reading.t_ns += shift_;
    if (reading.t_ns > now) return std::nullopt;
    ++next_;
    return reading;
  }

  void stop() override {}

 private:
  MeterInfo info_;
  Recording recording_;
  TimeNs shift_ = 0;
  std::size_t next_ = 0;
};

}  // namespace

std::span<const MeterOption> replay_options() {
  return options;
}

std::unique_ptr<Meter> open_replay(const MeterUri& uri, double /*interval_s*/) {
  uri.allow(options);
  const auto speed = uri.text(speed_option.name).value_or("realtime");
  if (speed != "realtime" && speed != "instant")
    throw BadMeterUri(fmt::format("meter replay: speed={}: realtime and instant are known", speed));
  const auto number = static_cast<std::size_t>(uri.integer(segment_option).value_or(1));
  if (uri.path.empty()) throw BadMeterUri("meter replay: no file; replay://trace.csv");

  TraceFile trace;
  try {
    trace = read_trace(std::filesystem::path(uri.path));
  } catch (const TraceError& error) {
    throw MeterUnavailable(fmt::format("meter replay: {}", error.what()));
  }
  if (number > trace.segments.size()) {
    throw MeterUnavailable(
        fmt::format("meter replay: {} has {} segments; there is no segment={}", uri.path, trace.segments.size(), number));
  }
  TraceSegment& segment = trace.segments[number - 1];
  if (segment.readings.size() < 2) {
    throw MeterUnavailable(
        fmt::format("meter replay: {} has {} readings; it needs at least two", uri.path, segment.readings.size()));
  }
  MeterInfo info = segment.meter;
  info.description = fmt::format("replay of {} (segment {} of {}), recorded with {}", uri.path, number, trace.segments.size(),
                                 info.uri.empty() ? "an unnamed meter" : info.uri);
  info.uri = to_string(uri);
  info.measured = false;
  if (info.nominal_period_s <= 0) {
    const auto& readings = segment.readings;
    const double mean_s = to_seconds(readings.back().t_ns - readings.front().t_ns) / static_cast<double>(readings.size() - 1);
    info.nominal_period_s = std::max(mean_s, 1e-3);
  }
  for (const MeterChange& change : segment.changes) info.gap_limit_s = std::max(info.gap_limit_s, change.gap_limit_s);
  if (info.gap_limit_s <= 0 || uri.text(gap_limit_option.name)) info.gap_limit_s = uri.gap_limit_s(info.nominal_period_s);
  return std::make_unique<Replay>(std::move(info),
                                  Recording{.readings = std::move(segment.readings), .instant = speed == "instant"});
}

}  // namespace tbft::power
