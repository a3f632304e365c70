// Makes text from files fit for a terminal or an error message.
#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>

namespace tbft::results {

// The text on one line in printable ASCII. Every other byte becomes '?', white space a blank. Text longer than `max` is cut and
// ends with "...".
std::string printable(std::string_view text, std::size_t max = 200);

// The message of an exception for users, without a library's own names, codes and stack traces.
std::string error_text(const std::exception& error);

// The number with `digits` significant digits, without an exponent where that is readable; "-" for NaN and infinity.
std::string significant(double value, int digits);
// The number with `digits` decimals; "-" for NaN and infinity.
std::string decimals(double value, int digits);

}  // namespace tbft::results
