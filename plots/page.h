// A page of results as one HTML file that works from disk as from a server. It carries its data as JSON and its script as
// text. A content security policy allows no network and only this script, which it names by its SHA-256. Text from files
// becomes HTML in one function (escaped), in the browser it becomes text nodes. The script uses no library: it sorts
// tables and draws one chart.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "results/tables/section.h"

namespace tbft::plots {

// Every text is escaped here. Callers pass no HTML except the SVG of figures.
struct Page {
  std::string title;
  std::vector<std::string> answers;   // the results, at the top of the page
  std::vector<std::string> warnings;  // shown before the numbers: estimates, throttled or invalid cells
  std::vector<results::Section> sections;
  struct Picture {
    std::string title, svg;
    bool wide = false;  // whether the figure takes the whole width of the page
  };
  std::vector<Picture> pictures;
  std::string no_pictures;  // the reason why there are no figures; empty: there was nothing to draw
  std::string cells_json;   // made by cells_json(); empty: no table of cells
  std::vector<results::Section> provenance;
  std::string footer;
};
std::string render_html(const Page& page);

// Escapes the characters of HTML syntax. Control characters and invalid UTF-8 become '?'.
std::string escaped(std::string_view text);

}  // namespace tbft::plots
