#include "tbft/power/uri.h"

#include <fmt/format.h>

#include <charconv>

namespace tbft::power {
namespace {

// The value of two hexadecimal digits at the beginning of the text, or -1.
int leading_byte(std::string_view text) {
  int value = -1;
  if (text.size() < 2) return -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + 2, value, 16);
  return error == std::errc{} && end == text.data() + 2 && text.front() != '-' ? value : -1;
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

}  // namespace tbft::power
