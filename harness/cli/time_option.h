// An option for a time with its unit: 500us, 2ms, 60s, 10min, 2h. A number alone is in seconds.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>

#include "harness/cli/number_option.h"

namespace tbft::cli {

inline constexpr double longest_time_s = 1e9;  // some 30 years

// Accepts 0 and more; callers may add further checks.
template <typename Seconds>
CLI::Option* add_time_option(CLI::App& command, const std::string& name, Seconds& value_s, const std::string& text) {
  static const std::map<std::string, double> units{{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"min", 60}, {"h", 3600}};
  return command.add_option(name, value_s, text)
      ->transform(CLI::AsNumberWithUnit(units))
      ->check(number_in(0, longest_time_s))
      ->type_name("TIME");
}

}  // namespace tbft::cli
