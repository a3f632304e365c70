// Distance between two words, and the known name nearest to a word, for "did you mean" in error messages.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string_view>
#include <utility>

namespace tbft {

// Insertions, deletions and replacements of a character that turn `a` into `b` (Levenshtein).
std::size_t edit_distance(std::string_view a, std::string_view b);

// The element whose name is nearest to `word`, the first of several, as an iterator; the end of an empty range. A name that
// begins with the word is nearer than any other. `name_of` gives an element's name.
template <typename Range, typename NameOf = std::identity>
auto nearest_to(std::string_view word, const Range& range, NameOf name_of = {}) {
  const auto distance = [&](const auto& each) {
    const auto& named = std::invoke(name_of, each);  // keeps what it makes alive
    const std::string_view name = named;
    return std::pair(word.empty() || !name.starts_with(word), edit_distance(word, name));
  };
  return std::ranges::min_element(range, {}, distance);
}

// Whether somebody who typed `word` may have meant `name`: at most a third of its letters differ, or `name` begins with it.
bool is_near(std::string_view word, std::string_view name);

}  // namespace tbft
