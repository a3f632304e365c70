// `name://path?key=value&...`, parsed and checked: the argument of a meter's factory.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tbft/power/meter.h"

namespace tbft::power {

struct MeterUri {
  std::string name;
  std::string path;
  std::map<std::string, std::string, std::less<>> options;

  // Throws BadMeterUri, which lists `known`, if there is another option. Every meter has `gap_limit`.
  void allow(std::initializer_list<std::string_view> known) const;
  // The option's text, or nullopt.
  std::optional<std::string_view> text(std::string_view key) const;
  // A number in [low, high]; throws BadMeterUri for any other text.
  std::optional<double> number(std::string_view key, double low, double high) const;
  // A whole number, decimal or with 0x, in [low, high].
  std::optional<long> integer(std::string_view key, long low, long high) const;
  // `gap_limit` in seconds, or default_gap_limit_s() of the period.
  double gap_limit_s(double nominal_period_s) const;
  // Sets gain and offset limits from `gain_pct` and `offset_A` where they are given.
  void apply_accuracy(Accuracy& accuracy) const;
};

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
