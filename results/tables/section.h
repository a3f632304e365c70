// A part of a report before it is text or Markdown: a title, captions, a table, lines.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace tbft::results {

using Cells = std::vector<std::vector<std::string>>;  // the header first; as many in every line

// Whatever is empty is left out. Texts that came from a file have gone through printable().
struct Section {
  std::string title;
  std::vector<std::string> captions;
  Cells cells;
  std::string legend;              // whole lines, as they are
  std::vector<std::string> lines;  // a list
  // Which cells each line of the table was made from, for a page that has them: "cells?strategy=fc&drift=input", the columns of
  // cells.csv percent-encoded. Empty, or one a line without the header.
  std::vector<std::string> links = {};
};

std::string to_text(std::span<const Section> sections);  // aligned columns, ASCII only
std::string to_markdown(std::span<const Section> sections);

// "71.50 +- 0.71"; the value alone where the spread is "-".
std::string with_spread(const std::string& value, const std::string& spread);
// Two digits of the uncertainty, and the value to the same place.
std::string with_uncertainty(double value, double U);
// "[64.15, 76.85]"; "-" where one end is unknown.
std::string interval_text(double low, double high, int digits);

}  // namespace tbft::results
