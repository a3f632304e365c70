#include "harness/host/doctor_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string_view>

namespace tbft {

namespace {

std::string line_of(std::string_view state, std::string_view name, std::string_view detail, std::string_view fix) {
  std::string text = fmt::format("  {:<13} {}: {}\n", state, name, detail);
  if (!fix.empty()) text += fmt::format("  {:<13}   -> {}\n", "", fix);
  return text;
}

std::string absent_text(const std::vector<std::string>& names) {
  return names.empty() ? "" : fmt::format("  absent: {} (--all shows why)\n", fmt::join(names, ", "));
}

std::string auto_text(const Findings& findings) {
  const auto& equals = findings.also_usable;
  if (findings.auto_uri.empty() && !equals.empty())
    return fmt::format("-m auto does not choose among equals; name one: -m '{}'\n", fmt::join(equals, "', -m '"));
  if (findings.auto_uri.empty()) return "-m auto finds no meter\n";
  return fmt::format("-m auto takes {}{}\n", findings.auto_uri,
                     equals.empty() ? "" : fmt::format(" (of equal scope: {})", fmt::join(equals, ", ")));
}

std::string meters_text(std::vector<power::FoundMeter> meters, bool all) {
  // The states are in the order of their use, from ready to absent.
  std::ranges::stable_sort(meters, {}, &power::FoundMeter::state);
  std::string text;
  std::vector<std::string> absent;
  for (const auto& meter : meters) {
    if (all || meter.state != power::MeterState::absent)
      text += to_text(meter);
    else
      absent.push_back(meter.uri.substr(0, meter.uri.find("://")));
  }
  return text + absent_text(absent);
}

std::string checks_text(const std::vector<Check>& checks, bool all) {
  std::string text;
  std::vector<std::string> absent;
  for (const auto& check : checks) {
    if (all || check.health != Health::absent || !check.fix.empty())
      text += to_text(check);
    else
      absent.push_back(fmt::format("{} {}", check.topic, check.name));
  }
  return text + absent_text(absent);
}

}  // namespace

std::string to_text(const Check& check) {
  return line_of(to_string(check.health), check.topic + " " + check.name, check.detail, check.fix);
}

std::string to_text(const power::FoundMeter& meter) {
  return line_of(to_string(meter.state), meter.uri, meter.detail, meter.fix);
}

std::string to_text(const MeterExam& exam) {
  const auto or_dash = [](double value, std::string_view unit) {
    return std::isfinite(value) ? fmt::format("{:.4g} {}", value, unit) : fmt::format("- {}", unit);
  };
  return fmt::format("Meter {}\n  {}\n  {} readings in {:.1f} s, {} repeated, {} failed, {} saturated; mean {}, {}, {}\n",
                     exam.info.uri, exam.info.description, exam.readings, exam.seconds, exam.repeated, exam.failed,
                     exam.saturated, or_dash(exam.volts_V, "V"), or_dash(exam.amps_A, "A"), or_dash(exam.power_W, "W"));
}

std::string to_text(const Findings& findings, bool all) {
  return auto_text(findings) + "Meters\n" + meters_text(findings.meters, all) + "Machine\n" + checks_text(findings.checks, all);
}

}  // namespace tbft
