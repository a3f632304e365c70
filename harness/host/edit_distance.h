// How far two words are apart: for the "did you mean" of errors.
#pragma once

#include <cstddef>
#include <string_view>

namespace tbft {

// Insertions, deletions and replacements of a character that turn `a` into `b` (Levenshtein).
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace tbft
