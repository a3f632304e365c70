// A table of a report as aligned columns of text, fitted into a width.
#pragma once

#include <string>
#include <vector>

#include "results/layout.h"
#include "results/tables/section.h"

namespace tbft::results {

struct TextTable {
  std::string text;                   // whole lines
  std::vector<std::string> left_out;  // the headers of columns that were left out
};

// The first column is aligned to the left, the others to the right. Where the table is wider than the layout allows, first the
// least needed columns go, one after another; then long cells are broken into several lines; then columns continue below, with
// the first column repeated.
TextTable text_table(const Section& section, const Layout& layout);

}  // namespace tbft::results
