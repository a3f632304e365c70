#include "results/tables/winner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

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
  const auto [points, images] = paired_accuracies(group, strategy, best);
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

// The network's blocks that have an accuracy in none of the groups.
std::vector<std::string> blocks_without_result(std::span<const Group> groups) {
  const auto in_any = [&](const auto& has) { return std::ranges::any_of(groups, has); };
  std::vector<std::string> blocks =
      blocks_of([&](const std::string& block) { return in_any([&](const Group& g) { return g.strategies.contains(block); }); });
  std::erase_if(blocks, [&](const std::string& block) {
    return in_any([&](const Group& group) { return accuracy(group, block).n > 0; });
  });
  return blocks;
}

Winner winner_of(std::span<const Group> groups, const Key& key) {
  const Group group = pool(groups, key);
  Winner winner{.key = key,
                .tables = group.tables,
                .pooled = group.pooled,
                .missing = blocks_without_result(groups),
                .energy = energy_of(group)};
  if (const auto paper = paper_column(key.dataset, key.condition, key.train_size, key.network)) {
    winner.paper_table = paper->table;
    winner.paper_strategy = paper_winner(paper->table);
    winner.same_data = paper->table == key.dataset;
  }
  std::map<std::string, Statistics> blocks;
  const std::vector<std::string> names = blocks_among(group.strategies);
  for (const std::string& block : names) blocks[block] = accuracy(group, block);
  if (!winner.missing.empty() || group.pooled == 0) return winner;
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
  return with_data ? comma_list({drift, key.dataset, key.protocol, key.board, key.network, key.point}) : drift;
}

constexpr double shown_points = 0.05;  // smaller differences are 0.0

std::string points_text(double points) {
  return std::abs(points) < shown_points ? "0.0 points" : fmt::format("{:+.1f} points", points);
}

// An answer and its verb: "is" with a known uncertainty, otherwise "seems".
struct Verdict {
  std::string_view verb, text;
  bool yes = false;
};

// The interval decides, or without one whether a difference is seen.
Verdict accuracy_verdict(const Statistics& points) {
  const bool known = !std::isnan(points.low);
  const std::string_view verb = known ? "is" : "seems";
  if (!(points.mean > 0) || (!known && points.mean < shown_points)) return {verb, "not better"};
  if (points.low <= 0) return {verb, "not clearly better"};
  return {verb, "better", true};
}

// Whether a ratio is 1 in the three digits that are printed where its uncertainty is unknown.
bool is_about_1(double ratio) {
  return decimals(ratio, 2) == "1.00";
}

// Its text is empty while the joules are unknown.
Verdict cost_verdict(const Rival& rival) {
  if (rival.strategy == "none") return {"is", "cheaper", true};
  const auto [value, U, over_repetitions] = rival.joules;
  if (std::isnan(value)) return {};
  const bool known = !std::isnan(U);
  const std::string_view verb = known ? "is" : "seems";
  if (!(value < 1) || (!known && is_about_1(value))) return {verb, "not cheaper"};
  if (value + U >= 1) return {verb, "not clearly cheaper"};
  return {verb, "cheaper", true};
}

// "is better but not cheaper", "is better but seems not cheaper"
std::string verdict(const Rival& rival) {
  const Verdict gain = accuracy_verdict(rival.points), cost = cost_verdict(rival);
  if (cost.text.empty()) return fmt::format("{} {}", gain.verb, gain.text);
  if (gain.verb == cost.verb && gain.text == "not better" && cost.text == "not cheaper")
    return fmt::format("{} neither better nor cheaper", gain.verb);
  const auto& [first, second] = cost.yes && !gain.yes ? std::pair(cost, gain) : std::pair(gain, cost);
  const std::string verb = first.verb == second.verb ? "" : fmt::format("{} ", second.verb);
  return fmt::format("{} {} {} {}{}", first.verb, first.text, gain.yes == cost.yes ? "and" : "but", verb, second.text);
}

std::string ratio_text(double value, double U) {
  return std::isnan(U) ? significant(value, 3) : with_uncertainty(value, U);
}

// " (not measured)", " (+- of the meter alone, one repetition)": what stands behind a ratio of joules.
std::string remark(const Ratio& joules, bool estimate) {
  const std::string once = std::isnan(joules.U) ? "one repetition" : "+- of the meter alone, one repetition";
  const std::string text = comma_list({estimate ? "not measured" : "", joules.over_repetitions ? "" : once});
  return text.empty() ? "" : fmt::format(" ({})", text);
}

