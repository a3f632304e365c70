#include "tbft/power/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <map>
#include <optional>

namespace tbft::power {
namespace {

constexpr std::size_t longest_line = 4096;
// The limit of instants, chosen so that differences of any two and sums with a gap limit cannot overflow 64 bits.
constexpr TimeNs latest = TimeNs{1} << 61;
constexpr double longest_s = 1e6;

template <typename Number>
std::optional<Number> parse(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

class Parser {
 public:
  Parser(std::istream& in, std::string_view name, TraceVisitor& visitor) : in_(in), name_(name), visitor_(visitor) {}

  bool visit() {
    while (next_line()) {
      if (!line_.empty() && line_.back() == '\r') line_.remove_suffix(1);
      if (line_.starts_with('#')) {
        header();
      } else if (line_ == trace_columns && !columns_seen_) {
        columns_seen_ = true;
        if (!begun_) begin_segment();
      } else if (columns_seen_) {
        announce();
        row();
      } else {
        fail(fmt::format("not a trace: `#` lines, then the columns {} are expected", trace_columns));
      }
    }
    if (!columns_seen_) fail(fmt::format("an incomplete trace: the columns {} are missing", trace_columns));
    announce();
    return torn_tail_;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw TraceError(fmt::format("{}:{}: {}", name_, line_number_, what));
  }

  // Reads the next line; false at the end. A last line without a newline is incomplete and not returned.
  bool next_line() {
    ++line_number_;
    in_.getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    if (in_.bad()) fail("cannot be read any further");
    const auto n = static_cast<std::size_t>(in_.gcount());
    if (in_.eof()) {
      torn_tail_ = n > 0;
      return false;
    }
    if (in_.fail()) fail(fmt::format("longer than {} bytes", longest_line));
    line_ = std::string_view(buffer_.data(), n - 1);  // without the newline
    return true;
  }

  // Parses `# key: value` and ignores other remarks of a logger. The magic line of a resumed run begins another segment.
  void header() {
    if (line_ == trace_magic || !begun_) begin_segment();
    const std::string_view text = line_.substr(1);
    const auto colon = text.find(": ");
    if (text.starts_with(' ') && colon != std::string_view::npos) set(text.substr(1, colon - 1), text.substr(colon + 2));
  }

  void begin_segment() {
    announce();
    meter_ = {};
    clock_ = {};
    begun_ = described_ = true;
  }

  // A segment begins with its description; the visitor gets it at the segment's first row or end.
  void announce() {
    if (!described_) return;
    described_ = false;
    open_.clear();
    last_mark_ns_ = last_reading_ns_ = -latest;
    visitor_.segment(meter_, clock_);
  }

  double number(std::string_view key, std::string_view value, double limit) const {
    const auto x = parse<double>(value);
    if (!x || !(*x >= 0) || *x > limit) fail(fmt::format("{} is `{}`; it must be a number from 0 to {}", key, value, limit));
    return *x;
  }

  bool boolean(std::string_view key, std::string_view value) const {
    if (value != "0" && value != "1") fail(fmt::format("{} is `{}`; it must be 0 or 1", key, value));
    return value == "1";
  }

  // Keys of later versions are ignored.
  void set(std::string_view key, std::string_view value) {
    MeterInfo& meter = meter_;
    Accuracy& accuracy = meter.accuracy;
    const auto limit = [&]() -> std::optional<double> {
      if (value == "unknown") return std::nullopt;
      return number(key, value, longest_s);
    };
    if (key == "meter") meter.uri = value;
    if (key == "description") meter.description = value;
    if (key == "scope") meter.scope = scope(value);
    if (key == "measured") meter.measured = boolean(key, value);
    if (key == "counter") meter.counter = boolean(key, value);
    if (key == "nominal_period_s") meter.nominal_period_s = number(key, value, longest_s);
    if (key == "averaging_s") meter.averaging_s = number(key, value, longest_s);
    if (key == "current_share") meter.current_share = number(key, value, 1);
    if (key == "latency_s") meter.latency_s = number(key, value, longest_s);
    if (key == "gap_limit_s") meter.gap_limit_s = number(key, value, longest_s);
    if (key == "gain_limit_rel") accuracy.gain_limit_rel = limit();
    if (key == "offset_limit_A") accuracy.offset_limit_A = limit();
    if (key == "offset_limit_V") accuracy.offset_limit_V = limit();
    if (key == "offset_limit_W") accuracy.offset_limit_W = limit();
    if (key == "resolution_A") accuracy.resolution_A = number(key, value, longest_s);
    if (key == "resolution_V") accuracy.resolution_V = number(key, value, longest_s);
    if (key == "resolution_W") accuracy.resolution_W = number(key, value, longest_s);
    if (key == "resolution_J") accuracy.resolution_J = number(key, value, longest_s);
    if (key == "one_rounding") accuracy.one_rounding = boolean(key, value);
    if (key == "steady_ns") clock_.steady_ns = instant(value);
    if (key == "system_ns") clock_.system_ns = instant(value);
  }

  Scope scope(std::string_view value) const {
    for (const Scope s : {Scope::board, Scope::package, Scope::rail, Scope::battery}) {
      if (value == to_string(s)) return s;
    }
    fail(fmt::format("scope is `{}`; it must be board, package, rail or battery", value));
  }

  TimeNs instant(std::string_view text) const {
    const auto t = parse<TimeNs>(text);
    if (!t || *t < -latest || *t > latest) fail(fmt::format("`{}` is not an instant in ns", text));
    return *t;
  }

  double value(std::string_view text, std::string_view column) const {
    if (text.empty()) return unknown;
    const auto x = parse<double>(text);
    if (!x || !std::isfinite(*x)) fail(fmt::format("{} is `{}`, not a number", column, text));
    return *x;
  }

  std::uint8_t flags(std::string_view letters) const {
    std::uint8_t bits = 0;
    for (const char letter : letters) {
      const auto i = trace_flags.find(letter);
      if (i == std::string_view::npos) fail(fmt::format("unknown flag `{}`; the flags are s, r, d, g and z", letter));
      bits |= static_cast<std::uint8_t>(1U << i);
    }
    return bits;
  }

  void row() {
    std::array<std::string_view, 7> field;
    std::string_view rest = line_;
    const auto commas = static_cast<std::size_t>(std::ranges::count(rest, ','));
    if (commas + 1 != field.size()) fail(fmt::format("{} fields, a row has {}", commas + 1, field.size()));
    for (auto& text : field) {
      const auto comma = std::min(rest.find(','), rest.size());
      text = rest.substr(0, comma);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    const TimeNs t_ns = instant(field[0]);
    if (!field[6].empty()) {
      if (std::any_of(field.begin() + 1, field.begin() + 6, [](auto text) { return !text.empty(); }))
        fail("a mark has no values");
      mark(t_ns, field[6]);
      return;
    }
    Reading reading{.t_ns = t_ns,
                    .volts_V = value(field[1], "volts_V"),
                    .amps_A = value(field[2], "amps_A"),
                    .power_W = value(field[3], "power_W"),
                    .energy_J = value(field[4], "energy_J"),
                    .flags = flags(field[5])};
    if (std::isnan(reading.power_W)) reading.power_W = reading.volts_V * reading.amps_A;
    if (t_ns < last_reading_ns_) fail("earlier than the reading before it");
    last_reading_ns_ = t_ns;
    visitor_.reading(reading);
  }

  void mark(TimeNs t_ns, std::string_view text) {
    const std::string name(text.substr(1));
    if ((text[0] != '+' && text[0] != '-') || !is_valid_mark_name(name))
      fail(fmt::format("mark `{}` is not +name or -name", text));
    if (t_ns < last_mark_ns_) fail("earlier than the mark before it");
    last_mark_ns_ = t_ns;
    if (text[0] == '+') {
      if (!open_.emplace(name, t_ns).second) fail(fmt::format("window `{}` is open already", name));
      visitor_.window_opens(name, t_ns);
      return;
    }
    const auto opened = open_.find(name);
    if (opened == open_.end()) fail(fmt::format("window `{}` closes but was not open", name));
    visitor_.window_closes({.name = name, .t0_ns = opened->second, .t1_ns = t_ns});
    open_.erase(opened);
  }

  std::istream& in_;
  std::string_view name_;
  TraceVisitor& visitor_;
  std::array<char, longest_line + 1> buffer_{};
  std::string_view line_;
  std::size_t line_number_ = 0;
  bool columns_seen_ = false;
  bool begun_ = false;      // a segment has begun
  bool described_ = false;  // the visitor has not yet received this segment
  bool torn_tail_ = false;
  MeterInfo meter_;
  ClockPair clock_;
  std::map<std::string, TimeNs, std::less<>> open_;
  TimeNs last_mark_ns_ = -latest, last_reading_ns_ = -latest;
};

// Keeps the whole trace in memory.
class Collector : public TraceVisitor {
 public:
  explicit Collector(TraceFile& file) : file_(file) {}
  void segment(const MeterInfo& meter, const ClockPair& clock) override {
    meter_ = &meter;
    file_.segments.push_back({.meter = meter, .changes = {}, .clock = clock, .readings = {}, .windows = {}});
  }
  void reading(const Reading& reading) override {
    TraceSegment& segment = file_.segments.back();
    note_change(segment);
    segment.readings.push_back(reading);
    segment.meter.accuracy = meter_->accuracy;  // a line between rows may have changed it
    segment.meter.latency_s = meter_->latency_s;
  }
  void window_opens(const std::string& /*name*/, TimeNs /*t0_ns*/) override {}
  void window_closes(const Window& window) override { file_.segments.back().windows.push_back(window); }

 private:
  // Before a reading is added.
  void note_change(TraceSegment& segment) const {
    const auto differs = [&](const auto& before) {
      return before.averaging_s != meter_->averaging_s || before.current_share != meter_->current_share ||
             before.gap_limit_s != meter_->gap_limit_s;
    };
    if (segment.changes.empty() ? !differs(segment.meter) : !differs(segment.changes.back())) return;
    segment.changes.push_back({.reading = segment.readings.size(),
                               .averaging_s = meter_->averaging_s,
                               .current_share = meter_->current_share,
                               .gap_limit_s = meter_->gap_limit_s});
  }

  TraceFile& file_;
  const MeterInfo* meter_ = nullptr;  // of the present segment
};

double typical_spacing_s(const std::vector<Reading>& readings) {
  if (readings.size() < 2) return 0;
  std::vector<TimeNs> spacing;
  for (std::size_t i = 1; i < readings.size(); ++i) spacing.push_back(readings[i].t_ns - readings[i - 1].t_ns);
  const auto middle = spacing.begin() + static_cast<std::ptrdiff_t>(spacing.size() / 2);
  std::ranges::nth_element(spacing, middle);
  return to_seconds(*middle);
}

// A trace of another logger does not describe its meter, so the description is derived from the readings.
void complete_meter(TraceSegment& segment) {
  const std::vector<Reading>& readings = segment.readings;
  if (segment.meter.nominal_period_s == 0) segment.meter.nominal_period_s = typical_spacing_s(readings);
  const auto has = [&readings](double Reading::*member) {
    return std::ranges::any_of(readings, [&](const Reading& r) { return std::isfinite(r.*member); });
  };
  if (!has(&Reading::power_W) && has(&Reading::energy_J)) segment.meter.counter = true;
}

}  // namespace

bool is_valid_mark_name(std::string_view name) {
  const auto bad = [](char c) { return c == ',' || c == '"' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return !name.empty() && name.size() <= 512 && std::ranges::none_of(name, bad);
}

bool visit_trace(std::istream& in, std::string_view name, TraceVisitor& visitor) {
  return Parser(in, name, visitor).visit();
}

bool visit_trace(const std::filesystem::path& path, TraceVisitor& visitor) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw TraceError(fmt::format("{}: cannot be opened: no such file, or not readable", path.string()));
  return visit_trace(in, path.string(), visitor);
}

TraceFile read_trace(std::istream& in, std::string_view name) {
  TraceFile file;
  Collector collector(file);
  file.torn_tail = visit_trace(in, name, collector);
  for (TraceSegment& segment : file.segments) complete_meter(segment);
  return file;
}

TraceFile read_trace(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw TraceError(fmt::format("{}: cannot be opened: no such file, or not readable", path.string()));
  return read_trace(in, path.string());
}

std::vector<NamedEnergy> integrate(const TraceFile& trace) {
  std::vector<NamedEnergy> result;
  for (std::size_t i = 0; i < trace.segments.size(); ++i) {
    const TraceSegment& segment = trace.segments[i];
    std::map<std::string_view, std::size_t> index;
    for (const Window& window : segment.windows) {
      const auto [entry, fresh] = index.try_emplace(window.name, result.size());
      if (fresh) result.push_back({.segment = i, .name = window.name, .windows = {}, .parts = {}, .energy = {}});
      NamedEnergy& named = result[entry->second];
      named.windows.push_back(window);
      named.parts.push_back(energy_part(segment.readings, window, segment.meter, segment.changes));
    }
  }
  for (NamedEnergy& named : result) named.energy = combine(named.parts);
  return result;
}

}  // namespace tbft::power
