#include "plots/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string/replace.hpp>
#include <cstdlib>
#include <functional>

#include "plots/page.h"
#include "plots/style.h"

namespace tbft::plots {

namespace {

using boost::algorithm::replace_all;

using ColourText = std::function<std::string(const std::string& hex)>;

// Replaces the colours of one tag, which gnuplot writes as black, #FFFFFF or rgb( 26,  26,  26).
void replace_colours(std::string& tag, const ColourText& text_of) {
  replace_all(tag, "\"black\"", fmt::format("\"{}\"", text_of(std::string(text_colour))));
  for (const std::string_view white : {"\"#ffffff\"", "\"#FFFFFF\""})
    replace_all(tag, white, fmt::format("\"{}\"", text_of("#ffffff")));
  for (std::size_t at = tag.find("rgb("); at != std::string::npos; at = tag.find("rgb(", at + 1)) {
    const std::size_t end = tag.find(')', at);
    if (end == std::string::npos) return;
    std::string hex = "#";
    const char* next = tag.c_str() + at + 4;
    for (int part = 0; part < 3; ++part) {
      char* after = nullptr;
      hex += fmt::format("{:02x}", std::strtoul(next, &after, 10) & 0xffU);
      next = *after == ',' ? after + 1 : after;
    }
    tag.replace(at, end + 1 - at, text_of(hex));
  }
}

// Copies the picture with other colours, without gnuplot's titles, descriptions, ids of layers and filters for boxed text.
// Text between tags stays as it is.
std::string cleaned(std::string_view svg, const ColourText& text_of) {
  constexpr std::array<std::string_view, 3> unwanted{"title", "desc", "filter"};
  std::string result;
  while (!svg.empty()) {
    const std::size_t open = std::min(svg.find('<'), svg.size()), close = std::min(svg.find('>', open), svg.size() - 1);
    result += svg.substr(0, open);
    if (open == svg.size()) break;
    std::string tag(svg.substr(open, close + 1 - open));
    svg.remove_prefix(close + 1);
    const std::string name = tag.substr(1, tag.find_first_of(" >\n") - 1);
    if (std::ranges::find(unwanted, name) != unwanted.end()) {
      const std::string end = fmt::format("</{}>", name);
      svg.remove_prefix(std::min(svg.find(end), svg.size() - end.size()) + end.size());
      continue;
    }
    if (tag.starts_with("<g id=\"gnuplot_")) tag = "<g>";
    replace_colours(tag, text_of);
    result += tag;
  }
  return result;
}

// Removes groups without content, of which gnuplot writes many.
void remove_empty_groups(std::string& svg) {
  constexpr std::string_view end = "</g>", space = " \t\n";
  for (std::size_t at = svg.find(end); at != std::string::npos; at = svg.find(end, at)) {
    const std::size_t before = at == 0 ? std::string::npos : svg.find_last_not_of(space, at - 1);
    const std::size_t open = before == std::string::npos ? before : svg.rfind('<', before);
    const bool empty = open != std::string::npos && svg[before] == '>' && svg.compare(open, 2, "<g") == 0;
    if (!empty) {
      at += end.size();
      continue;
    }
    svg.erase(open, at + end.size() - open);
    at = open;
  }
}

// Removes the symbols that no point uses. The later ones are made of earlier ones, so the order is from the last.
void remove_unused_symbols(std::string& svg) {
  for (int symbol = 14; symbol >= 0; --symbol) {
    if (svg.find(fmt::format("'#gpPt{}'", symbol)) != std::string::npos) continue;
    const std::size_t id = svg.find(fmt::format("id='gpPt{}'", symbol));
    if (id == std::string::npos) continue;
    const std::size_t open = svg.rfind('<', id);
    svg.erase(open, svg.find('>', id) + 1 - open);
  }
}

void remove_blank_lines(std::string& svg) {
  std::string result;
  for (std::size_t from = 0; from < svg.size();) {
    const std::size_t end = std::min(svg.find('\n', from), svg.size());
    const std::size_t text = svg.find_first_not_of(" \t", from);
    if (text < end) result.append(svg, text, end - text).append("\n");
    from = end + 1;
  }
  svg = std::move(result);
}

std::string tidied(std::string_view drawn, const ColourText& text_of) {
  std::string svg = cleaned(drawn, text_of);
  remove_empty_groups(svg);
  remove_unused_symbols(svg);
  remove_blank_lines(svg);
  // What gnuplot 5 takes for the name of a font.
  replace_all(svg, "font-family=\"sans-serif:Bold\"", "font-family=\"sans-serif\" font-weight=\"bold\"");
  return svg;
}

// Colours of a dark theme for pictures that stand alone.
std::string dark_style() {
  std::string rules;
  for (const Colour& colour : palette()) {
    for (const std::string_view attribute : {"fill", "stroke", "color"})
      rules += fmt::format("[{0}=\"{1}\"]{{{0}:{2}}}", attribute, colour.light, colour.dark);
  }
  return fmt::format("<style>@media (prefers-color-scheme:dark){{{}}}</style>", rules);
}

}  // namespace

std::string svg_file(std::string_view drawn, std::string_view title) {
  std::string svg = tidied(drawn, [](const std::string& hex) { return hex; });
  const std::size_t head = svg.find('>', std::min(svg.find("<svg"), svg.size()));
  if (head != std::string::npos) svg.insert(head + 1, fmt::format("\n<title>{}</title>\n{}", escaped(title), dark_style()));
  return svg;
}

std::string svg_part(std::string_view drawn, std::string_view part) {
  std::string svg = tidied(drawn, [](const std::string& hex) {
    const auto colours = palette();
    const auto colour = std::ranges::find(colours, hex, &Colour::light);
    return colour == colours.end() ? hex : fmt::format("var(--{},{})", colour->variable, hex);
  });
  svg.erase(0, std::min(svg.find("<svg"), svg.size()));
  rename_symbols(svg, fmt::format("gpPt{}", part), fmt::format("gpDot{}", part));
  return svg;
}

void rename_symbols(std::string& svg, std::string_view points, std::string_view dot) {
  for (const std::string_view before : {"id='", "href='#"}) {
    replace_all(svg, fmt::format("{}gpPt", before), fmt::format("{}{}", before, points));
    replace_all(svg, fmt::format("{}gpDot", before), fmt::format("{}{}", before, dot));
  }
}

}  // namespace tbft::plots
