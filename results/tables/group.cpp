#include "results/tables/group.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace tbft::results {

namespace {

std::size_t rank(std::string_view name, std::span<const std::string_view> order) {
  return static_cast<std::size_t>(std::ranges::find(order, name) - order.begin());
}

double finite(const CellRow::Number& number) {
  return number && std::isfinite(*number) ? *number : unknown;
}

// Half-width of the joules' interval: U, or U_random where U is unknown.
double half_width(const Joules& joules) {
  if (!std::isnan(joules.U_J)) return joules.U_J;
  return std::isnan(joules.U_random_J) ? 0 : joules.U_random_J;
}

// The difference of two large equal numbers is 0 except for rounding, which is up to 1e-9 of `whole_J`.
bool is_negative(const Joules& joules, double whole_J) {
  const double rounding_J = std::isnan(whole_J) ? 0 : 1e-9 * std::abs(whole_J);
  return !joules.estimate && joules.J + std::max(half_width(joules), rounding_J) < 0;
}

// The mean for each image, if all cells were tested on the same number of images.
ImageScores mean_scores(std::span<const Value> values) {
  const ImageScores& first = values.front().images;
  if (!first) return nullptr;
  std::vector<float> mean(first->size());
  for (const Value& value : values) {
    if (!value.images || value.images->size() != mean.size()) return nullptr;
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += (*value.images)[i] / static_cast<float>(values.size());
  }
  return std::make_shared<const std::vector<float>>(std::move(mean));
}

// The mean of accuracies, losses, epochs and joules over cells; unknown where one of them is unknown.
Value mean_value(std::span<const Value> values) {
  double sum = 0, losses = 0, epochs = 0;
  std::vector<Joules> net, gross;
  for (const Value& value : values) {
    sum += value.accuracy_pct;
    losses += value.val_loss;
    epochs += value.epochs;
    net.push_back(value.net);
    gross.push_back(value.gross);
  }
  const auto n = static_cast<double>(values.size());
  return {sum / n, mean_joules(net), mean_joules(gross), losses / n, epochs / n, mean_scores(values)};
}

// The values of `strategies` in this repetition; empty unless all of them have one.
std::vector<Value> all_of(const Group& group, std::span<const std::string> strategies, std::int64_t repetition) {
  std::vector<Value> values;
  for (const std::string& strategy : strategies) {
    const Value* value = find_value(group, strategy, repetition);
    if (value == nullptr) return {};
    values.push_back(*value);
  }
  return values;
}

std::set<std::int64_t> repetitions(std::span<const Group> groups) {
  std::set<std::int64_t> result;
  for (const Group& group : groups) {
    for (const auto& [strategy, values] : group.strategies) {
      for (const auto& [repetition, value] : values) result.insert(repetition);
    }
  }
  return result;
}

std::set<std::string> strategies_of(std::span<const Group> groups) {
  std::set<std::string> result;
  for (const Group& group : groups) {
    for (const auto& [strategy, values] : group.strategies) result.insert(strategy);
  }
  return result;
}

// Groups, and the repetitions in which all of them are complete.
struct Complete {
  std::set<const Group*> groups;
  std::vector<std::int64_t> repetitions;
  std::size_t other_repetitions = 0;
};

// The largest set of groups that are complete in one repetition; of equally large ones the set with the most repetitions.
Complete most_complete(std::span<const Group> groups) {
  const std::set<std::string> strategies = strategies_of(groups);
  std::vector<std::string> needed;
  for (const std::string& block : blocks_among(strategies)) {
    if (strategies.contains(block)) needed.push_back(block);
  }
  // Without any block (such as only none and full) every strategy must have a value.
  if (needed.empty()) needed.assign(strategies.begin(), strategies.end());
  std::map<std::int64_t, std::set<const Group*>> by_repetition;
  for (const std::int64_t repetition : repetitions(groups)) {
    for (const Group& group : groups) {
      if (!all_of(group, needed, repetition).empty()) by_repetition[repetition].insert(&group);
    }
  }
  Complete best;
  for (const auto& [first, members] : by_repetition) {
    Complete candidate{members, {}};
    for (const auto& [repetition, others] : by_repetition) {
      if (std::ranges::includes(others, members)) candidate.repetitions.push_back(repetition);
    }
    const auto size = [](const Complete& of) { return std::pair(of.groups.size(), of.repetitions.size()); };
    if (size(candidate) > size(best)) best = std::move(candidate);
  }
  best.other_repetitions = repetitions(groups).size() - best.repetitions.size();
  return best;
}

void add_row(Group& group, const CellRow& row, const Correctness& correctness) {
  group.settings.insert(row.config_hash);
  Value value;
  value.accuracy_pct = finite(row.accuracy_pct);
  value.val_loss = finite(row.val_loss);
  if (row.epochs) value.epochs = static_cast<double>(*row.epochs);
  value.images = scores_of(correctness, row);
  if (row.status == "ok") {
    const bool estimate = is_estimate(row);
    value.net = {finite(row.train_net_J), finite(row.U_train_net_J), finite(row.U_random_train_net_J), estimate};
    value.gross = {.J = finite(row.train_gross_J), .estimate = estimate};
    value.net.negative = is_negative(value.net, value.gross.J);
    value.gross.negative = is_negative(value.gross, 0);
    group.negative += value.net.negative || (std::isnan(value.net.J) && value.gross.negative);
    if (!std::isnan(value.net.J) || !std::isnan(value.gross.J))
      group.sources.insert({row.meter, row.meter_scope, row.measured});
  } else {
    ++group.invalid;
  }
  if (is_contended(row)) ++(row.train_s || row.train_gross_J ? group.contended_kept : group.contended);
  group.strategies[row.strategy][row.repetition.value_or(0)] = std::move(value);
}

void add_block_average(Group& group) {
  const std::vector<std::string> blocks = blocks_among(group.strategies);
  for (const std::int64_t repetition : repetitions({&group, 1})) {
    const std::vector<Value> values = all_of(group, blocks, repetition);
    if (!values.empty()) group.strategies["block-avg"][repetition] = mean_value(values);
  }
}

// N of "blockN" if it has at most two digits; otherwise 0.
int block_number(std::string_view strategy) {
  constexpr std::string_view numbered = "block";
  if (!strategy.starts_with(numbered)) return 0;
  int number = 0;
  for (const char digit : strategy.substr(numbered.size())) {
    if (digit < '0' || digit > '9' || (number == 0 && digit == '0') || number > 9) return 0;
    number = 10 * number + (digit - '0');
  }
  return number;
}

}  // namespace

