// A comparison as sections, CSV and JSON.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "results/comparison.h"
#include "results/tables/long_form.h"
#include "results/text.h"

namespace tbft::results {

namespace {

using Level = ComparedLine::Level;

constexpr std::size_t most_listed = 20;

constexpr std::string_view legend =
    "change: over pairs of cells with the same data, strategy and repetition, with its 95 % interval: of joules and seconds "
    "the\ngeometric mean of B / A, of accuracies the mean of B - A in percentage points.\n"
    "p: Wilcoxon's signed rank test from 6 pairs (of one cell's repetitions Mann and Whitney's, from 5), Holm-corrected for "
    "each quantity within\nits table. lower, higher: significant (p < 0.05). \"too few\": too few values to decide.\n";

std::string_view to_string(Level level) {
  return name_in<Level, 3>({"all", "strategy", "cell"}, level);
}

std::string ratio_text(double ratio, Digits digits) {
  return digits == Digits::four ? significant(ratio, 4) : decimals(ratio, 4);
}

std::string interval_text(const ComparedLine& line, Digits digits) {
  if (line.quantity == Quantity::accuracy_pct) return results::interval_text(line.low, line.high, 2);
  if (digits == Digits::four_decimals || !std::isfinite(line.low) || !std::isfinite(line.high))
    return results::interval_text(line.low, line.high, 4);
  return fmt::format("[{}, {}]", significant(line.low, 4), significant(line.high, 4));
}

std::string percent_interval(double low, double high, Digits digits) {
  if (digits == Digits::four_decimals || !std::isfinite(low) || !std::isfinite(high))
    return results::interval_text(low, high, 2);
  return fmt::format("[{}, {}]", significant(low, 3), significant(high, 3));
}

Cells table_of(const std::vector<const ComparedLine*>& lines, const Comparison& comparison, Digits digits) {
  Cells cells{{"cells", "of", "pairs", "A", "B", "change", "95 % interval", "p", "verdict"}};
  for (const ComparedLine* line : lines) {
    const bool points = line->quantity == Quantity::accuracy_pct;
    cells.push_back({name_of(*line), quantity_text(line->quantity, comparison.basis), std::to_string(line->pairs),
                     significant(line->a, 4), significant(line->b, 4),
                     points ? fmt::format("{:+.2f} points", line->difference) : "x " + ratio_text(line->ratio, digits),
                     interval_text(*line, digits), significant(line->p_holm, 2), std::string(to_string(line->verdict))});
  }
  return cells;
}

Section level_section(const Comparison& comparison, Level level, std::string title, Digits digits) {
  Section section{.title = std::move(title)};
  std::vector<const ComparedLine*> shown;
  std::size_t all = 0, too_few = 0;
  for (const ComparedLine& line : comparison.lines) {
    if (line.level != level) continue;
    ++all;
    too_few += line.verdict == Verdict::too_few;
    if (level != Level::cell || is_significant(line)) shown.push_back(&line);
  }
  if (level == Level::cell) {
    section.captions.push_back(fmt::format("{} of {} differ significantly, {} have too few repetitions; --format csv has all",
                                           shown.size(), all, too_few));
    // The largest change comes first.
    std::ranges::stable_sort(shown, std::greater{}, [](const ComparedLine* line) { return size_of_change(*line); });
    if (shown.size() > most_listed) {
      section.lines.push_back(fmt::format("... and {} more", shown.size() - most_listed));
      shown.resize(most_listed);
    }
  }
  if (!shown.empty()) section.cells = table_of(shown, comparison, digits);
  section.elsewhere = "`tbft compare --format md` or csv";
  section.least_needed = {2, 7, 6};  // pairs, p, interval: the verdict follows from them
  return section;
}

Section settings_section(const Comparison& comparison) {
  if (comparison.settings.empty()) return {.title = "no setting differs"};
  Section section{.title = "settings and provenance that differ", .cells = {{"setting", "A", "B"}}};
  for (const SettingDifference& difference : comparison.settings)
    section.cells.push_back({printable(difference.name, 60), printable(difference.a, 80), printable(difference.b, 80)});
  return section;
}

std::vector<Field> long_form(const Comparison& comparison, const ComparedLine& line) {
  const bool points = line.quantity == Quantity::accuracy_pct;
  return {{"run_a", comparison.a, "", "The first run"},
          {"run_b", comparison.b, "", "The run that is compared with it"},
          {"level", std::string(to_string(line.level)), "", "all (cells), strategy or cell (its repetitions)"},
          {"dataset", line.key.dataset, "", "Data set; empty if the pairs have several"},
          {"drift", line.key.drift, "", "Level of the drift; empty if the pairs have several"},
          {"condition", line.key.condition, "", "Drift within the data set; empty if the pairs have several"},
          {"train_size", line.key.train_size.value_or(unknown), "", "Fraction of all images that is used for training"},
          {"strategy", line.strategy, "", "Fine-tuning strategy; empty for all"},
          {"quantity", std::string(to_string(line.quantity)), "", "train_J, train_s or accuracy_pct"},
          {"energy_basis", std::string(line.quantity == Quantity::train_J ? results::to_string(comparison.basis) : ""), "",
           "net (above idle) or gross, for train_J"},
          {"pairs", static_cast<std::int64_t>(line.pairs), "", "Pairs of cells that are compared"},
          {"mean_a", line.a, "", "Mean over the pairs in the first run, in the unit of the quantity"},
          {"mean_b", line.b, "", "Mean over the pairs in the other run"},
          {"ratio", line.ratio, "", "Geometric mean of B / A, for joules and seconds"},
          {"ratio_low", points ? unknown : line.low, "", "Lower end of its 95 % interval"},
          {"ratio_high", points ? unknown : line.high, "", "Upper end of its 95 % interval"},
          {"p", line.p, "", "p of the test"},
          {"p_holm", line.p_holm, "", "p with Holm's correction within its level and quantity"},
          {"test", std::string(line.level == Level::cell ? "mann-whitney" : "wilcoxon-signed-rank"), "",
           "mann-whitney for the repetitions of one cell, otherwise wilcoxon-signed-rank"},
          {"U_meters_pct", line.quantity == Quantity::train_J ? 100 * comparison.U_meters_rel : 0.0, "%",
           "Uncertainty (k = 2) of a ratio of joules by the two meters' gains; 0 for one meter"},
          {"verdict", std::string(to_string(line.verdict)), "",
           "lower, higher, no difference, within the meters' gains, or too few"},
          {"pairs_left_out", static_cast<std::int64_t>(line.left_out), "", "Pairs without a value on one side"},
          {"difference_points", line.difference, "points", "Mean of B - A in percentage points, for accuracies"},
          {"difference_low", points ? line.low : unknown, "points", "Lower end of its 95 % interval"},
          {"difference_high", points ? line.high : unknown, "points", "Upper end of its 95 % interval"},
          {"point", line.key.point, "", "Point on the sweep's further axes; empty if the pairs have several"}};
}

}  // namespace

std::string quantity_text(Quantity quantity, Basis basis) {
  if (quantity == Quantity::train_J) return fmt::format("train J {}", results::to_string(basis));
  return quantity == Quantity::train_s ? "train s" : "accuracy %";
}

std::string name_of(const ComparedLine& line) {
  if (line.level == Level::all) return "all cells";
  if (line.level == Level::strategy) return printable(line.strategy, 40);
  const std::string size = line.key.train_size ? percent_text(*line.key.train_size) : "";
  return comma_list({line.key.dataset, line.key.drift, line.key.condition, size, line.key.point, line.strategy}, 40);
}

bool is_significant(const ComparedLine& line) {
  return line.verdict == Verdict::lower || line.verdict == Verdict::higher;
}

double size_of_change(const ComparedLine& line) {
  return line.quantity == Quantity::accuracy_pct ? std::abs(line.difference) / 100 : std::abs(std::log(line.ratio));
}

bool differs(const Comparison& comparison) {
  return std::ranges::any_of(comparison.lines, is_significant);
}

std::string conclusion(const Comparison& comparison, Digits digits) {
  std::vector<std::string> found;
  std::size_t judged = 0;
  for (const ComparedLine& line : comparison.lines) {
    judged += line.verdict != Verdict::too_few;
    if (line.level != Level::all || !is_significant(line)) continue;
    if (line.quantity == Quantity::accuracy_pct) {
      found.push_back(fmt::format("accuracy {} by {} points {}", to_string(line.verdict),
                                  significant(std::abs(line.difference), 3), interval_text(line.low, line.high, 2)));
    } else {
      found.push_back(fmt::format("{} {} by {} % {}", quantity_text(line.quantity, comparison.basis), to_string(line.verdict),
                                  significant(100 * std::abs(line.ratio - 1), 3),
                                  percent_interval(100 * (line.low - 1), 100 * (line.high - 1), digits)));
    }
  }
  if (!found.empty()) return fmt::format("B against A: {}", fmt::join(found, "; "));
  if (differs(comparison)) return "B against A: no difference over all cells, but some strategies or cells differ";
  if (judged == 0) return "too few cells to tell a difference";
  return "no difference";
}

std::vector<Section> sections_of(const Comparison& comparison, Digits digits) {
  std::vector<Section> result;
  Section head{.title = fmt::format("A: {}  B: {}", printable(comparison.a), printable(comparison.b))};
  head.captions.push_back(
      fmt::format("{} cells in common, {} only in A, {} only in B", comparison.common, comparison.only_a, comparison.only_b));
  for (const std::string& obstacle : comparison.obstacles) head.captions.push_back("NOT COMPARABLE: " + obstacle);
  std::ranges::copy(comparison.notes, std::back_inserter(head.captions));
  result.push_back(std::move(head));
  result.push_back(level_section(comparison, Level::all, "over all common cells", digits));
  result.push_back(level_section(comparison, Level::strategy, "by strategy", digits));
  result.push_back(level_section(comparison, Level::cell, "by cell, over its repetitions", digits));
  result.push_back({.legend = std::string(legend)});
  result.push_back(settings_section(comparison));
  result.push_back({.lines = {conclusion(comparison)}});
  return result;
}

Section differences_of(const Comparison& comparison) {
  std::vector<const ComparedLine*> lines;
  for (const ComparedLine& line : comparison.lines) {
    if (is_significant(line)) lines.push_back(&line);
  }
  std::ranges::stable_sort(lines, std::less{},
                           [](const ComparedLine* line) { return std::pair(line->level, -size_of_change(*line)); });
  Section section{.title = "significant differences"};
  if (lines.empty()) {
    section.lines.emplace_back("nothing differs significantly");
    return section;
  }
  const auto first_cell = std::ranges::find(lines, Level::cell, &ComparedLine::level);
  const auto cells = static_cast<std::size_t>(lines.end() - first_cell);
  if (cells > most_listed) {
    section.lines.push_back(fmt::format("... and {} more cells", cells - most_listed));
    lines.resize(lines.size() - (cells - most_listed));
  }
  section.cells = table_of(lines, comparison, Digits::four);
  return section;
}

std::vector<ColumnText> compare_column_texts() {
  return texts_of(long_form(Comparison{}, {}));
}

std::string render_csv(std::span<const Comparison> comparisons) {
  std::string result = csv_names(long_form(Comparison{}, {}));
  for (const Comparison& comparison : comparisons) {
    for (const ComparedLine& line : comparison.lines) result += csv_values(long_form(comparison, line));
  }
  return result;
}

std::string render_json(std::span<const Comparison> comparisons) {
  using Json = nlohmann::ordered_json;
  Json all = Json::array();
  for (const Comparison& comparison : comparisons) {
    Json lines = Json::array(), settings = Json::array();
    for (const ComparedLine& line : comparison.lines) {
      Json object = Json::object();
      for (const Field& field : long_form(comparison, line)) {
        std::visit([&](const auto& value) { object[std::string(field.name)] = value; }, field.value);
      }
      lines.push_back(std::move(object));
    }
    for (const auto& [name, a, b] : comparison.settings) settings.push_back({{"name", name}, {"a", a}, {"b", b}});
    all.push_back({{"a", comparison.a},
                   {"b", comparison.b},
                   {"conclusion", conclusion(comparison)},
                   {"differs", differs(comparison)},
                   {"common", comparison.common},
                   {"only_a", comparison.only_a},
                   {"only_b", comparison.only_b},
                   {"not_comparable", comparison.obstacles},
                   {"notes", comparison.notes},
                   {"lines", lines},
                   {"settings", settings}});
  }
  return Json{{"comparisons", all}}.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace tbft::results
