#include "results/tables/headline.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>
#include <utility>

#include "results/published/published.h"

namespace tbft::results {

namespace {

double mean_of(const std::vector<double>& values) {
  return values.empty() ? unknown : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// The contribution of one table to a view: for accuracies a difference for each repetition and image, for savings a pair of
// costs.
struct Paired {
  const HeadlineTable* table = nullptr;
  std::vector<double> values;       // points, or joules of the strategy
  std::vector<double> full;         // joules of full; empty for accuracies
  std::vector<ImageScores> images;  // empty unless known for all
  double result() const { return full.empty() ? mean_of(values) : 100 * (1 - mean_of(values) / mean_of(full)); }
};

// Uses the repetitions that both strategies have.
Paired accuracy_pairs(const HeadlineTable& table, const std::string& better, const std::string& than) {
  Paired result{&table, {}, {}, {}};
  const auto a = table.accuracy.find(better);
  const auto b = table.accuracy.find(than);
  if (a == table.accuracy.end() || b == table.accuracy.end()) return result;
  for (const auto& [repetition, score] : a->second) {
    const auto other = b->second.find(repetition);
    if (other == b->second.end()) continue;
    const double points = score.accuracy_pct - other->second.accuracy_pct;
    if (std::isnan(points)) continue;
    result.values.push_back(points);
    result.images.push_back(difference(score.images, other->second.images));
  }
  if (!same_images(result.images)) result.images.clear();
  return result;
}

Paired cost_pairs(const HeadlineTable& table, const std::string& strategy) {
  Paired result{&table, {}, {}, {}};
  const auto own = table.cost.find(strategy);
  const auto full = table.cost.find("full");
  if (own == table.cost.end() || full == table.cost.end()) return result;
  for (const auto& [repetition, cost] : own->second) {
    const auto other = full->second.find(repetition);
    if (other == full->second.end() || std::isnan(cost) || !(other->second > 0)) continue;
    result.values.push_back(cost);
    result.full.push_back(other->second);
  }
  return result;
}

// Resamples a table: its repetitions, and its test images, whose draw all tables of one data set share.
double redrawn(const Paired& paired, std::map<std::pair<std::string, std::size_t>, std::vector<float>>& image_weights,
               Random& random) {
  if (!paired.full.empty()) {
    const auto weights = random.weights(paired.values.size(), std::max<std::size_t>(paired.values.size(), 2) - 1);
    const auto sum = [&](const std::vector<double>& costs) {
      return std::inner_product(costs.begin(), costs.end(), weights.begin(), 0.0);
    };
    return 100 * (1 - sum(paired.values) / sum(paired.full));
  }
  if (paired.images.empty()) return resampled_mean(paired.values, {}, {}, random);
  const std::size_t n = paired.images.front()->size();
  std::vector<float>& weights = image_weights[{paired.table->dataset, n}];
  if (weights.empty()) weights = random.weights(n, n);
  return resampled_mean(paired.values, paired.images, weights, random);
}

Interval interval_of(const std::vector<Paired>& tables) {
  const auto varies = [](const Paired& table) { return table.values.size() > 1 || !table.images.empty(); };
  if (!std::ranges::all_of(tables, varies)) return {};
  return percentile_interval([&](Random& random) {
    std::map<std::pair<std::string, std::size_t>, std::vector<float>> image_weights;
    double sum = 0;
    for (const Paired& table : tables) sum += redrawn(table, image_weights, random);
    return sum / static_cast<double>(tables.size());
  });
}

std::string picked_in(const HeadlineTable& table) {
  return table.picked;
}

// Appends the view if some table has what it needs. `once_a_network`: tables of one network count once in the mean.
void add_view(std::vector<HeadlineView>& views, std::string_view quantity, std::string_view name, std::vector<Paired> tables,
              bool once_a_network = false) {
  std::erase_if(tables, [](const Paired& table) { return table.values.empty(); });
  if (tables.empty()) return;
  HeadlineView view{.quantity = std::string(quantity), .view = std::string(name)};
  for (std::size_t level = 0; level < drift_levels.size(); ++level) {
    std::vector<double> results;
    for (const Paired& table : tables) {
      if (table.table->level == level) results.push_back(table.result());
    }
    view.level[level] = mean_of(results);
  }
  if (once_a_network) {
    std::set<std::string> seen;
    std::erase_if(tables, [&](const Paired& table) { return !seen.insert(table.table->network).second; });
  }
  std::vector<double> results;
  results.reserve(tables.size());
  for (const Paired& table : tables) results.push_back(table.result());
  view.mean = mean_of(results);
  view.tables = tables.size();
  view.interval = interval_of(tables);
  views.push_back(std::move(view));
}

}  // namespace

std::string target_of(const HeadlineTable& table) {
  const std::vector<std::string> blocks = blocks_among(table.accuracy);
  constexpr std::size_t input = 0, feature = 1;
  return table.level == input ? blocks.front() : table.level == feature ? blocks[blocks.size() - 2] : blocks.back();
}

void pick(HeadlineTable& table, const std::map<std::string, double>& losses) {
  const std::vector<std::string> blocks = blocks_among(table.accuracy);
  table.picked = best_block(blocks, [&](const std::string& block) {
    const auto scores = table.accuracy.find(block);
    std::vector<double> known;
    if (scores == table.accuracy.end()) return unknown;
    for (const auto& [repetition, score] : scores->second) {
      if (!std::isnan(score.accuracy_pct)) known.push_back(score.accuracy_pct);
    }
    return mean_of(known);
  });
  if (table.picked.empty()) return;
  const std::string of_least_loss = best_block(blocks, [&](const std::string& block) {
    const auto loss = losses.find(block);
    return loss == losses.end() || !std::isfinite(loss->second) ? unknown : -loss->second;
  });
  table.by_validation = !of_least_loss.empty();
  if (table.by_validation) table.picked = of_least_loss;
}

std::vector<HeadlineView> accuracy_views(std::span<const HeadlineTable> tables) {
  std::vector<HeadlineView> views;
  const auto add = [&](std::string_view name, auto better, const std::string& than) {
    std::vector<Paired> pairs;
    for (const HeadlineTable& table : tables) pairs.push_back(accuracy_pairs(table, better(table), than));
    add_view(views, "accuracy_points", name, std::move(pairs));
  };
  add("target - block-avg", target_of, "block-avg");
  add("target - full", target_of, "full");
  add("picked - block-avg", picked_in, "block-avg");
  return views;
}

std::vector<HeadlineView> saving_views(std::span<const HeadlineTable> tables, std::string_view quantity) {
  std::vector<HeadlineView> views;
  const auto add = [&](std::string_view name, auto strategy) {
    std::vector<Paired> pairs;
    for (const HeadlineTable& table : tables) pairs.push_back(cost_pairs(table, strategy(table)));
    add_view(views, quantity, name, std::move(pairs), name == "block-avg");
  };
  add("block-avg", [](const HeadlineTable&) { return "block-avg"; });
  add("target", target_of);
  add("picked", picked_in);
  return views;
}

std::vector<HeadlineTable> published_tables(std::span<const std::string_view> levels) {
  std::vector<HeadlineTable> result;
  for (std::size_t level = 0; level < paper_sets.size(); ++level) {
    if (std::ranges::find(levels, drift_levels[level]) == levels.end()) continue;
    for (const char* size : {"10%", "20%", "30%"}) {
      HeadlineTable table{.level = level,
                          .dataset = std::string(paper_sets[level]),
                          .size = size,
                          .network = level == 1 ? "128px-17out" : "32px-10out"};
      for (const Published& p : published()) {
        if (p.table == paper_sets[level] && p.condition == size) table.accuracy[p.strategy][0] = {p.value, nullptr};
        if (p.table == "system-cost" && p.condition == table.network && p.metric == "energy_J")
          table.cost[p.strategy][0] = p.value;
      }
      pick(table, {});
      result.push_back(std::move(table));
    }
  }
  return result;
}

}  // namespace tbft::results
