#include "power/protocol/number_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace tbft::power {
namespace {

constexpr std::string_view separators = " \t,;";
constexpr std::size_t shown_bytes = 60;

// Text of another program in a message: on one line, and not too long.
std::string shown(std::string_view text) {
  std::string result(text.substr(0, shown_bytes));
  std::ranges::replace_if(
      result, [](char c) { return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F; }, '?');
  return text.size() > shown_bytes ? result + "..." : result;
}

// The step of the last digit of a decimal number that std::from_chars accepted; 0 if it is beyond what a double can be.
double step_of(std::string_view text) {
  const auto exponent_at = std::min(text.find_first_of("eE"), text.size());
  int exponent = 0;
  if (exponent_at < text.size()) {
    std::string_view digits = text.substr(exponent_at + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  }
  const std::string_view mantissa = text.substr(0, exponent_at);
  const auto point = mantissa.find('.');
  const auto decimals = point == std::string_view::npos ? 0 : static_cast<int>(mantissa.size() - point - 1);
  const double step = std::pow(10.0, exponent - decimals);
  return std::isfinite(step) ? step : 0;
}

bool is_nan(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  constexpr std::string_view name = "nan";
  return std::ranges::equal(text, name, [](char a, char b) { return (a | 0x20) == b; });
}

// nullopt: not a finite number.
std::optional<NumberLine::Number> number_of(std::string_view text) {
  if (is_nan(text)) return NumberLine::Number{};
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return NumberLine::Number{value, step_of(text)};
}

// The next word, which is removed from the text. One separator may have blanks around it, so that "1, 2" are two words and
// "1,,2" are three.
std::string_view take_word(std::string_view& text) {
  const auto end = std::min(text.find_first_of(separators), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  const auto skip_blanks = [&] { text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size())); };
  skip_blanks();
  if (text.starts_with(',') || text.starts_with(';')) {
    text.remove_prefix(1);
    skip_blanks();
  }
  return word;
}

std::string_view trimmed(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
  return line.substr(0, line.find_last_not_of(" \t\r") + 1);
}

}  // namespace

std::optional<LineFormat> parse_line_format(std::string_view unit) {
  LineFormat format;
  format.time = unit.starts_with("t,");
  if (format.time) unit.remove_prefix(2);
  if (unit == "W") return format;
  format.unit = LineUnit::volts_amps;
  if (unit == "V,A") return format;
  format.unit = LineUnit::joules;
  if (unit == "J") return format;
  return std::nullopt;
}

std::string to_string(const LineFormat& format) {
  constexpr std::array names{"W", "V,A", "J"};
  return fmt::format("{}{}", format.time ? "t," : "", names.at(static_cast<std::size_t>(format.unit)));
}

bool NumberLine::known() const {
  return std::isfinite(watts_W.value) || std::isfinite(energy_J.value) ||
         (std::isfinite(volts_V.value) && std::isfinite(amps_A.value));
}

void NumberLines::feed(std::string_view bytes) {
  buffer_.erase(0, std::exchange(used_, 0));
  buffer_ += bytes;
}

void NumberLines::clear() {
  number_ += static_cast<std::size_t>(std::count(buffer_.begin() + static_cast<std::ptrdiff_t>(used_), buffer_.end(), '\n'));
  buffer_.clear();
  used_ = 0;
}

std::optional<NumberLine> NumberLines::next() {
  while (true) {
    const std::string_view rest = std::string_view(buffer_).substr(used_);
    const auto end = rest.find('\n');
    if (std::min(end, rest.size()) > longest_line) {
      ++number_;
      fail(rest, fmt::format("is longer than {} bytes", longest_line));
    }
    if (end == std::string_view::npos) return std::nullopt;
    used_ += end + 1;
    if (++number_ <= skip_) continue;
    const std::string_view line = trimmed(rest.substr(0, end));
    if (!line.empty() && !line.starts_with('#')) return parse(line);
  }
}

NumberLine NumberLines::parse(std::string_view line) const {
  std::array<NumberLine::Number, 3> numbers{};
  std::size_t count = 0;
  for (std::string_view rest = line; !rest.empty(); ++count) {
    const auto number = number_of(take_word(rest));
    if (!number) fail(line, "is not made of numbers");
    if (count < numbers.size()) numbers.at(count) = *number;
  }
  if (count != format_.numbers()) fail(line, fmt::format("has {} numbers", count));
  NumberLine result;
  std::size_t at = 0;
  if (format_.time) result.time_s = numbers.at(at++);
  if (format_.time && !std::isfinite(result.time_s.value)) fail(line, "has no time");
  if (format_.unit == LineUnit::watts) result.watts_W = numbers.at(at);
  if (format_.unit == LineUnit::joules) result.energy_J = numbers.at(at);
  if (format_.unit == LineUnit::volts_amps) {
    result.volts_V = numbers.at(at);
    result.amps_A = numbers.at(at + 1);
  }
  return result;
}

void NumberLines::fail(std::string_view line, std::string_view what) const {
  throw BadLine(
      fmt::format("line {} {}: `{}`; unit={} needs {}", number_, what, shown(line), to_string(format_),
                  format_.numbers() == 1 ? "one number a line" : fmt::format("{} numbers a line", format_.numbers())));
}

}  // namespace tbft::power
