#include "results/tables/text_table.h"

#include <algorithm>
#include <numeric>
#include <optional>

namespace tbft::results {

namespace {

constexpr std::size_t gap = 2;        // blanks between two columns
constexpr std::size_t unbroken = 20;  // a cell of so many characters is not broken: numbers with their uncertainty, intervals
constexpr std::string_view bold = "\x1b[1m", plain = "\x1b[0m";

using Columns = std::vector<std::size_t>;

std::size_t longest_word(std::string_view text) {
  std::size_t longest = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    longest = std::max(longest, characters(text.substr(at, end - at)));
    at = end + 1;
  }
  return longest;
}

std::size_t full_width(const Cells& cells, std::size_t column) {
  std::size_t width = 0;
  for (const auto& line : cells) width = std::max(width, characters(line[column]));
  return width;
}

// The width below which a column is not narrowed.
std::size_t least_width(const Cells& cells, std::size_t column) {
  std::size_t width = longest_word(cells.front()[column]);
  for (std::size_t i = 1; i < cells.size(); ++i) width = std::max(width, std::min(unbroken, characters(cells[i][column])));
  return std::min(width, full_width(cells, column));
}

std::size_t total(const std::vector<std::size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), gap * (widths.size() - 1));
}

template <typename Width>
std::vector<std::size_t> widths_of(const Cells& cells, const Columns& columns, Width width) {
  std::vector<std::size_t> widths;
  widths.reserve(columns.size());
  for (const std::size_t column : columns) widths.push_back(width(cells, column));
  return widths;
}

// The widths of columns that fit; narrows the widest ones first. Nothing if even their least widths do not fit.
std::optional<std::vector<std::size_t>> fitted(const Cells& cells, const Columns& columns, std::size_t width) {
  auto widths = widths_of(cells, columns, full_width);
  const auto least = widths_of(cells, columns, least_width);
  while (width > 0 && total(widths) > width) {
    std::size_t widest = columns.size();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (widths[i] > least[i] && (widest == columns.size() || widths[i] > widths[widest])) widest = i;
    }
    if (widest == columns.size()) return std::nullopt;
    --widths[widest];
  }
  return widths;
}

// Where a column does not fit beside the first one, both are broken anywhere.
std::vector<std::size_t> forced(const Cells& cells, const Columns& columns, std::size_t width) {
  auto widths = widths_of(cells, columns, full_width);
  if (columns.size() < 2) return {width};
  const std::size_t room = std::max(width, gap + 2) - gap;
  widths[0] = std::min(widths[0], std::max<std::size_t>(room / 2, 1));
  widths[1] = room - widths[0];
  return widths;
}

// Groups of columns that fit below each other; each begins with the first column. `together` columns are separated only where
// they do not fit beside the first one.
std::vector<Columns> groups_of(const Cells& cells, const Columns& columns, std::size_t width, std::size_t together) {
  std::vector<Columns> groups;
  Columns group{columns.front()};
  for (std::size_t i = 1; i < columns.size();) {
    const std::size_t end = std::min(i + together, columns.size());
    Columns more = group;
    more.insert(more.end(), columns.begin() + static_cast<std::ptrdiff_t>(i),
                columns.begin() + static_cast<std::ptrdiff_t>(end));
    if (group.size() > 1 && !fitted(cells, more, width)) {
      groups.push_back(group);
      group = {columns.front()};
    } else if (together > 1 && !fitted(cells, more, width)) {
      return groups_of(cells, columns, width, 1);
    } else {
      group = std::move(more);
      i = end;
    }
  }
  groups.push_back(group);
  return groups;
}

// Blanks where other cells of a column end with a mark, so that its numbers stand below each other.
void align_marks(Cells& cells) {
  const auto marked = [](const std::string& cell) { return cell.ends_with(" *") || cell.ends_with(" ^"); };
  for (std::size_t column = 1; column < cells.front().size(); ++column) {
    if (std::none_of(cells.begin() + 1, cells.end(), [&](const auto& line) { return marked(line[column]); })) continue;
    for (std::size_t line = 1; line < cells.size(); ++line) {
      if (!marked(cells[line][column])) cells[line][column] += "  ";
    }
  }
}

