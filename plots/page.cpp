#include "plots/page.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "page_files.h"

namespace tbft::plots {

namespace {

// The length of the UTF-8 character at the start of the text; 0 if it is not UTF-8. Overlong forms and surrogates are left to
// the browser, which shows them as unknown; they contain no HTML syntax.
std::size_t utf8_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t length = first < 0x80                    ? 1
                             : first >= 0xc2 && first < 0xe0 ? 2
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xf0 && first < 0xf5 ? 4
                                                             : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80) return 0;
  }
  return length;
}

// The content security policy names the page's script by its hash, so no other script runs, and nothing is fetched.
std::string script_hash(std::string_view script) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(script.data(), script.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("SHA-256 of the page's script failed");
  std::array<unsigned char, 4 * EVP_MAX_MD_SIZE / 3 + 4> base64{};
  const int length = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(size));
  return {base64.begin(), base64.begin() + length};
}

std::string table(const results::Section& section) {
  std::string html = "<div class=\"scroll\"><table class=\"live\">\n<thead><tr>";
  for (const std::string& name : section.cells.front()) html += fmt::format("<th>{}</th>", escaped(name));
  html += "</tr></thead>\n<tbody>\n";
  for (std::size_t line = 1; line < section.cells.size(); ++line) {
    html += "<tr>";
    const bool linked = line - 1 < section.links.size();
    for (std::size_t i = 0; i < section.cells[line].size(); ++i) {
      const std::string text = escaped(section.cells[line][i]);
      html += linked && i == 0 ? fmt::format("<td><a href=\"#{}\">{}</a></td>", escaped(section.links[line - 1]), text)
                               : fmt::format("<td>{}</td>", text);
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string html_of(const results::Section& section) {
  std::string html;
  if (!section.title.empty()) html += fmt::format("<h3>{}</h3>\n", escaped(section.title));
  for (const std::string& caption : section.captions) html += fmt::format("<p class=\"caption\">{}</p>\n", escaped(caption));
  if (!section.cells.empty()) html += table(section);
  if (!section.legend.empty()) html += fmt::format("<p class=\"note\">{}</p>\n", escaped(section.legend));
  if (section.lines.empty()) return html;
  html += "<ul>\n";
  for (const std::string& line : section.lines) html += fmt::format("<li>{}</li>\n", escaped(line));
  return html + "</ul>\n";
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// Prepares gnuplot's SVG for a page: removes the XML head, and makes its ids unique, because several share the document.
std::string inline_svg(std::string svg, std::size_t index, const std::string& title) {
  svg.erase(0, std::min(svg.find("<svg"), svg.size()));
  replace_all(svg, "gpPt", fmt::format("f{}p", index));
  replace_all(svg, "gpDot", fmt::format("f{}d", index));
  for (const char* filter : {"textbox", "greybox"})
    replace_all(svg, fmt::format("'{}'", filter), fmt::format("'f{}{}'", index, filter));
  replace_all(svg, "id=\"gnuplot_", fmt::format("id=\"f{}_", index));
  // gnuplot's titles of layers would appear as tooltips.
  for (std::size_t at = svg.find("<title>"); at != std::string::npos; at = svg.find("<title>", at)) {
    const std::size_t end = svg.find("</title>", at);
    if (end == std::string::npos) break;
    svg.erase(at, end + std::string_view("</title>").size() - at);
  }
  svg.insert(std::min<std::size_t>(svg.size(), 4), fmt::format(" role=\"img\" aria-label=\"{}\"", escaped(title)));
  return svg;
}

// Escapes `<`, so that JSON in a <script> cannot contain an end tag or a comment.
std::string script_data(std::string json) {
  replace_all(json, "<", "\\u003c");
  return json;
}

}  // namespace

std::string escaped(std::string_view text) {
  using Entity = std::pair<char, std::string_view>;
  constexpr std::array entities{Entity{'&', "&amp;"}, Entity{'<', "&lt;"}, Entity{'>', "&gt;"}, Entity{'"', "&quot;"},
                                Entity{'\'', "&#39;"}};
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char c = text.front();
    if (length == 0 || (length == 1 && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) && c != '\n' && c != '\t')) {
      result += '?';
    } else if (const auto* entity = std::ranges::find(entities, c, &Entity::first); entity != entities.end()) {
      result += entity->second;
    } else {
      result += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

std::string render_html(const Page& page) {
  std::string html = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  html += fmt::format(
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src "
      "'sha256-{}'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n"
      "<style>\n{}</style>\n</head>\n<body>\n"
      "<header><h1>{}</h1><button id=\"theme\" type=\"button\" hidden></button></header>\n",
      script_hash(page_js), escaped(page.title), page_css, escaped(page.title));
  for (const std::string& warning : page.warnings) html += fmt::format("<p class=\"warning\">{}</p>\n", escaped(warning));
  for (const std::string& answer : page.answers) html += fmt::format("<p class=\"answer\">{}</p>\n", escaped(answer));
  html += "<nav>";
  const auto link = [&](bool there, const char* anchor, const char* text) {
    if (there) html += fmt::format("<a href=\"#{}\">{}</a>", anchor, text);
  };
  link(!page.pictures.empty(), "figures", "Figures");
  link(!page.sections.empty(), "tables", "Tables");
  link(!page.cells_json.empty(), "cells", "Cells and power");
  link(!page.provenance.empty(), "provenance", "Provenance");
  html += "</nav>\n";
  if (!page.pictures.empty()) {
    html += "<h2 id=\"figures\">Figures</h2>\n<div class=\"figures\">\n";
    for (std::size_t i = 0; i < page.pictures.size(); ++i) {
      const auto& [title, svg, wide] = page.pictures[i];
      html += fmt::format("<figure{}>{}<figcaption>{}</figcaption></figure>\n", wide ? " class=\"wide\"" : "",
                          inline_svg(svg, i, title), escaped(title));
    }
    html += "</div>\n";
  } else if (!page.no_pictures.empty()) {
    html += fmt::format("<p class=\"note\">No figures: {}</p>\n", escaped(page.no_pictures));
  }
  if (!page.sections.empty()) html += "<h2 id=\"tables\">Tables</h2>\n";
  for (const results::Section& section : page.sections) html += html_of(section);
  if (!page.cells_json.empty()) {
    html +=
        "<h2 id=\"cells\">Cells</h2>\n<noscript><p class=\"note\">The table of cells and their power need JavaScript; "
        "cells.csv has the same.</p></noscript>\n";
    html += "<div id=\"trace\"></div>\n";
  }
  if (!page.provenance.empty()) html += "<h2 id=\"provenance\">Provenance</h2>\n";
  for (const results::Section& section : page.provenance) html += html_of(section);
  html += fmt::format("<footer><p>{}</p></footer>\n", escaped(page.footer));
  if (!page.cells_json.empty())
    html += fmt::format("<script type=\"application/json\" id=\"data\">{}</script>\n", script_data(page.cells_json));
  return html + fmt::format("<script>{}</script>\n</body>\n</html>\n", page_js);
}

}  // namespace tbft::plots
