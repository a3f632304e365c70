#include "tbft/power/uri.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace tbft::power {

namespace {

// The value of two hexadecimal digits at the beginning of the text, or -1.
int leading_byte(std::string_view text) {
  int value = -1;
  if (text.size() < 2) return -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + 2, value, 16);
  return error == std::errc{} && end == text.data() + 2 && text.front() != '-' ? value : -1;
}

constexpr std::size_t longest_uri = 1024;

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int value = text[i] == '%' ? leading_byte(text.substr(i + 1)) : -1;
    if (value >= 0) i += 2;
    result += value >= 0 ? static_cast<char>(value) : text[i];
  }
  return result;
}

std::string percent_encoded(std::string_view text, std::string_view special) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool encoded = special.find(c) != std::string_view::npos || (c == '%' && leading_byte(text.substr(i + 1)) >= 0);
    result += encoded ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string(1, c);
  }
  return result;
}

MeterUri parse_meter_uri(std::string_view text) {
  const auto fail = [&](std::string_view what) {
    throw BadMeterUri(fmt::format(
        "meter `{}`: {}; a meter is name://path?key=value&key=value, where %3F stands for a ? in the path and %26 for a & in "
        "a value",
        text.substr(0, 80), what));
  };
  if (text.size() > longest_uri) fail("longer than 1024 bytes");
  if (!is_printable(text)) fail("control characters");
  const auto colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) fail("no name://");
  MeterUri uri;
  uri.name = text.substr(0, colon);
  std::string_view rest = text.substr(colon + 3);
  const auto question = std::min(rest.find('?'), rest.size());
  uri.path = percent_decoded(rest.substr(0, question));
  rest.remove_prefix(std::min(question + 1, rest.size()));
  if (!is_printable(uri.path)) fail("control characters");
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const std::string_view option = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto equals = option.find('=');
    if (equals == std::string_view::npos || equals == 0) fail(fmt::format("`{}` is not key=value", option));
    const auto [entry, fresh] = uri.options.emplace(option.substr(0, equals), percent_decoded(option.substr(equals + 1)));
    if (!is_printable(entry->second)) fail("control characters");
    if (!fresh) fail(fmt::format("`{}` is given twice", entry->first));
  }
  return uri;
}

std::string to_string(const MeterUri& uri) {
  std::string text = fmt::format("{}://{}", uri.name, percent_encoded(uri.path, "?"));
  char separator = '?';
  for (const auto& [key, value] : uri.options) {
    text += fmt::format("{}{}={}", separator, key, percent_encoded(value, "&"));
    separator = '&';
  }
  return text;
}

void MeterUri::allow(std::span<const MeterOption> known) const {
  for (const auto& [key, value] : options) {
    if (key == gap_limit_option.name || std::ranges::find(known, key, &MeterOption::name) != known.end()) continue;
    std::vector<std::string_view> list;
    list.reserve(known.size() + 1);
    for (const MeterOption& option : known) list.push_back(option.name);
    if (std::ranges::find(list, gap_limit_option.name) == list.end()) list.push_back(gap_limit_option.name);
    throw BadMeterUri(fmt::format("meter {}: unknown option `{}`; it has {}; `tbft meters {}` explains them", name, key,
                                  fmt::join(list, ", "), name));
  }
}

std::optional<std::string_view> MeterUri::text(std::string_view key) const {
  const auto entry = options.find(key);
  if (entry == options.end()) return std::nullopt;
  return entry->second;
}

std::optional<double> MeterUri::number(std::string_view key, double low, double high) const {
  const auto value = text(key);
  if (!value) return std::nullopt;
  double x = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), x);
  if (error != std::errc{} || end != value->data() + value->size() || !(x >= low && x <= high))
    throw BadMeterUri(fmt::format("meter {}: {}={}: a number from {} to {} is needed", name, key, *value, low, high));
  return x;
}

std::optional<long> MeterUri::integer(std::string_view key, long low, long high) const {
  const auto value = text(key);
  if (!value) return std::nullopt;
  const bool hex = value->starts_with("0x");
  const std::string_view digits = value->substr(hex ? 2 : 0);
  long x = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), x, hex ? 16 : 10);
  if (error != std::errc{} || end != digits.data() + digits.size() || x < low || x > high) {
    const auto [hex_end, hex_error] = std::from_chars(digits.data(), digits.data() + digits.size(), x, 16);
    const bool forgot_0x =
        !hex && hex_error == std::errc{} && hex_end == digits.data() + digits.size() && x >= low && x <= high;
    throw BadMeterUri(fmt::format("meter {}: {}={}: a whole number from {} to {} is needed{}", name, key, *value, low, high,
                                  forgot_0x ? fmt::format("; perhaps {}=0x{}?", key, digits) : ""));
  }
  return x;
}

std::optional<long> MeterUri::integer(const MeterOption& option) const {
  return integer(option.name, static_cast<long>(option.low), static_cast<long>(option.high));
}

double MeterUri::gap_limit_s(double nominal_period_s) const {
  return number(gap_limit_option).value_or(default_gap_limit_s(nominal_period_s));
}

void MeterUri::apply_accuracy(Accuracy& accuracy) const {
  if (const auto gain_pct = number(gain_pct_option)) accuracy.gain_limit_rel = *gain_pct / 100;
  if (const auto offset_A = number(offset_A_option)) accuracy.offset_limit_A = *offset_A;
}

}  // namespace tbft::power
