#include "plots/page.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>
#include <utility>

#include "page_files.h"
#include "plots/page_contents.h"
#include "plots/page_parts.h"

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

// Appends JSON with `<` escaped, so that a <script> of it cannot contain an end tag or a comment.
void append_script_data(std::string& html, std::string_view json) {
  for (std::size_t end = json.find('<'); end != std::string_view::npos; end = json.find('<')) {
    html.append(json.substr(0, end)).append("\\u003c");
    json.remove_prefix(end + 1);
  }
  html += json;
}

std::string head_of(const Page& page) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src "
      "'sha256-{}'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n"
      "<style>\n{}</style>\n</head>\n<body>\n"
      "<a class=\"skip\" href=\"#main\">Skip to the results</a>\n"
      "<header><h1>{}</h1><button id=\"theme\" type=\"button\" hidden></button></header>\n",
      script_hash(page_js), escaped(page.title), page_css, escaped(page.title));
}

constexpr std::string_view cells_place =
    "<section id=\"cells\">\n<h2>Cells and power</h2>\n<noscript><p class=\"note\">The table of cells and their power need "
    "JavaScript; cells.csv has the same.</p></noscript>\n<div id=\"cell-list\"></div>\n<div id=\"trace\"></div>\n</section>\n";

std::string anchor_of(const Part& part, std::size_t section) {
  return fmt::format("{}-{}", part.anchor, section + 1);
}

// Links to the part and to each of its tables and lists.
std::string links_of(const Part& part) {
  std::string html = fmt::format("<a class=\"part\" href=\"#{}\">{}</a>\n", part.anchor, escaped(part.title));
  std::vector<std::string> titles;
  std::vector<std::size_t> linked;
  for (std::size_t i = 0; i < part.sections.size(); ++i) {
    const results::Section& section = part.sections[i];
    const bool is_list = !section.title.empty() && !section.lines.empty();
    if (section.cells.empty() && !is_list) continue;
    linked.push_back(i);
    titles.push_back(section.title.empty() ? fmt::format("table {}", i + 1) : section.title);
  }
  if (titles.size() == 1 && part.sections.size() == 1) return html;
  const std::vector<ContentsEntry> entries = contents_of(titles);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& [heading, label, inner] = entries[i];
    if (!heading.empty()) html += fmt::format("<span>{}</span>\n", escaped(heading));
    html +=
        fmt::format("<a{} href=\"#{}\">{}</a>\n", inner ? " class=\"inner\"" : "", anchor_of(part, linked[i]), escaped(label));
  }
  return html;
}

std::string navigation(const Page& page, const Part& provenance) {
  std::string html = "<nav id=\"contents\" aria-label=\"Contents\">\n";
  for (const Part& part : page.parts) html += links_of(part);
  if (!page.cells_json.empty()) html += "<a class=\"part\" href=\"#cells\">Cells and power</a>\n";
  if (!provenance.sections.empty()) html += links_of(provenance);
  return html + "</nav>\n";
}

// `pictures` counts the figures of the page.
std::string html_of(const Part& part, TableKind kind, std::size_t& pictures) {
  std::string html = fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n", part.anchor, escaped(part.title));
  if (!part.note.empty()) html += fmt::format("<p class=\"note\">{}</p>\n", escaped(part.note));
  for (std::size_t i = 0; i < part.sections.size(); ++i) html += html_of(part.sections[i], anchor_of(part, i), kind);
  for (const Bars& bars : part.bars) html += html_of(bars);
  if (!part.pictures.empty()) html += "<div class=\"figures\">\n";
  for (const Picture& picture : part.pictures) html += html_of(picture, pictures++);
  if (!part.pictures.empty()) html += "</div>\n";
  return html + "</section>\n";
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
  const Part provenance{.anchor = "provenance", .title = "Provenance", .sections = page.provenance};
  std::string html = head_of(page) + navigation(page, provenance) + "<main id=\"main\">\n";
  for (const std::string& warning : page.warnings) html += fmt::format("<p class=\"warning\">{}</p>\n", escaped(warning));
  for (const std::string& answer : page.answers) html += fmt::format("<p class=\"answer\">{}</p>\n", typeset(answer));
  std::size_t pictures = 0;
  for (const Part& part : page.parts) html += html_of(part, TableKind::values, pictures);
  if (!page.cells_json.empty()) html += cells_place;
  if (!provenance.sections.empty()) html += html_of(provenance, TableKind::facts, pictures);
  html += fmt::format("<footer><p>{}</p></footer>\n</main>\n", escaped(page.footer));
  if (!page.cells_json.empty()) {
    html.reserve(html.size() + page.cells_json.size() + page_js.size() + 1000);
    html += "<script type=\"application/json\" id=\"data\">";
    append_script_data(html, page.cells_json);
    html += "</script>\n";
  }
  html += fmt::format("<script>{}</script>\n</body>\n</html>\n", page_js);
  return html;
}

}  // namespace tbft::plots
