// `name://path?key=value&...`, parsed and checked: the argument of a meter's factory.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tbft/power/meter.h"

namespace tbft::power {

// An option of a meter's URI. The meter's parser uses it, and `tbft meters NAME` prints it.
struct MeterOption {
  std::string_view name;
  std::string_view meaning;
  std::string_view unit = {};                     // of a number
  double low = 0, high = 0;                       // the range of a number
  std::optional<double> fallback = std::nullopt;  // the number without the option, if that is always the same
  std::string_view values = {};                   // what else restricts the value, e.g. "16, 32" or "CHIP:LINE"
  std::string_view otherwise = {};                // what applies without the option, where `fallback` does not say it
};

struct MeterUri {
  std::string name;
  std::string path;
  std::map<std::string, std::string, std::less<>> options;

  // Throws BadMeterUri, which lists `known`, if there is another option. Every meter also has gap_limit_option.
  void allow(std::span<const MeterOption> known) const;
  // The option's text, or nullopt.
  std::optional<std::string_view> text(std::string_view key) const;
  // A number in [low, high]; throws BadMeterUri for any other text.
  std::optional<double> number(std::string_view key, double low, double high) const;
  // A whole number, decimal or with 0x, in [low, high].
  std::optional<long> integer(std::string_view key, long low, long high) const;
  // The same within the option's range.
  std::optional<double> number(const MeterOption& option) const { return number(option.name, option.low, option.high); }
  std::optional<long> integer(const MeterOption& option) const;
  // The number, or the option's fallback, which it must have.
  double number_or_fallback(const MeterOption& option) const { return number(option).value_or(option.fallback.value()); }
  // `gap_limit` in seconds, or default_gap_limit_s() of the period.
  double gap_limit_s(double nominal_period_s) const;
  // Sets gain and offset limits from `gain_pct` and `offset_A` where they are given.
  void apply_accuracy(Accuracy& accuracy) const;
};

// Options of several meters.
inline constexpr MeterOption gap_limit_option{.name = "gap_limit",
                                              .meaning = "longest time without a new reading that is not yet a gap",
                                              .unit = "s",
                                              .low = 1e-3,
                                              .high = 3600,
                                              .otherwise = "three periods, at least 0.05 s"};
inline constexpr MeterOption gain_pct_option{.name = "gain_pct",
                                             .meaning = "limit of the gain error, for the uncertainty; corrects nothing",
                                             .unit = "%",
                                             .low = 0,
                                             .high = 100,
                                             .otherwise = "the accuracy above"};
inline constexpr MeterOption offset_A_option{.name = "offset_A",
                                             .meaning = "limit of the current's offset, for the uncertainty; corrects nothing",
                                             .unit = "A",
                                             .low = 0,
                                             .high = 100,
                                             .otherwise = "the accuracy above"};

// Parses a URI. Any %XX is decoded: %3F is a ? in the path, %26 is a & in a value. Throws BadMeterUri for text without
// `name://`, and for a malformed or repeated option.
MeterUri parse_meter_uri(std::string_view text);
// The canonical text: options are in alphabetical order, so that the same meter always has the same text.
std::string to_string(const MeterUri& uri);

// Percent-encoding as in URLs, so that a path may contain the characters that would end it. "%3F" becomes "?". A % without two
// hexadecimal digits behind it is unchanged.
std::string percent_decoded(std::string_view text);
// Encodes the characters in `special` and each % that would be decoded, so that percent_decoded() returns `text`.
std::string percent_encoded(std::string_view text, std::string_view special);

}  // namespace tbft::power
