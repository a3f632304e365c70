#include "harness/host/console.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/host/terminal.h"
#include "results/layout.h"

namespace tbft {

Console::Console(std::FILE* stream)
    : Console(stream, isatty(fileno(stream)) == 1, [file = fileno(stream)] { return window_width(file); }) {}

Console::Console(std::FILE* stream, bool terminal, Width width)
    : stream_(stream), terminal_(terminal), width_(std::move(width)) {}

namespace {

// Messages quote names and values of files, which must not steer the terminal.
char shown(char c) {
  const auto byte = static_cast<unsigned char>(c);
  constexpr unsigned char blank = 0x20, del = 0x7f;
  return (byte < blank && c != '\n' && c != '\t') || byte == del ? '?' : c;
}

}  // namespace

void print_error(const std::string& line) noexcept {
  for (const char c : line) static_cast<void>(std::fputc(shown(c), stderr));
  static_cast<void>(std::fputc('\n', stderr));
}

void Console::put(const std::string& text) {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stream_));
}

void Console::clear() {
  if (drawn_) put("\r\x1b[K");
  drawn_ = false;
  static_cast<void>(std::fflush(stream_));
}

void Console::line(const std::string& text) {
  clear();
  std::string line = text + "\n";
  std::ranges::transform(line, line.begin(), shown);
  put(line);
  static_cast<void>(std::fflush(stream_));
}

void Console::warning(const std::string& text) {
  if (!text.empty()) line("tbft: warning: " + text);
}

void Console::progress(const std::string& text) {
  if (!terminal_) return;
  // The last column stays free, because some terminals begin a new line as soon as it is filled.
  const std::size_t width = width_();
  put("\r\x1b[K" + (width > 0 ? results::cut(text, width - 1) : text));
  static_cast<void>(std::fflush(stream_));
  drawn_ = true;
}

std::string bar(double fraction, int width) {
  const auto filled = static_cast<std::size_t>(std::lround(std::clamp(fraction, 0.0, 1.0) * width));
  std::string inside(filled, '=');
  if (filled < static_cast<std::size_t>(width)) inside += '>';
  inside.resize(static_cast<std::size_t>(width), ' ');
  return "[" + inside + "]";
}

std::string duration_text(double seconds) {
  const auto s = std::llround(std::max(0.0, seconds));
  if (s < 100) return fmt::format("{} s", s);
  if (s < 6000) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
}

}  // namespace tbft
