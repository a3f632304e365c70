#include "power/protocol/openmetrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "tbft/power/running_energy.h"

namespace tbft::power {
namespace {

// A label's value between quotes. Bytes that are not ASCII become ?, because the text must be UTF-8.
std::string label_value(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '\\' || c == '"') result += '\\';
    const bool printable = static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F;
    result += c == '\n' ? "\\n" : printable ? std::string(1, c) : "?";
  }
  return result + '"';
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

// Nothing says where a command ends, so the text ends before it.
std::string without_command(std::string text) {
  constexpr std::string_view program = "exec://";
  if (const auto at = text.find(program); at != std::string::npos) text.resize(at + program.size());
  return text;
}

class Text {
 public:
  explicit Text(std::string labels) : labels_(std::move(labels)) {}

  void family(std::string_view name, std::string_view type, std::string_view unit, std::string_view help) {
    text_ += fmt::format("# TYPE {} {}\n", name, type);
    if (!unit.empty()) text_ += fmt::format("# UNIT {} {}\n", name, unit);
    text_ += fmt::format("# HELP {} {}\n", name, help);
  }
  void sample(std::string_view name, const std::string& value) { text_ += fmt::format("{}{{{}}} {}\n", name, labels_, value); }
  void counter(std::string_view name, std::string_view unit, double value, double created_s, std::string_view help) {
    family(name, "counter", unit, help);
    sample(fmt::format("{}_total", name), number(value));
    sample(fmt::format("{}_created", name), fmt::format("{:.3f}", created_s));
  }
  void gauge(std::string_view name, std::string_view unit, double value, std::string_view help) {
    family(name, "gauge", unit, help);
    sample(name, number(value));
  }
  std::string take() { return std::move(text_) + "# EOF\n"; }

 private:
  std::string labels_;
  std::string text_;
};

}  // namespace

MeterTotals::MeterTotals(const MeterInfo& meter)
    : counter_(meter.counter),
      limit_(from_seconds(meter.gap_limit_s > 0 ? meter.gap_limit_s : default_gap_limit_s(meter.nominal_period_s))),
      delay_(from_seconds(meter.averaging_s + meter.latency_s)) {}

void MeterTotals::begin_gap() {
  if (!std::exchange(in_gap_, true)) ++figures_.gaps;
}

void MeterTotals::add_energy(double energy_J) {
  if (!std::isfinite(energy_J)) return;
  (energy_J < 0 ? figures_.returned_J : figures_.energy_J) += std::abs(energy_J);
}

void MeterTotals::add(const Reading& reading) {
  if ((reading.flags & repeated) != 0) return;
  if (!std::isfinite(counter_ ? reading.energy_J : reading.power_W)) return begin_gap();
  ++figures_.readings;
  if ((reading.flags & saturated) != 0) ++figures_.saturated;
  figures_.power_W = counter_ ? unknown : reading.power_W;
  if (have_last_ && reading.t_ns > last_.t_ns) {
    const bool reset = (reading.flags & reinitialised) != 0;
    const double length_s = to_seconds(reading.t_ns - last_.t_ns);
    if (reset || (last_.flags & gap_begins) != 0 || reading.t_ns - last_.t_ns > limit_) begin_gap();
    if (in_gap_) figures_.gap_s += length_s;
    // A counter loses nothing in a gap. One that went back without saying so was reset.
    const double rise_J = reading.energy_J - last_.energy_J;
    if (counter_ && !reset && rise_J >= 0) {
      add_energy(rise_J);
      figures_.power_W = rise_J / length_s;
    }
    if (!counter_ && !in_gap_) add_energy((reading.power_W + last_.power_W) / 2 * length_s);
  }
  last_ = reading;
  have_last_ = true;
  in_gap_ = false;
}

MeterFigures MeterTotals::at(TimeNs now) const {
  MeterFigures figures = figures_;
  const bool recent = have_last_ && !in_gap_ && (last_.flags & gap_begins) == 0 && now - last_.t_ns <= limit_ + delay_;
  if (!recent) figures.power_W = unknown;
  figures.valid = recent && (last_.flags & saturated) == 0;
  return figures;
}

MeterInfo public_info(MeterInfo meter) {
  meter.uri = without_command(std::move(meter.uri));
  meter.description = without_command(std::move(meter.description));  // of a replay or a remote meter: names another one
  return meter;
}

std::string openmetrics_text(const MeterInfo& meter, const MeterFigures& figures, double created_s) {
  const MeterInfo shown = public_info(meter);
  const std::string labels = fmt::format("meter={},scope={},measured=\"{}\"", label_value(shown.uri),
                                         label_value(to_string(meter.scope)), meter.measured ? 1 : 0);
  Text text(labels);
  text.counter("tbft_energy_joules", "joules", figures.energy_J, created_s,
               "Energy that was drawn since the server started, without the time in gaps.");
  text.counter("tbft_returned_energy_joules", "joules", figures.returned_J, created_s,
               "Energy of negative power, such as of a battery that charges.");
  text.gauge("tbft_power_watts", "watts", figures.power_W, "Power of the last reading; NaN in a gap.");
  text.gauge("tbft_valid", "", figures.valid ? 1 : 0, "1: the last reading is recent and within the range of the sensor.");
  text.counter("tbft_readings", "", static_cast<double>(figures.readings), created_s, "New readings of the meter.");
  text.counter("tbft_saturated_readings", "", static_cast<double>(figures.saturated), created_s,
               "Readings at the end of the range of the sensor: the energy is too low.");
  text.counter("tbft_gaps", "", static_cast<double>(figures.gaps), created_s, "Times without readings.");
  text.counter("tbft_gap_seconds", "seconds", figures.gap_s, created_s,
               "Length of the gaps that have ended; of a meter that counts no joules, their energy is missing.");
  Text info(fmt::format("{},description={}", labels, label_value(shown.description)));
  info.family("tbft_meter", "info", "", "What the meter is.");
  info.sample("tbft_meter_info", "1");
  std::string all = text.take();
  all.resize(all.size() - std::string_view("# EOF\n").size());
  return all + info.take();
}

}  // namespace tbft::power
