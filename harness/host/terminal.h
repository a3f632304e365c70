// What an open file shows to a reader: how long lines may be there, and whether bold text is wanted.
#pragma once

#include <cstddef>

#include "results/layout.h"

namespace tbft {

// Returns the value of an environment variable, or null; std::getenv, or a fake in a test.
using Environment = const char* (*)(const char* name);
const char* process_environment(const char* name);

// Whether the user's locale has UTF-8, by LC_ALL, LC_CTYPE or LANG.
bool wants_unicode(Environment environment = process_environment);

// The present width of a terminal's window in characters; 80 if it does not state one.
std::size_t window_width(int terminal);

// On a terminal: its present width, 80 if it does not state one, and bold text unless NO_COLOR is set or TERM is "dumb" or
// missing. Elsewhere any width, so that a redirected table keeps all of its columns. In both cases the variable COLUMNS (20 to
// 1000) overrides the width.
results::Layout layout_of(int file, Environment environment = process_environment);

}  // namespace tbft