// " [0.7, 39.3]"; of one repetition ", [0.7, 39.3] over test images" or ", one repetition".
std::string interval_of(const Statistics& points) {
  const std::string interval = interval_text(points.low, points.high, 1);
  if (points.n > 1) return " " + interval;
  return interval == "-" ? ", one repetition" : fmt::format(", {} over test images", interval);
}

std::string line_of(const Rival& rival, const Winner& winner) {
  std::string text =
      fmt::format("{} {} than {}: {} % ({}{})", printable(rival.strategy, 40), verdict(rival), winner.strategy,
                  decimals(rival.accuracy_pct.mean, 1), points_text(rival.points.mean), interval_of(rival.points));
  if (rival.strategy == "none") return text + ", no training joules";
  if (std::isnan(rival.joules.value)) return text;
  return text + fmt::format(", {} times the joules of {}{}", ratio_text(rival.joules.value, rival.joules.U), winner.strategy,
                            remark(rival.joules, winner.energy.estimate));
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

std::map<Key, std::vector<Group>> by_drift_level(std::span<const Group> groups) {
  auto levels = by_level(groups);
  std::erase_if(levels, [](const auto& level) {
    const std::string& drift = level.first.drift;
    return drift != "input" && drift != "feature" && drift != "output";
  });
  return levels;
}

std::vector<Winner> winners(std::span<const Group> groups) {
  const std::map<Key, std::vector<Group>> levels = by_drift_level(groups);
  std::vector<Winner> result;
  result.reserve(levels.size());
  for (const auto& [key, members] : levels) result.push_back(winner_of(members, key));
  return result;
}

std::string to_line(const Winner& winner, bool with_data) {
  std::string text = place_of(winner, with_data);
  if (winner.strategy.empty()) {
    const std::string why = winner.missing.empty() ? "no table has results of all blocks in one repetition"
                                                   : fmt::format("no result of {}", fmt::join(winner.missing, ", "));
    return fmt::format("{}: no best block: {}", text, why);
  }
  text += fmt::format(": the best block is {} with {} % (block-avg {} %", winner.strategy,
                      decimals(winner.accuracy_pct.mean, 1), decimals(winner.block_avg_pct.mean, 1));
  if (winner.full_pct.n > 0) text += fmt::format(", full {} %", decimals(winner.full_pct.mean, 1));
  text += ")" + joules_text(winner);
  if (!winner.near_ties.empty()) {
    const char* why = winner.accuracy_pct.n > 1 ? "intervals overlap" : "same accuracy";
    text += fmt::format("; near tie with {} ({})", fmt::join(winner.near_ties, ", "), why);
  }
  if (winner.accuracy_pct.n == 1) text += "; one repetition, so no interval";
  if (winner.tables > 1) text += fmt::format("; mean of {} tables", count_text(winner.pooled, winner.tables));
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
  const double ratio = full->joules.value, U = std::isnan(full->joules.U) ? 0 : full->joules.U;
  const bool equal = std::isnan(full->joules.U) && is_about_1(ratio);
  std::string text = fmt::format("{}: {} used ", place_of(winner, with_data), winner.strategy);
  if (ratio - U > 1 && !equal) {
    text += fmt::format("{} times fewer joules than full", ratio_text(ratio, full->joules.U));
  } else if (ratio + U < 1 && !equal) {
    text += fmt::format("{} times more joules than full", ratio_text(1 / ratio, full->joules.U / (ratio * ratio)));
  } else {
    text += fmt::format("about as many joules as full (full used {} times as many)", ratio_text(ratio, full->joules.U));
  }
  const std::string points = points_text(-full->points.mean);
  text += points.starts_with('0') ? " at a difference of " + points : " at " + points;
  text += remark(full->joules, winner.energy.estimate);
  if (ratio < 1 && winner.epochs != full->epochs && !std::isnan(winner.epochs + full->epochs))
    text += fmt::format("; {} trained for {} epochs, full for {}", winner.strategy, epochs_text(winner.epochs),
                        epochs_text(full->epochs));
  return text;
}

}  // namespace tbft::results
