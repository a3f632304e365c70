#include "plots/page_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "plots/svg.h"

namespace tbft::plots {

namespace {

bool is_number(std::string_view text) {
  for (const std::string_view before : {"[", "x ", "-", "+"}) {
    if (text.starts_with(before)) text.remove_prefix(before.size());
  }
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) != 0;
}

// Whether a column is of text: some cell is neither a number nor unknown.
bool is_text(const results::Cells& cells, std::size_t column) {
  return std::any_of(cells.begin() + 1, cells.end(), [&](const auto& line) {
    const std::string& cell = line[column];
    return !cell.empty() && cell != "-" && !is_number(cell);
  });
}

struct Columns {
  std::vector<bool> text;
  std::size_t accuracy = 0;  // 0: none
};

Columns columns_of(const results::Cells& cells) {
  Columns columns;
  for (std::size_t i = 0; i < cells.front().size(); ++i) {
    columns.text.push_back(is_text(cells, i));
    if (i > 0 && columns.accuracy == 0 && cells.front()[i].starts_with("accuracy")) columns.accuracy = i;
  }
  return columns;
}

std::string class_of(const Columns& columns, std::size_t column, bool best) {
  std::string names;
  const auto add = [&](bool there, const char* name) {
    if (there) names += (names.empty() ? "" : " ") + std::string(name);
  };
  add(column > 0 && columns.text[column], "text");
  add(column > 0 && column == columns.accuracy, "frozen");
  add(best, "best");
  return names.empty() ? "" : fmt::format(" class=\"{}\"", names);
}

std::string table(const results::Section& section, TableKind kind) {
  const Columns columns = columns_of(section.cells);
  const bool facts = kind == TableKind::facts;
  std::string html = fmt::format("<div class=\"scroll\"><table class=\"live{}\">\n<thead><tr>", facts ? " facts" : "");
  for (std::size_t i = 0; i < section.cells.front().size(); ++i)
    html += fmt::format("<th{}>{}</th>", class_of(columns, i, false), typeset(section.cells.front()[i]));
  html += "</tr></thead>\n<tbody>\n";
  for (std::size_t line = 1; line < section.cells.size(); ++line) {
    html += "<tr>";
    const bool linked = line - 1 < section.links.size();
    for (std::size_t i = 0; i < section.cells[line].size(); ++i) {
      const bool best = std::ranges::find(section.winners, std::pair(line, i)) != section.winners.end();
      const std::string& cell = section.cells[line][i];
      const std::string text = facts ? escaped(cell) : typeset(cell);
      html += fmt::format("<td{}>", class_of(columns, i, best));
      html += linked && i == 0 ? fmt::format("<a href=\"#{}\">{}</a>", escaped(section.links[line - 1]), text) : text;
      html += "</td>";
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string content(const results::Section& section, TableKind kind) {
  std::string html;
  for (const std::string& caption : section.captions) html += fmt::format("<p class=\"caption\">{}</p>\n", typeset(caption));
  if (!section.cells.empty()) html += table(section, kind);
  if (!section.legend.empty()) html += fmt::format("<p class=\"note\">{}</p>\n", typeset(section.legend));
  if (section.lines.empty()) return html;
  html += "<ul>\n";
  for (const std::string& line : section.lines) html += fmt::format("<li>{}</li>\n", typeset(line));
  return html + "</ul>\n";
}

// The width that the first picture was drawn for, from its viewBox; 0 if it has none.
double width_px(std::string_view svg) {
  constexpr std::string_view before = "viewBox=\"0 0 ";
  const std::size_t at = svg.find(before);
  return at == std::string_view::npos ? 0 : std::strtod(std::string(svg.substr(at + before.size(), 10)).c_str(), nullptr);
}

// The pictures of a figure with ids that are unique on the page, labels, and widths below which they scroll.
std::string inline_svg(const Picture& picture, std::size_t index) {
  constexpr std::string_view tag = "<svg";
  constexpr double least_scale = 0.7, most_scale = 1.25;  // smaller text is hard to read, larger text is larger than the page's
  std::string svg = picture.svg;
  rename_symbols(svg, fmt::format("f{}p", index), fmt::format("f{}d", index));
  std::size_t panel = 0;
  for (std::size_t at = svg.find(tag); at != std::string::npos; at = svg.find(tag, at + tag.size())) {
    const double width = width_px(std::string_view(svg).substr(at));
    const std::string name = panel < picture.panels.size() ? picture.panels[panel] : "";
    ++panel;
    const std::string label =
        fmt::format(" role=\"img\" aria-label=\"{}{}{}\"", escaped(name), name.empty() ? "" : ": ", escaped(picture.title));
    svg.insert(at + tag.size(), fmt::format("{} style=\"min-width: {:.0f}px; max-width: {:.0f}px\"", label, least_scale * width,
                                            most_scale * width));
  }
  return svg;
}

}  // namespace

std::string typeset(std::string_view text) {
  std::string html = escaped(text);
  for (std::size_t at = html.find("+-"); at != std::string::npos; at = html.find("+-", at + 2)) {
    const bool starts = at == 0 || html[at - 1] == ' ' || html[at - 1] == '\n',
               ends = at + 2 == html.size() || html[at + 2] == ' ';
    if (starts && ends) html.replace(at, 2, "\u00b1");
  }
  return html;
}

std::string html_of(const results::Section& section, const std::string& anchor, TableKind kind) {
  const std::string inside = content(section, kind);
  if (section.detail || kind == TableKind::facts) {
    return fmt::format("<details id=\"{}\"><summary>{}</summary>\n{}</details>\n", anchor, escaped(section.title), inside);
  }
  const std::string heading = section.title.empty() ? "" : fmt::format("<h3>{}</h3>\n", escaped(section.title));
  return fmt::format("<section id=\"{}\">\n{}{}</section>\n", anchor, heading, inside);
}

std::string html_of(const Picture& picture, std::size_t index) {
  return fmt::format("<figure{}><div class=\"scroll panels\">{}</div><figcaption>{}</figcaption></figure>\n",
                     picture.wide ? " class=\"wide\"" : "", inline_svg(picture, index), escaped(picture.title));
}

}  // namespace tbft::plots
