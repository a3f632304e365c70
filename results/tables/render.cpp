#include "results/tables/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "results/csv_record.h"
#include "results/tables/long_form.h"
#include "results/text.h"

namespace tbft::results {

namespace {

using Cells = std::vector<std::vector<std::string>>;  // the header first

constexpr std::size_t max_listed = 20;

// What the columns mean, once a report.
constexpr std::string_view legend =
    "accuracy: mean +- standard deviation over n repetitions; train J: mean +- expanded uncertainty (k=2) of the meter;\n"
    "saving: training joules saved against full; its +- leaves out the gain that one meter puts on both.\n"
    "block-avg: mean of block1, block2, block3 and fc. paper: published numbers; its saving is of one step of one image.\n";

std::string with_spread(const std::string& value, const std::string& spread) {
  return spread == "-" ? value : value + " +- " + spread;
}

// Two digits of the uncertainty, and the value to the same place.
std::string with_uncertainty(double value, double U) {
  if (std::isnan(U)) return significant(value, 4);
  const std::string spread = significant(U, 2);
  const std::size_t point = spread.find('.');
  const bool plain = spread.find('e') == std::string::npos;
  const int digits = point == std::string::npos ? 0 : static_cast<int>(spread.size() - point - 1);
  return with_spread(plain ? decimals(value, digits) : significant(value, 4), spread);
}

Cells cells_of(const Table& table) {
  const std::string basis(to_string(table.energy.basis));
  std::vector<std::string> header{
      "strategy", "n", "accuracy %", "95 % interval", basis.empty() ? "train J" : "train J " + basis, "saving %"};
  if (table.paper) {
    header.push_back(table.paper->label + " %");
    header.emplace_back("paper saving %");
  }
  Cells cells{header};
  for (const Line& line : table.lines) {
    const Statistics& accuracy = line.accuracy_pct;
    const bool interval = !std::isnan(accuracy.low);
    std::vector<std::string> row{
        printable(line.strategy, 40),
        std::to_string(std::max(accuracy.n, line.train.spread.n)),
        with_spread(decimals(accuracy.mean, 2), decimals(accuracy.sd, 2)),
        interval ? fmt::format("[{}, {}]", decimals(accuracy.low, 2), decimals(accuracy.high, 2)) : "-",
        with_uncertainty(line.train.spread.mean, line.train.U_J),
        with_spread(decimals(line.saving.percent, 1), decimals(line.saving.U_percent, 1)),
    };
    if (table.paper) {
      row.push_back(with_spread(decimals(line.paper_accuracy_pct.value_or(unknown), 2),
                                decimals(line.paper_sd_pct.value_or(unknown), 2)));
      row.push_back(decimals(line.paper_saving_pct.value_or(unknown), 1));
    }
    cells.push_back(std::move(row));
  }
  return cells;
}

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

// Signs that Markdown or HTML would take for their own.
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

// A board that has many bad cells has one cause: the first rows tell it.
std::vector<std::string> shortened(const std::vector<std::string>& lines) {
  if (lines.size() <= max_listed) return lines;
  std::vector<std::string> result(lines.begin(), lines.begin() + max_listed);
  result.push_back(fmt::format("... and {} more", lines.size() - max_listed));
  return result;
}

std::vector<std::string> winner_lines(const std::vector<Winner>& winners) {
  std::map<std::string, int> of_drift;
  for (const Winner& winner : winners) ++of_drift[winner.key.drift];
  std::vector<std::string> lines;
  lines.reserve(winners.size());
  for (const Winner& winner : winners) lines.push_back(to_line(winner, of_drift[winner.key.drift] > 1));
  return lines;
}

// Sections in the order of the report; empty ones are left out.
std::vector<std::vector<std::string>> closing_lines(const Summary& summary) {
  std::vector<std::vector<std::string>> result;
  for (const auto& lines : {winner_lines(summary.winners), shortened(summary.failures), shortened(summary.invalid)}) {
    if (!lines.empty()) result.push_back(lines);
  }
  return result;
}

}  // namespace

std::string render_text(const Summary& summary) {
  std::string result;
  for (const Table& table : summary.tables) {
    result += title(table) + '\n';
    for (const std::string& caption : table.captions) result += caption + '\n';
    result += aligned(cells_of(table)) + '\n';
  }
  if (!summary.tables.empty()) result += std::string(legend) + '\n';
  for (const auto& lines : closing_lines(summary)) {
    for (const std::string& line : lines) result += line + '\n';
    result += '\n';
  }
  if (!result.empty()) result.pop_back();
  return result;
}

std::string render_markdown(const Summary& summary) {
  std::string result;
  for (const Table& table : summary.tables) {
    result += "## " + escaped(title(table)) + "\n\n";
    for (const std::string& caption : table.captions) result += escaped(caption) + "\n\n";
    result += markdown(cells_of(table)) + '\n';
  }
  if (!summary.tables.empty()) result += std::string(legend) + '\n';
  for (const auto& lines : closing_lines(summary)) {
    for (const std::string& line : lines) result += "- " + escaped(line) + '\n';
    result += '\n';
  }
  if (!result.empty()) result.pop_back();
  return result;
}

std::string render_csv(const Summary& summary) {
  const auto line_of = [](const std::vector<Field>& fields, auto text_of) {
    std::string line;
    for (const Field& field : fields) line.append(&field == fields.data() ? "" : ",").append(text_of(field));
    return line + '\n';
  };
  std::string result = line_of(long_form({}, {}), [](const Field& field) { return std::string(field.name); });
  for (const Table& table : summary.tables) {
    for (const Line& line : table.lines) {
      result += line_of(long_form(table, line), [](const Field& field) {
        if (const auto* text = std::get_if<std::string>(&field.value)) return text_field(*text);
        if (const auto* number = std::get_if<double>(&field.value)) return number_field(*number);
        return number_field(std::get<std::int64_t>(field.value));
      });
    }
  }
  return result;
}

}  // namespace tbft::results