// The header of a column; where several have the same one, also the header before it, to which it belongs.
std::string name_of(const std::vector<std::string>& headers, std::size_t column) {
  if (std::ranges::count(headers, headers[column]) == 1) return headers[column];
  return headers[column] + " of " + headers[column - 1];
}

// The cells without the published numbers that stand in them.
Cells measured_alone(const Section& section) {
  Cells cells = section.cells;
  for (auto& line : cells) {
    for (std::string& cell : line) cell = cell.substr(0, cell.find(section.published_behind));
  }
  return cells;
}

class Printer {
 public:
  Printer(const Cells& cells, const Section& section, const Layout& layout)
      : cells_(cells), winners_(section.winners), bold_(layout.bold) {}

  std::string lines(const Columns& columns, const std::vector<std::size_t>& widths) const {
    std::string text;
    for (std::size_t line = 0; line < cells_.size(); ++line) text += line_of(line, columns, widths);
    return text;
  }

 private:
  std::string line_of(std::size_t line, const Columns& columns, const std::vector<std::size_t>& widths) const {
    std::vector<std::vector<std::string>> parts;
    std::size_t height = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string& cell = cells_[line][columns[i]];
      parts.push_back(lines_of(cell, widths[i], std::min(cell.find_first_not_of(' '), widths[i] / 2), true));
      height = std::max(height, parts.back().size());
    }
    std::string text;
    for (std::size_t row = 0; row < height; ++row) {
      std::string joined;
      for (std::size_t i = 0; i < columns.size(); ++i) {
        // The last lines of headers stand beside each other, and the first lines of cells.
        const std::size_t above = line == 0 ? height - parts[i].size() : 0;
        const bool has = row >= above && row - above < parts[i].size();
        joined += (i == 0 ? "" : "  ") + aligned(has ? parts[i][row - above] : "", widths[i], line, columns[i]);
      }
      text += joined.substr(0, joined.find_last_not_of(' ') + 1) + '\n';
    }
    return text;
  }

  std::string aligned(const std::string& text, std::size_t width, std::size_t line, std::size_t column) const {
    const std::string blanks(width - std::min(width, characters(text)), ' ');
    const bool winner = bold_ && !text.empty() && std::ranges::find(winners_, std::pair(line, column)) != winners_.end();
    const std::string shown = winner ? std::string(bold) + text + std::string(plain) : text;
    // A text of several lines reads from the left.
    const bool left = column == 0 || (line > 0 && characters(cells_[line][column]) > width);
    return left ? shown + blanks : blanks + shown;
  }

  const Cells& cells_;
  const std::vector<std::pair<std::size_t, std::size_t>>& winners_;
  bool bold_;
};

}  // namespace

TextTable text_table(const Section& section, const Layout& layout) {
  Cells cells = section.cells;
  align_marks(cells);
  TextTable table;
  Columns columns(cells.front().size());
  std::iota(columns.begin(), columns.end(), std::size_t{0});
  const auto fits = [&] { return layout.width == 0 || total(widths_of(cells, columns, full_width)) <= layout.width; };
  if (!section.published_behind.empty() && !fits()) {
    cells = measured_alone(section);
    align_marks(cells);
    table.left_out.emplace_back("the paper's numbers");
  }
  for (const std::size_t column : section.least_needed) {
    if (fits()) break;
    std::erase(columns, column);
    table.left_out.push_back(name_of(cells.front(), column));
  }
  const Printer printer(cells, section, layout);
  if (const auto widths = fitted(cells, columns, layout.width)) {
    table.text = printer.lines(columns, *widths);
    return table;
  }
  for (const Columns& group : groups_of(cells, columns, layout.width, section.columns_together)) {
    const auto widths = fitted(cells, group, layout.width);
    table.text += printer.lines(group, widths ? *widths : forced(cells, group, layout.width));
  }
  return table;
}

}  // namespace tbft::results
