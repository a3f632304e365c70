// A part of a report, before it becomes text or Markdown: a title, captions, a table, lines.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace tbft::results {

using Cells = std::vector<std::vector<std::string>>;  // the first line is the header; all lines have the same length

// Empty parts are left out. Texts from files must have gone through printable().
struct Section {
  std::string title = {};
  std::vector<std::string> captions = {};
  Cells cells = {};
  std::string legend = {};              // whole lines, printed unchanged
  std::vector<std::string> lines = {};  // a list
  // The cells behind each line of the table, for a page that lists cells: "cells?strategy=fc&drift=input", with the columns of
  // cells.csv percent-encoded. Empty, or one for each line except the header.
  std::vector<std::string> links = {};
};

std::string to_text(std::span<const Section> sections);  // aligned columns, ASCII only
std::string to_markdown(std::span<const Section> sections);
std::string to_latex(std::span<const Section> sections);  // for \usepackage{booktabs}

// "71.50 +- 0.71", or only the value if the spread is "-".
std::string with_spread(const std::string& value, const std::string& spread);
// Rounds to two digits of the uncertainty, and the value to the same place.
std::string with_uncertainty(double value, double U);
// "[64.15, 76.85]", or "-" if one end is unknown.
std::string interval_text(double low, double high, int digits);

}  // namespace tbft::results
