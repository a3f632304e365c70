// Fits text into lines of a given width, for a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tbft::results {

// How text is laid out for its reader.
struct Layout {
  std::size_t width = 0;  // longest line in characters; 0: any length
  bool bold = false;      // a terminal shows the winner of a table in bold (ECMA-48: SGR 1)
};

// The number of characters of a UTF-8 text.
std::size_t characters(std::string_view text);
// The first `width` characters; a longer text ends with "..." inside of that width. No character is cut in half.
std::string cut(std::string_view text, std::size_t width);

// Breaks each line that is longer than `width` at blanks (0: none). A continuation begins where the text behind the line's
// label begins ("gross     4.2 J ...": below the 4), or else two characters further in than its line. A longer word, such as a
// path, stays whole, so that it can be copied.
std::string wrapped(std::string_view text, std::size_t width);
// The lines of a paragraph whose continuations begin with `indent` blanks. Longer words are broken if `break_words`.
std::vector<std::string> lines_of(std::string_view paragraph, std::size_t width, std::size_t indent, bool break_words = false);

}  // namespace tbft::results
