// What a page is made of, as HTML: tables, bars, figures. Used by page.cpp alone.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "plots/page.h"

namespace tbft::plots {

// A table of values is read by columns: texts stand at the left, numbers at the right, and the first column and the accuracy
// stay in view. Facts are names and values, all at the left.
enum class TableKind { values, facts };

// The text of a table or a note as HTML, with the sign for "plus or minus" where ASCII has two.
std::string typeset(std::string_view text);

// A section under its anchor; folded if it is a detail or a table of facts.
std::string html_of(const results::Section& section, const std::string& anchor, TableKind kind);
std::string html_of(const Bars& bars);
// `index` makes the ids of a figure unique on the page.
std::string html_of(const Picture& picture, std::size_t index);

}  // namespace tbft::plots
