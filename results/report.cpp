#include "results/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <stdexcept>
#include <utility>

#include "results/csv_table.h"
#include "results/json.h"
#include "results/tables/long_form.h"
#include "results/tables/section.h"
#include "results/tables/summary.h"
#include "results/tables/table_set.h"
#include "results/text.h"

namespace tbft::results {

namespace {

constexpr std::size_t max_listed = 20;

// The meaning of the columns, printed once in a report.
constexpr std::string_view legend =
    "accuracy: mean +- standard deviation over n repetitions; train J: mean +- expanded uncertainty (k=2) of the meter;\n"
    "saving: training joules saved against full; its +- excludes the meter's gain error, which cancels in the ratio.\n"
    "block-avg: mean of all blocks, fc included. paper: published numbers; its saving is that of one step on one "
    "image.\n";

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
    std::vector<std::string> row{
        printable(line.strategy, 40),
        std::to_string(std::max(accuracy.n, line.train.spread.n)),
        with_spread(decimals(accuracy.mean, 2), decimals(accuracy.sd, 2)),
        interval_text(accuracy.low, accuracy.high, 2),
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

std::string percent_encoded(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    result += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return result;
}

// The link of a mean over conditions names all of them, the link of block-avg the blocks.
std::vector<std::string> links_of(const Table& table) {
  std::vector<std::pair<std::string_view, std::string>> same{
      {"dataset", table.key.dataset}, {"drift", table.key.drift}, {"protocol", table.key.protocol}, {"board", table.key.board}};
  if (!table.key.network.empty()) same.emplace_back("network", table.key.network);
  if (table.tables == 1) same.emplace_back("condition", table.key.condition);
  if (table.key.train_size) same.emplace_back("train_size", number_field(*table.key.train_size));
  std::vector<std::string> result;
  for (const Line& line : table.lines) {
    std::string link = "cells";
    const auto add = [&](std::string_view name, std::string_view value) {
      link += fmt::format("{}{}={}", link == "cells" ? '?' : '&', name, percent_encoded(value));
    };
    for (const auto& [name, value] : same) add(name, value);
    if (line.strategy == "block-avg") {
      const auto has = [&](const std::string& strategy) { return find_line(table, strategy) != nullptr; };
      for (const std::string& block : blocks_of(has)) add("strategy", block);
    } else {
      add("strategy", line.strategy);
    }
    result.push_back(std::move(link));
  }
  return result;
}

// Columns of cells_of(): the published numbers are the least needed ones, then what describes the spread.
std::vector<std::size_t> least_needed(const Table& table) {
  constexpr std::size_t n = 1, interval = 3, paper_accuracy = 6, paper_saving = 7;
  return table.paper ? std::vector{paper_saving, paper_accuracy, n, interval} : std::vector{n, interval};
}

// The whole line of the best block.
std::vector<std::pair<std::size_t, std::size_t>> winner_cells(const Table& table, const Cells& cells) {
  const auto has = [&](const std::string& strategy) { return find_line(table, strategy) != nullptr; };
  const std::string best = best_block(blocks_of(has), [&](const std::string& block) {
    const Line* line = find_line(table, block);
    return line == nullptr ? unknown : line->accuracy_pct.mean;
  });
  std::vector<std::pair<std::size_t, std::size_t>> winners;
  for (std::size_t line = 0; line < table.lines.size(); ++line) {
    if (best.empty() || table.lines[line].strategy != best) continue;
    for (std::size_t column = 0; column < cells.front().size(); ++column) winners.emplace_back(line + 1, column);
  }
  return winners;
}

Section section_of(const Table& table) {
  Section section{.title = title(table), .captions = table.captions, .cells = cells_of(table), .links = links_of(table)};
  section.least_needed = least_needed(table);
  section.elsewhere = "`tbft report --format md` or csv";
  section.winners = winner_cells(table, section.cells);
  return section;
}

// Many bad cells on a board usually have one cause, and the first rows show it.
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

// The long form of all tables under a constant header.
std::string render_csv(const Summary& summary) {
  std::string result = csv_names(long_form({}, {}));
  for (const Table& table : all_tables(summary)) {
    for (const Line& line : table.lines) result += csv_values(long_form(table, line));
  }
  return result;
}

}  // namespace

std::vector<Section> sections_of(const Summary& summary) {
  std::vector<Section> result;
  for (const Table& table : summary.tables) result.push_back(section_of(table));
  if (!result.empty()) result.push_back({.legend = std::string(legend)});
  for (const BlockNoise& noise : summary.block_noise) result.push_back(section_of(noise));
  for (const StepCostTable& table : summary.step_costs) result.push_back(section_of(table));
  for (const Headline& headline : summary.headlines) result.push_back(section_of(headline));
  for (const Regret& regret : summary.regrets) {
    for (Section& section : sections_of(regret)) result.push_back(std::move(section));
  }
  if (!summary.rule.empty()) result.push_back(section_of(summary.rule));
  for (const auto& lines : {winner_lines(summary.winners), shortened(summary.failures), shortened(summary.invalid)}) {
    if (!lines.empty()) result.push_back({.lines = lines});
  }
  return result;
}

std::string render_latex(const Summary& summary) {
  std::vector<Section> sections;
  for (const TableSet& set : table_sets(summary)) sections.push_back(paper_section(set));
  std::ranges::move(sections_of(summary), std::back_inserter(sections));
  return to_latex(sections);
}

Format parse_format(std::string_view name) {
  constexpr std::array<std::string_view, 5> names{"text", "md", "csv", "json", "latex"};  // in the order of Format
  const auto found = std::ranges::find(names, name);
  if (found != names.end()) return static_cast<Format>(found - names.begin());
  throw std::invalid_argument(fmt::format("unknown format '{}': text, md, csv, json or latex", printable(name, 40)));
}

std::string report(const Inputs& inputs, Format format, const Layout& layout) {
  const Summary summary = summarize(inputs);
  if (format == Format::csv) return render_csv(summary);
  if (format == Format::json) return render_json(inputs, summary);
  if (format == Format::latex) return render_latex(summary);
  return format == Format::md ? to_markdown(sections_of(summary)) : to_text(sections_of(summary), layout);
}

}  // namespace tbft::results
