// A guard for toml++, which destroys tables recursively: a key of 200,000 dots nests as many tables and overflows the stack.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace tbft {

// toml++ limits nested values itself, but (before 3.4) not the dots of a key.
inline constexpr std::ptrdiff_t most_dots_of_toml = 5000;
inline bool may_nest_too_deeply(std::string_view toml) {
  return std::ranges::count(toml, '.') > most_dots_of_toml;
}

}  // namespace tbft
