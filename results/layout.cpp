#include "results/layout.h"

#include <algorithm>

namespace tbft::results {

namespace {

constexpr std::string_view ellipsis = "...";
constexpr std::size_t longest_label = 24;

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// The bytes of the first `n` characters.
std::size_t bytes_of(std::string_view text, std::size_t n) {
  std::size_t at = 0;
  while (at < text.size() && n > 0) {
    ++at;
    while (at < text.size() && continues_character(text[at])) ++at;
    --n;
  }
  return at;
}

std::size_t leading_blanks(std::string_view line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

// Where the continuations of a line begin.
std::size_t continuation(std::string_view line, std::size_t width) {
  const std::size_t begin = leading_blanks(line);
  const std::size_t gap = line.find("  ", begin);
  if (gap != std::string_view::npos) {
    const std::size_t text = line.find_first_not_of(' ', gap);
    if (text != std::string_view::npos && text <= std::min(begin + longest_label, width / 2)) return text;
  }
  return std::min(begin + 2, width / 2);
}

// Where a line that is too long ends: at the last blank within its first `room` characters but behind its first `begin` bytes,
// or else behind its first word; or inside of that word.
std::size_t end_of_line(std::string_view rest, std::size_t room, std::size_t begin, bool break_words) {
  const std::size_t fits = bytes_of(rest, room);
  const std::size_t blank = rest.rfind(' ', fits);
  if (blank != std::string_view::npos && blank > begin) return blank;
  if (break_words) return std::max<std::size_t>(fits, bytes_of(rest, 1));
  return std::min(rest.find(' ', std::max(begin, fits)), rest.size());
}

std::string_view without_blanks_at_end(std::string_view text) {
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

}  // namespace

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return !continues_character(c); }));
}

std::string cut(std::string_view text, std::size_t width) {
  if (characters(text) <= width) return std::string(text);
  if (width <= ellipsis.size()) return std::string(text.substr(0, bytes_of(text, width)));
  return std::string(text.substr(0, bytes_of(text, width - ellipsis.size()))) + std::string(ellipsis);
}

std::vector<std::string> lines_of(std::string_view paragraph, std::size_t width, std::size_t indent, bool break_words) {
  std::vector<std::string> lines;
  std::string_view rest = paragraph;
  std::size_t begin = std::max(leading_blanks(rest), indent);  // bytes in which the line must not end, such as a label
  std::size_t before = 0;                                      // blanks in front of the line
  while (width > 0 && characters(rest) + before > width) {
    const std::size_t end = end_of_line(rest, std::max<std::size_t>(width - before, 1), begin, break_words);
    lines.push_back(std::string(before, ' ') + std::string(without_blanks_at_end(rest.substr(0, end))));
    rest.remove_prefix(end);
    rest.remove_prefix(leading_blanks(rest));
    if (rest.empty()) return lines;
    before = std::min(indent, width / 2);
    begin = 0;
  }
  lines.push_back(std::string(before, ' ') + std::string(rest));
  return lines;
}

std::string wrapped(std::string_view text, std::size_t width) {
  if (width == 0) return std::string(text);
  std::string result;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const auto lines = lines_of(line, width, continuation(line, width));
    for (std::size_t i = 0; i < lines.size(); ++i) result += (i == 0 ? "" : "\n") + lines[i];
    if (end < text.size()) result += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

}  // namespace tbft::results