bool is_block(std::string_view strategy) {
  return strategy == "fc" || block_number(strategy) > 0;
}

std::vector<std::string> blocks_of(const std::function<bool(const std::string& strategy)>& has_result) {
  constexpr int most = 99;
  int last = most;
  while (last > 3 && !has_result(fmt::format("block{}", last))) --last;
  std::vector<std::string> blocks;
  for (int number = 1; number <= last; ++number) blocks.push_back(fmt::format("block{}", number));
  blocks.emplace_back("fc");
  return blocks;
}

bool is_estimate(const CellRow& row) {
  return row.measured == 0 && row.meter.starts_with("estimate:");
}

bool is_resolved(const Joules& joules) {
  if (joules.estimate || std::isnan(joules.J)) return joules.estimate && !std::isnan(joules.J);
  return !joules.negative && joules.J - half_width(joules) > 0;
}

Joules mean_joules(std::span<const Joules> cells) {
  if (cells.empty()) return {};
  const auto n = static_cast<double>(cells.size());
  double sum = 0, common = 0, random_squares = 0;
  for (const Joules& cell : cells) {
    sum += cell.J;
    const double square = cell.U_J * cell.U_J - cell.U_random_J * cell.U_random_J;
    common += square < 0 ? 0 : std::sqrt(square);  // rounding may take it below 0; NaN stays unknown
    random_squares += cell.U_random_J * cell.U_random_J;
  }
  const double random = std::sqrt(random_squares) / n;
  const bool estimate = std::ranges::all_of(cells, &Joules::estimate);
  const bool negative = std::ranges::any_of(cells, &Joules::negative);
  return {sum / n, std::hypot(common / n, random), random, estimate, negative};
}

bool Key::operator<(const Key& other) const {
  constexpr std::array<std::string_view, 3> levels{"input", "feature", "output"};
  const auto order = [&](const Key& key) {
    return std::tuple(rank(key.drift, levels), std::tie(key.drift, key.dataset, key.condition, key.train_size, key.protocol,
                                                        key.board, key.network, key.point));
  };
  return order(*this) < order(other);
}

Key group_key(const CellRow& row) {
  const double size = finite(row.train_size);
  return {row.dataset,  row.drift, row.condition, std::isnan(size) ? std::nullopt : std::optional(size),
          row.protocol, row.board, row.network,   row.point};
}

Origin origin_of(const Key& key) {
  return {key.protocol, key.board, key.network, key.point};
}

