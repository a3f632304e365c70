// Distance between two words, for "did you mean" in error messages.
#pragma once

#include <cstddef>
#include <string_view>

namespace tbft {

// Insertions, deletions and replacements of a character that turn `a` into `b` (Levenshtein).
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace tbft
