// Checks for options that take a number.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <string>

namespace tbft::cli {

// Accepts a finite number from `low` to `high`. CLI::Range and CLI::PositiveNumber accept NaN, because comparisons with NaN are
// false.
inline CLI::Validator number_in(double low, double high) {
  return CLI::Validator(
      [low, high](std::string& text) {
        double value = 0;
        if (CLI::detail::lexical_cast(text, value) && value >= low && value <= high) return std::string();
        return fmt::format("{}: expected a number from {} to {}", text, low, high);
      },
      fmt::format("{} to {}", low, high));
}

// Accepts a finite number above 0, up to `high`.
inline CLI::Validator number_above_0(double high) {
  return CLI::Validator(
      [high](std::string& text) {
        double value = 0;
        if (CLI::detail::lexical_cast(text, value) && value > 0 && value <= high) return std::string();
        return fmt::format("{}: expected a number above 0, up to {}", text, high);
      },
      fmt::format("above 0 to {}", high));
}

}  // namespace tbft::cli
