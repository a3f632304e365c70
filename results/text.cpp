#include "results/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <new>
#include <nlohmann/json.hpp>

namespace tbft::results {

std::string printable(std::string_view text, std::size_t max) {
  std::string result(text.substr(0, max));
  for (char& c : result) {
    if (c == '\n' || c == '\r' || c == '\t') {
      c = ' ';
    } else if (c < ' ' || c > '~') {
      c = '?';
    }
  }
  if (text.size() > max) result += "...";
  return result;
}

std::string error_text(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return "not enough memory";
  if (const auto* file = dynamic_cast<const std::filesystem::filesystem_error*>(&error)) {
    const std::string path = file->path1().string();
    return path.empty() ? file->code().message() : fmt::format("{}: {}", path, file->code().message());
  }
  std::string text = error.what();
  if (dynamic_cast<const nlohmann::json::exception*>(&error) != nullptr) text.erase(0, text.find("] ") + 2);
  // libtorch's errors end with a stack trace.
  return text.substr(0, text.find("\nException raised from"));
}

std::string comma_list(std::initializer_list<std::string_view> texts, std::size_t max) {
  std::string result;
  for (const std::string_view text : texts) {
    if (!text.empty()) result += (result.empty() ? "" : ", ") + printable(text, max);
  }
  return result;
}

std::string percent_text(double fraction) {
  return fmt::format("{:.6g} %", 100 * fraction);
}

std::string significant(double value, int digits) {
  const double size = std::abs(value);
  if (!std::isfinite(value)) return "-";
  if (size != 0 && (size < 1e-3 || size >= 1e7)) return fmt::format("{:.{}g}", value, digits);
  const int before = size == 0 ? 1 : static_cast<int>(std::floor(std::log10(size))) + 1;
  return decimals(value, std::max(0, digits - before));
}

std::string decimals(double value, int digits) {
  if (!std::isfinite(value)) return "-";
  // Only damaged files have values beyond this, and 300 digits would not help.
  if (std::abs(value) >= 1e12) return fmt::format("{:.{}g}", value, digits);
  std::string text = fmt::format("{:.{}f}", value, digits);
  if (text.starts_with('-') && text.find_first_not_of("-0.") == std::string::npos) text.erase(0, 1);
  return text;
}

std::string epochs_text(double epochs) {
  return decimals(epochs, epochs == std::floor(epochs) ? 0 : 1);
}

std::string count_text(std::size_t n, std::size_t of) {
  return n == of ? std::to_string(n) : fmt::format("{} of {}", n, of);
}

std::string counted(std::size_t n, std::string_view noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

}  // namespace tbft::results
