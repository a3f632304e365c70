// Lines of numbers, as programs print them: watts, volts and amperes, or a counter of joules, with or without a time before
// them. Numbers are separated by commas, semicolons, blanks or tabs. Blank lines and lines that begin with # are skipped.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tbft/power/units.h"

namespace tbft::power {

enum class LineUnit { watts, volts_amps, joules };

struct LineFormat {
  bool time = false;  // each line begins with a time in seconds, on a clock of the program's own
  LineUnit unit = LineUnit::watts;
  std::size_t numbers() const { return (time ? 1U : 0U) + (unit == LineUnit::volts_amps ? 2U : 1U); }
};
// "W", "V,A" or "J", or one of these behind "t,"; nullopt for anything else.
std::optional<LineFormat> parse_line_format(std::string_view unit);
std::string to_string(const LineFormat& format);

// A line is not what its format says. The message names the line by its number and its text.
struct BadLine : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// One line. A value that the line gives as `nan` is unknown.
struct NumberLine {
  struct Number {
    double value = unknown;
    double step = 0;  // of its last digit: 0.1 for "5.0", 1 for "5"; 0 for nan
  };
  Number time_s;       // if the format has a time
  Number watts_W;      // of unit W
  Number volts_V;      // of unit V,A
  Number amps_A;       // of unit V,A
  Number energy_J;     // of unit J
  bool known() const;  // whether the unit's numbers are all known
};

class NumberLines {
 public:
  // The first `skip` lines, such as a header, are not read.
  explicit NumberLines(LineFormat format, std::size_t skip = 0) : format_(format), skip_(skip) {}

  void feed(std::string_view bytes);
  // The next complete line; nullopt: more bytes are needed. Throws BadLine for a line that has another number of numbers, a
  // word, an infinite number or no known time, or that is longer than longest_line; call it no more then.
  std::optional<NumberLine> next();
  // Forgets bytes without a line end, and complete lines that were not asked for.
  void clear();
  std::size_t lines() const { return number_; }  // begun since the first byte, with those that were skipped

  static constexpr std::size_t longest_line = 4096;  // bytes

 private:
  NumberLine parse(std::string_view line) const;
  [[noreturn]] void fail(std::string_view line, std::string_view what) const;

  LineFormat format_;
  std::size_t skip_;
  std::size_t number_ = 0;
  std::string buffer_;
  std::size_t used_ = 0;  // bytes of the buffer that were returned
};

}  // namespace tbft::power
