#include "results/tables/winner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "results/text.h"

namespace tbft::results {

namespace {

bool ties(const Statistics& best, const Statistics& other) {
  if (std::isnan(best.low) || std::isnan(other.low)) return best.mean == other.mean;
  return other.high >= best.low;
}

// Half of the 95 % interval of a mean difference over test images, in points; unknown for few images.
double half_width_pct(const ImageScores& images) {
  constexpr std::size_t fewest = 30;  // for the normal approximation
  if (!images || images->size() < fewest) return unknown;
  const auto n = static_cast<double>(images->size());
  const double mean = std::accumulate(images->begin(), images->end(), 0.0) / n;
  const double squares = std::accumulate(images->begin(), images->end(), 0.0, [&](double sum, float score) {
    return sum + (static_cast<double>(score) - mean) * (static_cast<double>(score) - mean);
  });
  return 100 * 1.96 * std::sqrt(squares / (n - 1) / n);
}

Rival rival_of(const Group& group, const std::string& strategy, const std::string& best, const JoulesBasis& energy) {
  Rival rival{.strategy = strategy, .accuracy_pct = accuracy(group, strategy)};
  std::vector<double> points;
  std::vector<ImageScores> images;
  for (const auto& [repetition, value] : group.strategies.at(strategy)) {
    const Value* other = find_value(group, best, repetition);
    if (other == nullptr || std::isnan(value.accuracy_pct)) continue;
    points.push_back(value.accuracy_pct - other->accuracy_pct);
    images.push_back(difference(value.images, other->images));
  }
  rival.points = statistics(points, images);
  if (const double half = points.size() == 1 ? half_width_pct(images.front()) : unknown; !std::isnan(half)) {
    rival.points.low = rival.points.mean - half;
    rival.points.high = rival.points.mean + half;
  }
  rival.joules = ratio_over_repetitions(group, strategy, best, energy);
  rival.epochs = mean_epochs(group, strategy);
  return rival;
}

std::vector<Rival> rivals_of(const Group& group, const Winner& winner) {
  std::vector<std::string> names{"full", "bn-stats", "none"};
  std::string top = winner.strategy;
  for (const auto& [strategy, values] : group.strategies) {
    if (strategy != "block-avg" && accuracy(group, strategy).mean > accuracy(group, top).mean) top = strategy;
  }
  if (top != winner.strategy && std::ranges::find(names, top) == names.end()) names.push_back(top);
  std::vector<Rival> rivals;
  for (const std::string& name : names) {
    if (!group.strategies.contains(name)) continue;
    Rival rival = rival_of(group, name, winner.strategy, winner.energy);
    if (rival.points.n > 0) rivals.push_back(std::move(rival));
  }
  return rivals;
}

Winner winner_of(std::span<const Group> groups, const Key& key) {
  const Group group = pool(groups, key);
  Winner winner{.key = key, .tables = groups.size(), .energy = energy_of(group)};
  if (const auto paper = paper_column(key.dataset, key.condition, key.train_size)) {
    winner.paper_table = paper->table;
    winner.paper_strategy = paper_winner(paper->table);
    winner.same_data = paper->table == key.dataset;
  }
  std::map<std::string, Statistics> blocks;
  const std::vector<std::string> names = blocks_among(group.strategies);
  for (const std::string& block : names) {
    blocks[block] = accuracy(group, block);
    if (blocks[block].n == 0) winner.missing.push_back(block);
  }
  if (!winner.missing.empty()) return winner;
  winner.strategy = best_block(names, [&](const std::string& block) { return blocks[block].mean; });
  winner.accuracy_pct = blocks[winner.strategy];
  for (const auto& [block, result] : blocks) {
    if (block != winner.strategy && ties(winner.accuracy_pct, result)) winner.near_ties.push_back(block);
  }
  winner.block_avg_pct = accuracy(group, "block-avg");
  winner.full_pct = accuracy(group, "full");
  winner.train = train_joules(group, winner.strategy, winner.energy);
  winner.full_train = train_joules(group, "full", winner.energy);
  winner.epochs = mean_epochs(group, winner.strategy);
  winner.rivals = rivals_of(group, winner);
  return winner;
}

std::string joules_text(const Winner& winner) {
  if (!winner.train.resolved) return {};
  std::string text = fmt::format(", {} J", significant(winner.train.spread.mean, 3));
  if (winner.full_train.resolved) text += fmt::format(" against {} J for full", significant(winner.full_train.spread.mean, 3));
  if (winner.energy.estimate) text += " (not measured)";
  return text;
}

std::string place_of(const Winner& winner, bool with_data) {
  const std::string drift = printable(winner.key.drift) + " drift";
  const Key& key = winner.key;
  return with_data ? comma_list({drift, key.dataset, key.protocol, key.board, key.network}) : drift;
}

double U_or_0(const Ratio& ratio) {
  return std::isnan(ratio.U) ? 0 : ratio.U;
}

constexpr double shown_points = 0.05;  // smaller differences are 0.0

std::string points_text(double points) {
  return std::abs(points) < shown_points ? "0.0 points" : fmt::format("{:+.1f} points", points);
}

// The interval decides, or without one whether a difference is seen.
std::string_view accuracy_verdict(const Statistics& points) {
  if (!(points.mean > 0) || (std::isnan(points.low) && points.mean < shown_points)) return "not better";
  return points.low <= 0 ? "not clearly better" : "better";
}

// Empty while the joules are unknown.
std::string_view cost_verdict(const Rival& rival) {
  if (rival.strategy == "none") return "cheaper";
  if (std::isnan(rival.joules.value)) return {};
  if (!(rival.joules.value < 1)) return "not cheaper";
  return rival.joules.value + U_or_0(rival.joules) < 1 ? "cheaper" : "not clearly cheaper";
}

// "better but not cheaper"
std::string verdict(const Rival& rival) {
  const std::string_view gain = accuracy_verdict(rival.points), cost = cost_verdict(rival);
  if (cost.empty()) return std::string(gain);
  if (gain == "not better" && cost == "not cheaper") return "neither better nor cheaper";
  const bool better = gain == "better", cheaper = cost == "cheaper";
  if (better == cheaper) return fmt::format("{} and {}", gain, cost);
  return better ? fmt::format("{} but {}", gain, cost) : fmt::format("{} but {}", cost, gain);
}

std::string ratio_text(double value, double U) {
  return std::isnan(U) ? significant(value, 3) : with_uncertainty(value, U);
}

std::string line_of(const Rival& rival, const Winner& winner) {
  const std::string interval = interval_text(rival.points.low, rival.points.high, 1);
  std::string text = fmt::format("{} is {} than {}: {} % ({}{})", printable(rival.strategy, 40), verdict(rival),
                                 winner.strategy, decimals(rival.accuracy_pct.mean, 1), points_text(rival.points.mean),
                                 interval == "-" ? ", one repetition" : " " + interval);
  if (rival.strategy == "none") return text + ", no training joules";
  if (std::isnan(rival.joules.value)) return text;
  text += fmt::format(", {} times the joules of {}", ratio_text(rival.joules.value, rival.joules.U), winner.strategy);
  return winner.energy.estimate ? text + " (not measured)" : text;
}

}  // namespace

std::string paper_winner(std::string_view table) {
  return best_block({block_names.begin(), block_names.end()}, [&](const std::string& block) {
    double sum = 0;
    for (const Published& p : published()) {
      if (p.table == table && p.strategy == block && p.metric == "accuracy_pct") sum += p.value;
    }
    return sum;
  });
}

std::map<Key, std::vector<Group>> by_level(std::span<const Group> groups) {
  std::map<Key, std::vector<Group>> levels;
  for (const Group& group : groups) {
    const std::string& drift = group.key.drift;
    if (drift != "input" && drift != "feature" && drift != "output") continue;
    Key key = group.key;
    key.condition.clear();
    key.train_size.reset();
    levels[key].push_back(group);
  }
  return levels;
}

std::vector<Winner> winners(std::span<const Group> groups) {
  const std::map<Key, std::vector<Group>> levels = by_level(groups);
  std::vector<Winner> result;
  result.reserve(levels.size());
  for (const auto& [key, members] : levels) result.push_back(winner_of(members, key));
  return result;
}

std::string to_line(const Winner& winner, bool with_data) {
  std::string text = place_of(winner, with_data);
  if (winner.strategy.empty()) return fmt::format("{}: no winner yet, no result of {}", text, fmt::join(winner.missing, ", "));
  text += fmt::format(": the best block is {} with {} % (block-avg {} %", winner.strategy,
                      decimals(winner.accuracy_pct.mean, 1), decimals(winner.block_avg_pct.mean, 1));
  if (winner.full_pct.n > 0) text += fmt::format(", full {} %", decimals(winner.full_pct.mean, 1));
  text += ")" + joules_text(winner);
  if (!winner.near_ties.empty()) {
    const char* why = winner.accuracy_pct.n > 1 ? "intervals overlap" : "same accuracy";
    text += fmt::format("; near tie with {} ({})", fmt::join(winner.near_ties, ", "), why);
  }
  if (winner.accuracy_pct.n == 1) text += "; one repetition, so no interval";
  if (winner.tables > 1) text += fmt::format("; mean of {} tables", winner.tables);
  if (!winner.paper_strategy.empty()) {
    const std::string of = winner.same_data ? "" : fmt::format(" ({})", winner.paper_table);
    text += fmt::format("; paper{}: {}", of, winner.paper_strategy);
  }
  return text;
}

std::vector<std::string> rival_lines(const Winner& winner, bool with_data) {
  std::vector<std::string> lines;
  for (const Rival& rival : winner.rivals) {
    const bool clearly_worse = rival.points.mean < 0 && !(rival.points.high >= 0);
    if (rival.strategy == "none" && clearly_worse) continue;
    lines.push_back(fmt::format("{}: {}", place_of(winner, with_data), line_of(rival, winner)));
  }
  return lines;
}

std::string joules_line(const Winner& winner, bool with_data) {
  const auto full = std::ranges::find(winner.rivals, "full", &Rival::strategy);
  if (full == winner.rivals.end() || std::isnan(full->joules.value)) return {};
  const double ratio = full->joules.value, U = U_or_0(full->joules);
  std::string text = fmt::format("{}: {} used ", place_of(winner, with_data), winner.strategy);
  if (ratio - U > 1) {
    text += fmt::format("{} times fewer joules than full", ratio_text(ratio, full->joules.U));
  } else if (ratio + U < 1) {
    text += fmt::format("{} times more joules than full", ratio_text(1 / ratio, full->joules.U / (ratio * ratio)));
  } else {
    text += fmt::format("about as many joules as full (full used {} times as many)", ratio_text(ratio, full->joules.U));
  }
  text += std::abs(full->points.mean) < shown_points ? " at the same accuracy" : " at " + points_text(-full->points.mean);
  if (winner.energy.estimate) text += " (not measured)";
  if (ratio < 1 && winner.epochs != full->epochs && !std::isnan(winner.epochs + full->epochs))
    text += fmt::format("; {} trained for {:.3g} epochs, full for {:.3g}", winner.strategy, winner.epochs, full->epochs);
  return text;
}

}  // namespace tbft::results
