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

// The meaning of the columns, printed once in a report, and of the marks, unless a summary has told it.
std::string legend_of(const std::vector<Table>& tables, bool marks_are_told) {
  std::string legend =
      "accuracy: mean +- standard deviation over n repetitions; train J: mean +- expanded uncertainty (k=2) of the meter;\n"
      "saving: training joules saved against full; its +- excludes the meter's gain error, which cancels in the ratio.\n"
      "epochs: mean number of epochs trained; the strategy that stops later can cost more, even if its steps cost less.\n"
      "block-avg: mean of all blocks, fc included.";
  if (std::ranges::any_of(tables, [](const Table& table) { return table.paper.has_value(); }))
    legend += " paper: published numbers; its saving is that of one step on one image.";
  return marks_are_told ? legend + "\n" : fmt::format("{}\n{}\n", legend, marks_text);
}

// Many bad cells on a board usually have one cause, and the first rows show it.
std::vector<std::string> shortened(const std::vector<std::string>& lines) {
  if (lines.size() <= max_listed) return lines;
  std::vector<std::string> result(lines.begin(), lines.begin() + max_listed);
  result.push_back(fmt::format("... and {} more", lines.size() - max_listed));
  return result;
}

// Whether a line about this winner must name its data: another one has the same drift.
bool needs_data(const Winner& winner, const std::vector<Winner>& winners) {
  return std::ranges::count_if(winners, [&](const Winner& other) { return other.key.drift == winner.key.drift; }) > 1;
}

// The table, and the sentences about the winners of its origin.
Section section_of(const Overview& overview, const std::vector<Winner>& all_winners) {
  Section section = section_of(overview);
  std::vector<Winner> winners;
  std::ranges::copy_if(all_winners, std::back_inserter(winners),
                       [&](const Winner& winner) { return origin_of(winner.key) == overview.origin; });
  for (const Winner& winner : winners) {
    section.lines.push_back(to_line(winner, needs_data(winner, winners)));
    std::ranges::move(rival_lines(winner, needs_data(winner, winners)), std::back_inserter(section.lines));
  }
  return section;
}

std::vector<std::string> joules_lines(const std::vector<Winner>& winners) {
  std::vector<std::string> lines;
  for (const Winner& winner : winners) {
    if (std::string line = joules_line(winner, needs_data(winner, winners)); !line.empty()) lines.push_back(std::move(line));
  }
  return lines;
}

// A table of one condition is a detail where the table of the mean over conditions has its cells.
bool is_detail(const Table& table, const std::vector<Table>& tables) {
  const auto without_condition = [](Key key) {
    key.condition.clear();
    return key;
  };
  const auto same = [](const Key& a, const Key& b) { return !(a < b) && !(b < a); };
  const auto has_its_cells = [&](const Table& mean) {
    return mean.tables > 1 && same(without_condition(mean.key), without_condition(table.key)) &&
           std::ranges::none_of(mean.left_out, [&](const Key& key) { return same(key, table.key); });
  };
  return table.tables == 1 && !table.key.condition.empty() && std::ranges::any_of(tables, has_its_cells);
}

// Means first, then the tables of single conditions.
void add_tables(std::vector<Section>& result, const std::vector<Table>& tables) {
  for (const bool detail : {false, true}) {
    for (const Table& table : tables) {
      if (is_detail(table, tables) != detail) continue;
      result.push_back(section_of(table));
      result.back().detail = detail;
    }
  }
}

// The origin of a section becomes a part of its title where another section has the same title, and otherwise a caption. What
// then is not unique gets a number.
void make_titles_unique(std::vector<Section>& sections) {
  std::map<std::string, int> with_title;
  for (const Section& section : sections) ++with_title[section.title];
  std::map<std::string, int> seen;
  for (Section& section : sections) {
    if (section.title.empty()) continue;
    if (!section.origin.empty() && with_title[section.title] > 1) {
      section.title += ", " + section.origin;
    } else if (!section.origin.empty()) {
      section.captions.insert(section.captions.begin(), section.origin);
    }
    if (const int n = ++seen[section.title]; n > 1) section.title += fmt::format(" ({})", n);
  }
}

// The sections without details, and in their place a line that says so.
std::vector<Section> without_details(const std::vector<Section>& sections) {
  const auto details = std::ranges::count_if(sections, &Section::detail);
  std::vector<Section> result;
  bool noted = false;
  for (const Section& section : sections) {
    if (!section.detail) {
      result.push_back(section);
    } else if (!std::exchange(noted, true)) {
      result.push_back(
          {.captions = {fmt::format("not shown: {} tables of single conditions (`tbft report --all` shows them)", details)}});
    }
  }
  return result;
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
  for (const Overview& overview : summary.overviews) {
    Section section = section_of(overview, summary.winners);
    if (!section.cells.empty() || !section.lines.empty()) result.push_back(std::move(section));
  }
  const bool marks_are_told = std::ranges::any_of(summary.overviews, [](const Overview& overview) { return !overview.single; });
  for (const Frontier& frontier : summary.frontiers) result.push_back(section_of(frontier));
  add_tables(result, summary.tables);
  if (!summary.tables.empty()) result.push_back({.legend = legend_of(summary.tables, marks_are_told)});
  for (const BlockNoise& noise : summary.block_noise) result.push_back(section_of(noise));
  if (!summary.meters.empty()) result.push_back(section_of(summary.meters));
  for (const StepCostTable& table : summary.step_costs) result.push_back(section_of(table));
  for (const Headline& headline : summary.headlines) result.push_back(section_of(headline));
  for (const Regret& regret : summary.regrets) {
    for (Section& section : sections_of(regret)) result.push_back(std::move(section));
  }
  if (!summary.rule.empty()) result.push_back(section_of(summary.rule));
  for (const auto& lines : {shortened(summary.failures), shortened(summary.invalid), joules_lines(summary.winners)}) {
    if (!lines.empty()) result.push_back({.lines = lines});
  }
  make_titles_unique(result);
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

std::string report(const Inputs& inputs, Format format, const Layout& layout, Detail detail) {
  const Summary summary = summarize(inputs);
  if (format == Format::csv) return render_csv(summary);
  if (format == Format::json) return render_json(inputs, summary);
  if (format == Format::latex) return render_latex(summary);
  const std::vector<Section> all = sections_of(summary);
  const std::vector<Section> shown = detail == Detail::all ? all : without_details(all);
  return format == Format::md ? to_markdown(shown) : to_text(shown, layout);
}

}  // namespace tbft::results
