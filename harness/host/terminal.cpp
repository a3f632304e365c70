#include "harness/host/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace tbft {

namespace {

constexpr std::size_t usual_width = 80, narrowest = 20, widest = 1000;

std::optional<std::size_t> stated_width(Environment environment) {
  const char* text = environment("COLUMNS");
  if (text == nullptr) return std::nullopt;
  const std::string_view digits(text);
  std::size_t width = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), width);
  const bool good = error == std::errc{} && end == digits.data() + digits.size() && width >= narrowest && width <= widest;
  return good ? std::optional(width) : std::nullopt;
}

bool wants_bold(Environment environment) {
  const char* plain = environment("NO_COLOR");
  const char* term = environment("TERM");
  return (plain == nullptr || *plain == '\0') && term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
}

}  // namespace

std::size_t window_width(int terminal) {
  winsize window{};
  return ::ioctl(terminal, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 ? window.ws_col : usual_width;
}

bool wants_unicode(Environment environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* text = environment(name);
    if (text == nullptr || *text == '\0') continue;
    const std::string_view locale(text);
    return locale.find("UTF-8") != std::string_view::npos || locale.find("utf8") != std::string_view::npos;
  }
  return false;
}

const char* process_environment(const char* name) {
  return std::getenv(name);
}

results::Layout layout_of(int file, Environment environment) {
  const bool terminal = ::isatty(file) == 1;
  results::Layout layout;
  if (terminal) layout = {.width = window_width(file), .bold = wants_bold(environment)};
  if (const auto width = stated_width(environment)) layout.width = *width;
  return layout;
}

}  // namespace tbft
