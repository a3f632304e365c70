#include "power/protocol/pmic_adc.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace tbft::power {
namespace {

constexpr double most_V = 20;
constexpr double most_A = 50;

struct Value {
  std::string_view rail;
  bool current = false;
  double value = 0;
};

// "  VDD_CORE_A current(7)=1.11625000A"
std::optional<Value> parse_line(std::string_view line) {
  const auto skip_space = [&] { line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size())); };
  skip_space();
  const auto name_end = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view name = line.substr(0, name_end);
  line.remove_prefix(name_end);
  skip_space();
  if (name.size() < 3) return std::nullopt;
  Value value;
  value.current = name.ends_with("_A");
  if (!value.current && !name.ends_with("_V")) return std::nullopt;
  if (!line.starts_with(value.current ? "current(" : "volt(")) return std::nullopt;
  value.rail = name.substr(0, name.size() - 2);
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  line.remove_prefix(equals + 1);
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value.value);
  if (error != std::errc{} || !std::isfinite(value.value)) return std::nullopt;
  // Without the unit, the line was cut off and may lack digits.
  const char unit = value.current ? 'A' : 'V';
  if (end == line.data() + line.size() || *end != unit) return std::nullopt;
  return value;
}

}  // namespace

PmicAdc parse_pmic_adc(std::string_view text) {
  std::array<Value, PmicAdc::most_rails> currents{};
  std::size_t n = 0;
  std::array<bool, PmicAdc::most_rails> paired{};
  PmicAdc result;
  const auto each_line = [&](auto&& use) {
    for (std::string_view rest = text; !rest.empty();) {
      const auto end = std::min(rest.find('\n'), rest.size());
      if (const auto value = parse_line(rest.substr(0, end))) use(*value);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  };
  each_line([&](const Value& v) {
    const bool known = std::any_of(currents.begin(), currents.begin() + static_cast<std::ptrdiff_t>(n),
                                   [&](const Value& other) { return other.rail == v.rail; });
    if (v.current && !known && n < currents.size()) currents[n++] = v;
  });
  each_line([&](const Value& v) {
    if (v.current) return;
    if (v.rail == "EXT5V") result.input_V = v.value;
    for (std::size_t i = 0; i < n; ++i) {
      if (currents[i].rail != v.rail || paired[i]) continue;
      paired[i] = true;
      result.damaged = result.damaged || std::abs(v.value) > most_V || std::abs(currents[i].value) > most_A;
      result.power_W += currents[i].value * v.value;
      ++result.rails;
    }
  });
  result.unpaired_A = n - result.rails;
  if (result.rails == 0) result.power_W = unknown;
  return result;
}

}  // namespace tbft::power
