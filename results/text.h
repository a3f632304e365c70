// Text that came from a file, made fit for a terminal or an error message.
#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>

namespace tbft::results {

// The text on one line in printable ASCII: every other byte becomes '?', white space a blank. Longer than `max`: cut, with
// "...".
std::string printable(std::string_view text, std::size_t max = 200);

// What an exception says, for people: without the library's own names, codes and stack traces.
std::string error_text(const std::exception& error);

// For people: so many significant digits without an exponent where that is readable; "-" for NaN and infinity.
std::string significant(double value, int digits);
// So many decimals; "-" for NaN and infinity.
std::string decimals(double value, int digits);

}  // namespace tbft::results
