#include "results/tables/section.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "results/text.h"

namespace tbft::results {

namespace {

std::string aligned(const Cells& cells) {
  std::vector<std::size_t> width(cells.front().size());
  for (const auto& row : cells) {
    for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
  }
  std::string result;
  for (const auto& row : cells) {
    result += fmt::format("{:<{}}", row[0], width[0]);
    for (std::size_t i = 1; i < row.size(); ++i) result += fmt::format("  {:>{}}", row[i], width[i]);
    result += '\n';
  }
  return result;
}

// Characters that Markdown or HTML would interpret.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (std::string_view("|<>*_`\\[]").find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

std::string markdown(const Cells& cells) {
  std::string result;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    result += '|';
    for (const std::string& cell : cells[i]) result += ' ' + escaped(cell) + " |";
    result += '\n';
    if (i > 0) continue;
    result += "|---|";
    for (std::size_t column = 1; column < cells[0].size(); ++column) result += "---:|";
    result += '\n';
  }
  return result;
}

}  // namespace

std::string with_spread(const std::string& value, const std::string& spread) {
  return spread == "-" ? value : value + " +- " + spread;
}

// Rounds to two digits of the uncertainty, and the value to the same place.
std::string with_uncertainty(double value, double U) {
  if (std::isnan(U)) return significant(value, 4);
  const std::string spread = significant(U, 2);
  const std::size_t point = spread.find('.');
  const bool plain = spread.find('e') == std::string::npos;
  const int digits = point == std::string::npos ? 0 : static_cast<int>(spread.size() - point - 1);
  return with_spread(plain ? decimals(value, digits) : significant(value, 4), spread);
}

std::string interval_text(double low, double high, int digits) {
  if (!std::isfinite(low) || !std::isfinite(high)) return "-";
  return fmt::format("[{}, {}]", decimals(low, digits), decimals(high, digits));
}

std::string to_text(std::span<const Section> sections) {
  std::string result;
  for (const Section& section : sections) {
    if (!section.title.empty()) result += section.title + '\n';
    for (const std::string& caption : section.captions) result += caption + '\n';
    if (!section.cells.empty()) result += aligned(section.cells);
    result += section.legend;
    for (const std::string& line : section.lines) result += line + '\n';
    result += '\n';
  }
  if (!result.empty()) result.pop_back();
  return result;
}

std::string to_markdown(std::span<const Section> sections) {
  std::string result;
  for (const Section& section : sections) {
    if (!section.title.empty()) result += "## " + escaped(section.title) + "\n\n";
    for (const std::string& caption : section.captions) result += escaped(caption) + "\n\n";
    if (!section.cells.empty()) result += markdown(section.cells);
    result += section.legend;
    if (!section.cells.empty() && !section.lines.empty()) result += '\n';
    for (const std::string& line : section.lines) result += "- " + escaped(line) + '\n';
    result += '\n';
  }
  if (!result.empty()) result.pop_back();
  return result;
}

}  // namespace tbft::results
