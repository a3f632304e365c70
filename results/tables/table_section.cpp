#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "results/csv_table.h"
#include "results/tables/table.h"
#include "results/text.h"

namespace tbft::results {

namespace {

Cells cells_of(const Table& table) {
  const std::string basis(to_string(table.energy.basis));
  std::vector<std::string> header{
      "strategy", "n", "accuracy %", "95 % interval", basis.empty() ? "train J" : "train J " + basis, "saving %", "epochs"};
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
        with_spread(decimals(accuracy.mean, 2), decimals(accuracy.sd, 2)) + std::string(mark(table, line.strategy)),
        interval_text(accuracy.low, accuracy.high, 2),
        with_uncertainty(line.train.spread.mean, line.train.U_J),
        with_spread(decimals(line.saving.percent, 1), decimals(line.saving.U_percent, 1)),
        epochs_text(line.epochs),
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

// The link of a mean over conditions names all of them, the link of block-avg the blocks. What a table does not have is named
// as empty, because the cells of another one may have it.
std::vector<std::string> links_of(const Table& table) {
  std::vector<std::pair<std::string_view, std::string>> same{
      {"dataset", table.key.dataset}, {"drift", table.key.drift}, {"protocol", table.key.protocol}, {"board", table.key.board}};
  same.emplace_back("network", table.key.network);
  same.emplace_back("point", table.key.point);
  if (table.tables == 1) same.emplace_back("condition", table.key.condition);
  same.emplace_back("train_size", field_of(table.key.train_size));
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
  constexpr std::size_t n = 1, interval = 3, paper_accuracy = 7, paper_saving = 8;
  return table.paper ? std::vector{paper_saving, paper_accuracy, n, interval} : std::vector{n, interval};
}

}  // namespace

Section section_of(const Table& table) {
  Section section{.title = subject_text(table.key),
                  .captions = table.captions,
                  .origin = origin_text(origin_of(table.key)),
                  .cells = cells_of(table),
                  .links = links_of(table)};
  section.least_needed = least_needed(table);
  section.elsewhere = "`tbft report --format md` or csv";
  const std::string best = best_block(table);
  for (std::size_t line = 0; line < table.lines.size(); ++line) {
    if (best.empty() || table.lines[line].strategy != best) continue;
    for (std::size_t column = 0; column < section.cells.front().size(); ++column)
      section.winners.emplace_back(line + 1, column);
  }
  return section;
}

}  // namespace tbft::results
