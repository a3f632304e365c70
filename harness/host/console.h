// Messages for the user during the work, on stderr. A progress line appears only on a terminal. Results never go here.
#pragma once

#include <cstddef>
#include <cstdio>
#include <functional>
#include <string>

namespace tbft {

// Writes one whole line to stderr. A closed stderr must not end the work or change an exit code, so errors are ignored.
void print_error(const std::string& line) noexcept;

class Console {
 public:
  // The terminal's width in characters; 0: any.
  using Width = std::function<std::size_t()>;

  // Asks isatty whether `stream` is a terminal, and before each progress line how wide it is.
  explicit Console(std::FILE* stream = stderr);
  Console(
      std::FILE* stream, bool terminal, Width width = [] { return std::size_t{0}; });
  ~Console() { clear(); }
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  void line(const std::string& text);     // one line, above the progress line
  void warning(const std::string& text);  // "tbft: warning: ..."; nothing for an empty text
  // Replaces the progress line, cut to the terminal's present width. Does nothing without a terminal.
  void progress(const std::string& text);
  void clear();
  bool terminal() const { return terminal_; }

 private:
  void put(const std::string& text);
  std::FILE* stream_;
  bool terminal_;
  Width width_;
  bool drawn_ = false;
};

// "[=====>    ]", `width` characters inside.
std::string bar(double fraction, int width = 20);
// "45 s", "3 min 20 s", "2 h 05 min"
std::string duration_text(double seconds);

}  // namespace tbft
