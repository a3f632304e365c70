// A part of a report, before it becomes text or Markdown: a title, captions, a table, lines.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "results/layout.h"

namespace tbft::results {

using Cells = std::vector<std::vector<std::string>>;  // the first line is the header; all lines have the same length

// Empty parts are left out. Texts from files must have gone through printable().
struct Section {
  std::string title = {};
  std::vector<std::string> captions = {};
  std::string origin = {};  // protocol, board, network; a report makes it a caption, or a part of a title that is not unique
  Cells cells = {};
  std::string legend = {};              // whole lines, printed unchanged
  std::vector<std::string> lines = {};  // a list
  // The cells behind each line of the table, for a page that lists cells: "cells?strategy=fc&drift=input", with the columns of
  // cells.csv percent-encoded. Empty, or one for each line except the header.
  std::vector<std::string> links = {};
  // The columns that narrow text leaves out, the least needed one first; never the first column. What then is still too wide is
  // broken within its cells, and after that continued below.
  std::vector<std::size_t> least_needed = {};
  std::string elsewhere = "`tbft report --format md`";  // what has all columns, for the note on those that were left out
  std::string published_behind = {};  // where cells have a published number, the mark before it; narrow text omits it first
  std::vector<std::pair<std::size_t, std::size_t>> winners = {};  // line and column of the cells that a terminal shows in bold
  // One of many of its kind, such as the table of one condition: `report --all` prints it, a page folds it.
  bool detail = false;
  // Text that is too wide continues below at multiples of so many columns, the first one not counted.
  std::size_t columns_together = 1;
};

// Aligned columns, ASCII only. With a width no line is longer, except for words such as a path; a note below a table names the
// columns that were left out.
std::string to_text(std::span<const Section> sections, const Layout& layout = {});
std::string to_markdown(std::span<const Section> sections);
std::string to_latex(std::span<const Section> sections);  // for \usepackage{booktabs}

// "71.50 +- 0.71", or only the value if the spread is "-".
std::string with_spread(const std::string& value, const std::string& spread);
// Rounds to two digits of the uncertainty, but not left of the point, and the value to the same place; to four digits where U
// is 0 or unknown.
std::string with_uncertainty(double value, double U);
// "[64.15, 76.85]", or "-" if one end is unknown.
std::string interval_text(double low, double high, int digits);

}  // namespace tbft::results
