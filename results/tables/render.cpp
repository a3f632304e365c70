#include "results/tables/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "results/csv_record.h"
#include "results/tables/long_form.h"
#include "results/tables/section.h"
#include "results/text.h"

namespace tbft::results {

namespace {

constexpr std::size_t max_listed = 20;

// What the columns mean, once a report.
constexpr std::string_view legend =
    "accuracy: mean +- standard deviation over n repetitions; train J: mean +- expanded uncertainty (k=2) of the meter;\n"
    "saving: training joules saved against full; its +- leaves out the gain that one meter puts on both.\n"
    "block-avg: mean of block1, block2, block3 and fc. paper: published numbers; its saving is of one step of one image.\n";

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

// In the order of the report; empty ones are left out.
std::vector<Section> sections_of(const Summary& summary) {
  std::vector<Section> result;
  for (const Table& table : summary.tables) result.push_back({title(table), table.captions, cells_of(table), "", {}});
  if (!result.empty()) result.push_back({"", {}, {}, std::string(legend), {}});
  for (const BlockNoise& noise : summary.block_noise) result.push_back(section_of(noise));
  for (const StepCostTable& table : summary.step_costs) result.push_back(section_of(table));
  for (const Headline& headline : summary.headlines) result.push_back(section_of(headline));
  for (const auto& lines : {winner_lines(summary.winners), shortened(summary.failures), shortened(summary.invalid)}) {
    if (!lines.empty()) result.push_back({"", {}, {}, "", lines});
  }
  return result;
}

}  // namespace

std::string render_text(const Summary& summary) {
  return to_text(sections_of(summary));
}

std::string render_markdown(const Summary& summary) {
  return to_markdown(sections_of(summary));
}

std::string render_csv(const Summary& summary) {
  const auto line_of = [](const std::vector<Field>& fields, auto text_of) {
    std::string line;
    for (const Field& field : fields) line.append(&field == fields.data() ? "" : ",").append(text_of(field));
    return line + '\n';
  };
  std::string result = line_of(long_form({}, {}), [](const Field& field) { return std::string(field.name); });
  for (const Table& table : all_tables(summary)) {
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