bool StrategyOrder::operator()(const std::string& a, const std::string& b) const {
  constexpr std::array<std::string_view, 8> order{"none", "bn-stats", "block1", "block2", "block3", "fc", "block-avg", "full"};
  const auto place = [&](const std::string& name) {
    const int later = block_number(name) > 3 ? block_number(name) : 0;
    return std::tuple(rank(later > 0 ? "block3" : std::string_view(name), order), later, std::string_view(name));
  };
  return place(a) < place(b);
}

void add_counts(Group& group, const Group& more) {
  group.sources.insert(more.sources.begin(), more.sources.end());
  if (more.settings.size() > group.settings.size()) group.settings = more.settings;
  for (std::size_t Group::*count :
       {&Group::invalid, &Group::negative, &Group::contended, &Group::contended_kept, &Group::replaced})
    group.*count += more.*count;
}

std::map<Key, KeptRows> kept_rows(std::span<const CellRow> rows) {
  std::map<Key, KeptRows> result;
  for (const CellRow& row : rows) {
    if (row.status != "ok" && row.status != "invalid") continue;
    KeptRows& kept = result[group_key(row)];
    const bool added = kept.last.insert_or_assign({row.strategy, row.repetition.value_or(0)}, &row).second;
    if (!added) ++kept.replaced;
  }
  return result;
}

std::vector<Group> group_rows(std::span<const CellRow> rows, const Correctness& correctness) {
  std::vector<Group> result;
  for (const auto& [key, kept] : kept_rows(rows)) {
    Group& group = result.emplace_back();
    group.key = key;
    group.replaced = kept.replaced;
    for (const auto& [cell, row] : kept.last) add_row(group, *row, correctness);
    add_block_average(group);
  }
  return result;
}

const Value* find_value(const Group& group, const std::string& strategy, std::int64_t repetition) {
  const auto line = group.strategies.find(strategy);
  if (line == group.strategies.end()) return nullptr;
  const auto value = line->second.find(repetition);
  return value == line->second.end() || std::isnan(value->second.accuracy_pct) ? nullptr : &value->second;
}

PairedAccuracies paired_accuracies(const Group& group, const std::string& strategy, const std::string& other) {
  PairedAccuracies paired;
  for (const auto& [repetition, value] : group.strategies.at(strategy)) {
    const Value* against = find_value(group, other, repetition);
    if (against == nullptr || std::isnan(value.accuracy_pct)) continue;
    paired.points.push_back(value.accuracy_pct - against->accuracy_pct);
    paired.images.push_back(difference(value.images, against->images));
  }
  return paired;
}

std::map<Key, std::vector<Group>> by_level(std::span<const Group> groups) {
  std::map<Key, std::vector<Group>> levels;
  for (const Group& group : groups) {
    Key key = group.key;
    key.condition.clear();
    key.train_size.reset();
    levels[key].push_back(group);
  }
  return levels;
}

std::map<Key, std::vector<Group>> over_conditions(std::span<const Group> groups) {
  std::map<Key, std::vector<Group>> result;
  for (const Group& group : groups) {
    Key key = group.key;
    key.condition.clear();
    result[key].push_back(group);
  }
  return result;
}

std::string best_block(const std::vector<std::string>& blocks, const std::function<double(const std::string&)>& value_of) {
  std::string best;
  double highest = unknown;
  for (const std::string& block : blocks) {
    const double value = value_of(block);
    if (std::isnan(value)) return {};
    if (best.empty() || value > highest) {
      highest = value;
      best = block;
    }
  }
  return best;
}

Group pool(std::span<const Group> groups, Key key) {
  Group result;
  result.key = std::move(key);
  result.tables = groups.size();
  for (const Group& group : groups) add_counts(result, group);
  const Complete complete = most_complete(groups);
  result.pooled = complete.groups.size();
  result.repetitions_left_out = complete.other_repetitions;
  for (const Group& group : groups) {
    if (!complete.groups.contains(&group)) result.left_out.push_back(group.key);
  }
  for (const std::int64_t repetition : complete.repetitions) {
    for (const std::string& strategy : strategies_of(groups)) {
      std::vector<Value> values;
      for (const Group& group : groups) {
        const Value* value = complete.groups.contains(&group) ? find_value(group, strategy, repetition) : nullptr;
        if (value != nullptr) values.push_back(*value);
      }
      if (!values.empty() && values.size() == result.pooled) result.strategies[strategy][repetition] = mean_value(values);
    }
  }
  return result;
}

}  // namespace tbft::results
