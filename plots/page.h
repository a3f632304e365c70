// A page of results as one HTML file that works from disk as from a server. It carries its data as JSON and its script as
// text. A content security policy allows no network and only this script, which it names by its SHA-256. Text from files
// becomes HTML in one function (escaped), in the browser it becomes text nodes. The script uses no library: it sorts
// tables, keeps their first columns in view and draws one chart. Without it tables, folds, links and figures work.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "results/tables/section.h"

namespace tbft::plots {

// Bars that start at a reference: ratios at 1 on a logarithmic axis, differences at 0. The reference is in the middle.
struct Bars {
  std::string title;
  std::string unit;  // "points"; empty for ratios
  bool ratios = true;
  struct Line {
    std::string name;
    double value = 0, low = 0, high = 0;  // NaN: unknown, nothing is drawn
    std::string text, verdict;
    bool significant = false;
  };
  std::vector<Line> lines;
};

struct Picture {
  std::string title, svg{};           // one picture, or several panels one after the other
  bool wide = false;                  // whether the figure takes the whole width of the page
  std::vector<std::string> panels{};  // their titles, for readers who do not see them
};

// What stands under one heading, in this order.
struct Part {
  std::string anchor, title;
  std::string note;
  std::vector<results::Section> sections;  // a detail is folded
  std::vector<Bars> bars;
  std::vector<Picture> pictures;
};

// Every text is escaped here. Callers pass no HTML except the SVG of figures.
struct Page {
  std::string title;
  std::vector<std::string> answers;   // the results, at the top of the page
  std::vector<std::string> warnings;  // shown before the numbers: estimates, throttled or invalid cells
  std::vector<Part> parts;
  std::string cells_json;                    // made by cells_json(); empty: no table of cells
  std::vector<results::Section> provenance;  // names and values, folded
  std::string footer;
};
std::string render_html(const Page& page);

// Escapes the characters of HTML syntax. Control characters and invalid UTF-8 become '?'.
std::string escaped(std::string_view text);

}  // namespace tbft::plots
