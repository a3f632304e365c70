#include "results/tables/block_noise.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "results/text.h"

namespace tbft::results {

namespace {

constexpr std::string_view prefix = "noise-";

// The block whose noise is a condition; empty for another condition.
std::string noised_block(const Key& key) {
  if (!key.condition.starts_with(prefix)) return {};
  std::string block = key.condition.substr(prefix.size());
  return is_block(block) ? block : std::string();
}

constexpr std::string_view before_published = " | ";

double published_accuracy(std::string_view noised, std::string_view tuned) {
  const Published* number = find_published("block-noise", fmt::format("noise@{}", noised), tuned, "accuracy_pct");
  return number == nullptr ? unknown : number->value;
}

std::string cell(const BlockNoise& noise, std::size_t column, const std::string& strategy) {
  const Line* line = noise.noised[column] ? find_line(*noise.noised[column], strategy) : nullptr;
  const bool beside = is_papers_data(noise);
  const double published = beside ? published_accuracy(noise.blocks[column], strategy) : unknown;
  if (line == nullptr && std::isnan(published)) return "-";
  const Statistics measured = line == nullptr ? Statistics() : line->accuracy_pct;
  std::string text = decimals(measured.mean, 2);
  if (std::isfinite(measured.low)) text += ' ' + interval_text(measured.low, measured.high, 2);
  if (strategy == best_measured(noise, column)) text += " *";
  if (!beside) return text;
  return text + std::string(before_published) + decimals(published, 2) +
         (strategy == best_published(noise.blocks[column]) ? " *" : "");
}

}  // namespace

bool is_block_noise(const Key& key) {
  return !noised_block(key).empty();
}

std::vector<BlockNoise> block_noise(std::span<const Group> groups) {
  std::vector<BlockNoise> result;
  for (const auto& [key, members] : over_conditions(groups)) {
    std::map<std::string, const Group*> noised;
    std::set<std::string> known;  // blocks that were noised or tuned
    for (const Group& group : members) {
      const std::string block = noised_block(group.key);
      if (block.empty()) continue;
      noised[block] = &group;
      known.insert(block);
      for (const auto& [strategy, values] : group.strategies) known.insert(strategy);
    }
    if (noised.empty()) continue;
    BlockNoise matrix{.key = key, .blocks = blocks_among(known), .noised = {}};
    for (const std::string& block : matrix.blocks) {
      const auto group = noised.find(block);
      matrix.noised.push_back(group == noised.end() ? std::nullopt : std::optional(make_table(*group->second)));
    }
    result.push_back(std::move(matrix));
  }
  return result;
}

bool is_papers_data(const BlockNoise& noise) {
  return paper_column(noise.key.dataset, fmt::format("{}{}", prefix, block_names.front()), {}, noise.key.network).has_value();
}

std::string best_measured(const BlockNoise& noise, std::size_t noised) {
  return best_block(noise.blocks, [&](const std::string& block) {
    const Line* line = noise.noised[noised] ? find_line(*noise.noised[noised], block) : nullptr;
    return line == nullptr ? unknown : line->accuracy_pct.mean;
  });
}

std::string best_published(std::string_view noised) {
  return best_block({block_names.begin(), block_names.end()},
                    [&](const std::string& block) { return published_accuracy(noised, block); });
}

Diagonal diagonal(const BlockNoise& noise) {
  Diagonal result;
  for (std::size_t column = 0; column < noise.blocks.size(); ++column) {
    const std::string best = best_measured(noise, column);
    result.of += !best.empty();
    result.best += best == noise.blocks[column];
  }
  return result;
}

Section section_of(const BlockNoise& noise) {
  const bool beside = is_papers_data(noise);
  Section section{
      .title = "noise in one block: " + subject_text(noise.key),
      .captions = {fmt::format("accuracy % [95 % interval]{}; *: best block of the column", beside ? " | the paper's" : "")},
      .origin = origin_text(origin_of(noise.key))};
  std::set<std::string, StrategyOrder> strategies{"none", "bn-stats", "block1", "block2", "block3", "fc", "block-avg", "full"};
  std::set<std::string> captions;
  std::vector<std::string> empty;
  std::vector<std::string> header{"tuned"};
  for (std::size_t column = 0; column < noise.blocks.size(); ++column) {
    header.push_back(fmt::format("noise in {}", noise.blocks[column]));
    if (!noise.noised[column]) {
      empty.push_back(noise.blocks[column]);
      continue;
    }
    for (const Line& line : noise.noised[column]->lines) strategies.insert(line.strategy);
    captions.insert(noise.noised[column]->captions.begin(), noise.noised[column]->captions.end());
  }
  section.captions.insert(section.captions.end(), captions.begin(), captions.end());
  section.cells.push_back(header);
  if (beside) section.published_behind = before_published;
  for (const std::string& strategy : strategies) {
    std::vector<std::string> line{printable(strategy, 40)};
    for (std::size_t column = 0; column < noise.blocks.size(); ++column) {
      line.push_back(cell(noise, column, strategy));
      if (strategy == best_measured(noise, column)) section.winners.emplace_back(section.cells.size(), column + 1);
    }
    section.cells.push_back(std::move(line));
  }
  const Diagonal counted = diagonal(noise);
  const auto paper = std::ranges::count_if(block_names, [](std::string_view block) { return best_published(block) == block; });
  const std::string papers = fmt::format(" (paper: {} of {})", paper, block_names.size());
  section.lines.push_back(fmt::format("the noised block itself is the best one to tune in {} of {} columns{}", counted.best,
                                      counted.of, beside ? papers : ""));
  if (!empty.empty()) section.lines.push_back(fmt::format("no cells with noise in {}", fmt::join(empty, ", ")));
  return section;
}

}  // namespace tbft::results
