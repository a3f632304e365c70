// Makes gnuplot's SVG fit for files and pages. gnuplot itself can neither name a colour by a CSS variable nor follow a dark
// theme, and it titles every picture "Gnuplot".
#pragma once

#include <string>
#include <string_view>

namespace tbft::plots {

// For a file of its own: colours as #rrggbb, which every program that reads SVG understands, and a style sheet that replaces
// them in a dark browser. `title` becomes its title.
std::string svg_file(std::string_view drawn, std::string_view title);

// For a page: without an XML head, colours as CSS variables such as var(--series-1,#1d54c1). `part` makes ids unique among the
// parts of one figure.
std::string svg_part(std::string_view drawn, std::string_view part);

// Gives gnuplot's symbols (ids gpPt0, gpPt1, ... and gpDot) other names. Texts stay as they are.
void rename_symbols(std::string& svg, std::string_view points, std::string_view dot);

}  // namespace tbft::plots
