// Makes text from files fit for a terminal or an error message.
#pragma once

#include <array>
#include <cstddef>
#include <exception>
#include <initializer_list>
#include <string>
#include <string_view>

namespace tbft::results {

// The text on one line in printable ASCII. Every other byte becomes '?', white space a blank. Text longer than `max` is cut and
// ends with "...".
std::string printable(std::string_view text, std::size_t max = 200);

// The name of an enumerator whose names stand in the order of the enumeration.
template <typename Enum, std::size_t n>
std::string_view name_in(const std::array<std::string_view, n>& names, Enum value) {
  return names.at(static_cast<std::size_t>(value));
}

// The message of an exception for users, without a library's own names, codes and stack traces.
std::string error_text(const std::exception& error);

// The texts that are not empty, printable up to `max` bytes each, joined by ", ".
std::string comma_list(std::initializer_list<std::string_view> texts, std::size_t max = 200);

// "10 %" for 0.1, with up to six digits.
std::string percent_text(double fraction);
// The number with `digits` significant digits, without an exponent where that is readable; "-" for NaN and infinity.
std::string significant(double value, int digits);
// The number with `digits` decimals, and 0 without a sign; "-" for NaN and infinity.
std::string decimals(double value, int digits);
// "10", or "9.3" for a mean that is no whole number; "-" for NaN and infinity.
std::string epochs_text(double epochs);
// "15", or "14 of 15" where some are missing.
std::string count_text(std::size_t n, std::size_t of);
// "1 cell", "2 cells".
std::string counted(std::size_t n, std::string_view noun);

}  // namespace tbft::results
