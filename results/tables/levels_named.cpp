#include "results/tables/regret.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <string_view>

#include "results/tables/block_noise.h"
#include "results/text.h"

namespace tbft::results {

namespace {

std::size_t index_of(std::string_view level) {
  return static_cast<std::size_t>(std::ranges::find(level_names, level) - level_names.begin());
}

// The index of the cell's level; true_levels or more where its drift is not one of them.
std::size_t true_level(const CellRow& row) {
  if (is_block_noise(group_key(row))) return true_levels;  // the model has drifted, not the data
  if (row.drift.empty()) return index_of("none");
  return index_of(row.drift.find('+') == std::string::npos ? row.drift : "mixture");
}

std::size_t cells_of(const LevelsNamed::Counts& named) {
  return std::accumulate(named.begin(), named.end(), std::size_t{0});
}

}  // namespace

std::optional<LevelsNamed> levels_named(std::span<const CellRow* const> cells, const Levels& levels) {
  LevelsNamed result;
  for (const CellRow* row : cells) {
    const std::size_t level = true_level(*row);
    const auto entry = levels.find({row->run_id, row->cell_id});
    const std::size_t named = entry == levels.end() ? level_names.size() : index_of(entry->second);
    if (level >= true_levels) {
      ++result.other;
    } else if (named == level_names.size()) {
      ++result.without_diagnosis;
    } else {
      ++result.named[level][named];
    }
  }
  const bool any = std::ranges::any_of(result.named, [](const auto& named) { return cells_of(named) > 0; });
  return any ? std::optional(result) : std::nullopt;
}

double recall_pct(const LevelsNamed& counted, std::size_t level) {
  const LevelsNamed::Counts& named = counted.named.at(level);
  const std::size_t cells = cells_of(named);
  return cells == 0 ? unknown : 100 * static_cast<double>(named[level]) / static_cast<double>(cells);
}

MeanRecall mean_recall(const LevelsNamed& counted) {
  MeanRecall mean;
  double sum = 0;
  for (std::size_t level = 0; level < pure_levels; ++level) {
    const double recall = recall_pct(counted, level);
    if (std::isnan(recall)) continue;
    sum += recall;
    ++mean.levels;
  }
  if (mean.levels > 0) mean.pct = sum / static_cast<double>(mean.levels);
  return mean;
}

Section section_of(const LevelsNamed& counted) {
  Section section;
  section.captions.emplace_back("cells of `diagnosed` by the level of their drift and the level that the diagnosis named");
  if (counted.without_diagnosis > 0)
    section.captions.push_back(
        fmt::format("{} left out: no journal has their diagnosis", results::counted(counted.without_diagnosis, "cell")));
  if (counted.other > 0) {
    section.captions.push_back(fmt::format("{} left out: their drift has none of the levels, or is noise in a block",
                                           results::counted(counted.other, "cell")));
  }
  std::vector<std::string> header{"true level"};
  for (const std::string_view name : level_names) header.push_back(fmt::format("named {}", name));
  header.emplace_back("recall %");
  section.cells.push_back(std::move(header));
  for (std::size_t level = 0; level < true_levels; ++level) {
    if (cells_of(counted.named[level]) == 0) continue;
    std::vector<std::string> line{std::string(level_names[level])};
    for (const std::size_t n : counted.named[level]) line.push_back(std::to_string(n));
    line.push_back(decimals(recall_pct(counted, level), 1));
    section.cells.push_back(std::move(line));
  }
  const MeanRecall mean = mean_recall(counted);
  if (mean.levels > 0) {
    section.lines.push_back(
        fmt::format("mean recall over the {} of 4 pure levels that occur: {} % (an unsure answer counts as wrong)", mean.levels,
                    decimals(mean.pct, 1)));
  }
  return section;
}

}  // namespace tbft::results
