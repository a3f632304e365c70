// `name://path?key=value&...`, taken apart and checked. What a meter's factory gets.
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

  // Throws BadMeterUri that lists `known` when there is another option. `gap_limit` is known to every meter.
  void allow(std::initializer_list<std::string_view> known) const;
  // The option's text, or nullopt.
  std::optional<std::string_view> text(std::string_view key) const;
  // A number in [low, high]; throws BadMeterUri that says so otherwise.
  std::optional<double> number(std::string_view key, double low, double high) const;
  // A whole number, decimal or with 0x, in [low, high].
  std::optional<long> integer(std::string_view key, long low, long high) const;
  // `gap_limit` (s), or what follows from the period.
  double gap_limit_s(double nominal_period_s) const;
  // Sets gain and offset limits from `gain_pct` and `offset_A` where they are given.
  void apply_accuracy(Accuracy& accuracy) const;
};

// In the path %3F is a ?, in a value %26 is a &; any %XX is decoded. Throws BadMeterUri for text without `name://`, a malformed
// or a double option.
MeterUri parse_meter_uri(std::string_view text);
// The text again, with options in alphabetical order: the same meter has the same text.
std::string to_string(const MeterUri& uri);

// %3F for ?, as in URLs, so that a path may hold the characters that would end it.
// "%3F" becomes "?". A % that no two hexadecimal digits follow stays what it is.
std::string percent_decoded(std::string_view text);
// The characters in `special`, and each % that would be decoded; percent_decoded() gives `text` back.
std::string percent_encoded(std::string_view text, std::string_view special);

}  // namespace tbft::power
