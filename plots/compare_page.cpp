#include "plots/compare_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "results/text.h"

namespace tbft::plots {

namespace {

using results::ComparedLine;
using results::Comparison;
using results::Quantity;

Bars::Line bar_of(const ComparedLine& line) {
  const bool points = line.quantity == Quantity::accuracy_pct;
  const int digits = points ? 2 : 3;
  const double value = points ? line.difference : line.ratio;
  const std::string interval = results::interval_text(line.low, line.high, digits);
  return {.name = results::name_of(line),
          .value = value,
          .low = line.low,
          .high = line.high,
          .text = results::decimals(value, digits) + (interval == "-" ? "" : " " + interval),
          .verdict = std::string(to_string(line.verdict)),
          .significant = results::is_significant(line)};
}

// All cells, then the strategies: first those that differ significantly, and among them the largest change.
Bars bars_of(const Comparison& comparison, Quantity quantity) {
  std::vector<const ComparedLine*> lines;
  for (const ComparedLine& line : comparison.lines) {
    if (line.quantity == quantity && line.level != ComparedLine::Level::cell && line.pairs > 0) lines.push_back(&line);
  }
  std::ranges::stable_sort(lines, std::greater{}, [](const ComparedLine* line) {
    return std::tuple(line->level == ComparedLine::Level::all, results::is_significant(*line), results::size_of_change(*line));
  });
  const bool points = quantity == Quantity::accuracy_pct;
  const bool estimated = quantity == Quantity::train_J && comparison.estimated;
  Bars bars{.title = fmt::format("{}{}: {}", results::quantity_text(quantity, comparison.basis), estimated ? ", estimated" : "",
                                 points ? "B - A in points" : "B / A"),
            .unit = points ? "points" : "",
            .ratios = !points,
            .lines = {}};
  std::ranges::transform(lines, std::back_inserter(bars.lines), [](const ComparedLine* line) { return bar_of(*line); });
  return bars;
}

// The anchor of a part; `index` is 0 where there is one comparison.
std::string anchor(const char* name, std::size_t index) {
  return index == 0 ? name : fmt::format("{}-of-{}", name, index);
}

Part differences(const Comparison& comparison, std::size_t index) {
  Part part{.anchor = anchor("differences", index),
            .title = index == 0 ? "What differs" : fmt::format("What differs: {}", comparison.b),
            .note = fmt::format("A: {}. B: {}. Coloured bars differ significantly, grey ones do not; a thin line is the 95 % "
                                "interval.",
                                comparison.a, comparison.b),
            .sections = {results::differences_of(comparison)}};
  for (const Quantity quantity : {Quantity::train_J, Quantity::train_s, Quantity::accuracy_pct}) {
    Bars bars = bars_of(comparison, quantity);
    if (!bars.lines.empty()) part.bars.push_back(std::move(bars));
  }
  return part;
}

}  // namespace

Page compare_page(std::span<const Comparison> comparisons) {
  Page page;
  page.title = "tbft compare";
  for (const Comparison& comparison : comparisons) {
    page.answers.push_back(
        fmt::format("{} (A), {} (B): {}", comparison.a, comparison.b, results::conclusion(comparison, results::Digits::four)));
    for (const auto& obstacle : comparison.obstacles) page.warnings.push_back("not comparable, forced: " + obstacle);
    for (const auto& note : comparison.notes) page.warnings.push_back(note);
  }
  const auto index_of = [&](std::size_t i) { return comparisons.size() == 1 ? 0 : i + 1; };
  for (std::size_t i = 0; i < comparisons.size(); ++i) page.parts.push_back(differences(comparisons[i], index_of(i)));
  for (std::size_t i = 0; i < comparisons.size(); ++i) {
    page.parts.push_back({.anchor = anchor("tables", index_of(i)),
                          .title = index_of(i) == 0 ? "All tables" : fmt::format("All tables: {}", comparisons[i].b),
                          .sections = results::sections_of(comparisons[i], results::Digits::four)});
  }
  page.footer = "A ratio of joules from two meters is never significant within their gain errors.";
  return page;
}

}  // namespace tbft::plots
