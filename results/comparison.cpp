#include "results/comparison.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>
#include <tuple>

#include "results/rank_tests.h"
#include "results/text.h"

namespace tbft::results {

namespace {

constexpr double alpha = 0.05;
constexpr std::size_t fewest_pairs = 6;        // with fewer no signed rank test can reach 5 %
constexpr std::size_t fewest_repetitions = 5;  // repetitions of one cell
constexpr std::array quantities{Quantity::train_J, Quantity::train_s, Quantity::accuracy_pct};

struct Pair {
  const CellRow *a, *b;
};

using Identity =
    std::tuple<std::string, std::string, std::string, std::optional<double>, std::string, std::string, std::int64_t>;

// If a cell has several rows, the last counts. A failed cell is left out.
std::map<Identity, const CellRow*> by_identity(const std::vector<CellRow>& rows) {
  std::map<Identity, const CellRow*> result;
  for (const CellRow& row : rows) {
    if (row.status != "ok" && row.status != "invalid") continue;
    result[{row.dataset, row.drift, row.condition, row.train_size, row.point, row.strategy, row.repetition.value_or(0)}] = &row;
  }
  return result;
}

std::optional<double> recorded_joules(const CellRow& row, Basis basis) {
  if (row.status != "ok" || basis == Basis::none) return std::nullopt;
  return basis == Basis::net ? row.train_net_J : row.train_gross_J;
}

// Whether the interval of the joules contains 0, so that no ratio may be formed from them.
std::optional<double> joules_of(const CellRow& row, Basis basis) {
  const auto J = recorded_joules(row, basis);
  if (!J) return std::nullopt;
  Joules joules{.J = *J, .estimate = is_estimate(row)};
  if (basis == Basis::net) {
    joules.U_J = row.U_train_net_J.value_or(unknown);
    joules.U_random_J = row.U_random_train_net_J.value_or(unknown);
  }
  return is_resolved(joules) ? J : std::nullopt;
}

std::optional<double> value_of(const CellRow& row, Quantity quantity, Basis basis) {
  if (quantity == Quantity::train_J) return joules_of(row, basis);
  return quantity == Quantity::train_s ? row.train_s : row.accuracy_pct;
}

// Accuracies are compared by difference, because they may be 0 and are reported in points.
bool by_difference(Quantity quantity) {
  return quantity == Quantity::accuracy_pct;
}

// The accuracies of cells with equally many test images are counts over one number, and differences of equal counts round to
// different doubles: ranks would lose such a tie.
double points_between(double a_pct, double b_pct) {
  constexpr double steps_a_point = 1e9;
  return std::round((b_pct - a_pct) * steps_a_point) / steps_a_point;
}

// The reason why a quantity leaves a pair out; empty where it does not.
std::string_view why_left_out(const Pair& pair, Quantity quantity, Basis basis) {
  const auto a = value_of(*pair.a, quantity, basis), b = value_of(*pair.b, quantity, basis);
  if (a && b) return by_difference(quantity) || (*a > 0 && *b > 0) ? "" : "at or below 0, which has no ratio";
  if (quantity != Quantity::train_J) return "without a value";
  const auto unresolved = [&](const CellRow& row) { return recorded_joules(row, basis) && !joules_of(row, basis); };
  if (unresolved(*pair.a) || unresolved(*pair.b)) return "negative, or 0 lies within its uncertainty";
  return pair.a->status == "ok" && pair.b->status == "ok" ? "without training joules" : "without valid energy";
}

// Net of idle if both sides of every pair with joules have net joules.
Basis basis_of(const std::vector<Pair>& pairs) {
  const auto all = [&](std::optional<double> CellRow::*member) {
    return std::ranges::count_if(pairs, [&](const Pair& pair) {
      return pair.a->status == "ok" && pair.b->status == "ok" && pair.a->*member && pair.b->*member;
    });
  };
  const auto net = all(&CellRow::train_net_J), gross = all(&CellRow::train_gross_J);
  if (net == 0 && gross == 0) return Basis::none;
  return net >= gross ? Basis::net : Basis::gross;
}

std::string measured_text(const std::optional<std::int64_t>& measured) {
  if (!measured) return "unknown";
  return *measured == 1 ? "measured" : "estimate or replay";
}

// The values of one run's rows that have joules.
template <typename Member>
std::set<std::string> values(const std::vector<Pair>& pairs, const CellRow* Pair::*side, Member member) {
  std::set<std::string> result;
  for (const Pair& pair : pairs) {
    const CellRow& row = *(pair.*side);
    if (row.status == "ok" && (row.train_gross_J || row.train_net_J)) result.insert(printable(member(row), 80));
  }
  return result;
}

void add_obstacles(const ComparedRun& a, const ComparedRun& b, const std::vector<Pair>& pairs, Comparison& result) {
  if (a.facts && b.facts) {
    for (const auto& [set, described] : a.facts->data) {
      const auto other = b.facts->data.find(set);
      if (other != b.facts->data.end() && other->second != described)
        result.obstacles.push_back(fmt::format("different data: the images of {} are not the same", printable(set, 80)));
    }
  }
  const auto check = [&](std::string_view what, auto member) {
    const auto in_a = values(pairs, &Pair::a, member), in_b = values(pairs, &Pair::b, member);
    if (!in_a.empty() && !in_b.empty() && in_a != in_b) {
      result.obstacles.push_back(fmt::format("{}: {} has {}, {} has {}", what, printable(a.name), fmt::join(in_a, " and "),
                                             printable(b.name), fmt::join(in_b, " and ")));
    }
  };
  check("measured joules against others", [](const CellRow& row) { return measured_text(row.measured); });
  check("joules of different scopes", [](const CellRow& row) { return row.meter_scope; });
}

// The gain of one meter at one host cancels. With two meters, both gains count.
double meters_U_rel(const std::vector<Pair>& pairs) {
  double gain_a = 0, gain_b = 0;
  bool shared = true;
  for (const Pair& pair : pairs) {
    if (!pair.a->train_gross_J || !pair.b->train_gross_J) continue;
    if (pair.a->measured != 1 || pair.b->measured != 1)
      return 0;  // an estimate has no gain; the caption says that it is an estimate
    shared = shared && pair.a->host == pair.b->host && pair.a->meter == pair.b->meter;
    gain_a = std::max(gain_a, pair.a->u_rel_gain.value_or(HUGE_VAL));
    gain_b = std::max(gain_b, pair.b->u_rel_gain.value_or(HUGE_VAL));
  }
  if (shared) return 0;
  const double U = 2 * std::hypot(gain_a, gain_b);
  return std::isfinite(U) ? U : unknown;
}

// "train_J: 5 of 20 pairs left out: 4 without training joules (none), 1 at or below 0, which has no ratio (fc)"
void add_left_out(const std::vector<Pair>& pairs, Quantity quantity, Comparison& result) {
  struct Group {
    std::size_t pairs = 0;
    std::set<std::string> strategies;
  };
  std::map<std::string_view, Group> groups;
  std::size_t all = 0;
  for (const Pair& pair : pairs) {
    const auto why = why_left_out(pair, quantity, result.basis);
    if (why.empty()) continue;
    ++all;
    ++groups[why].pairs;
    groups[why].strategies.insert(printable(pair.a->strategy, 40));
  }
  std::vector<std::string> reasons;
  reasons.reserve(groups.size());
  for (const auto& [why, group] : groups)
    reasons.push_back(fmt::format("{} {} ({})", group.pairs, why, fmt::join(group.strategies, ", ")));
  if (all > 0)
    result.notes.push_back(
        fmt::format("{}: {} of {} pairs left out: {}", to_string(quantity), all, pairs.size(), fmt::join(reasons, ", ")));
}

void add_notes(const ComparedRun& a, const ComparedRun& b, const std::vector<Pair>& pairs, Comparison& result) {
  const auto note = [&](bool holds, std::string text) {
    if (holds) result.notes.push_back(std::move(text));
  };
  for (const ComparedRun* run : {&a, &b}) {
    const std::string name = printable(run->name);
    note(!run->facts, name + ": no run.json beside it, so that its data and settings are unchecked");
    const auto throttled = std::ranges::count_if(run->rows, [](const CellRow& row) { return row.throttled.value_or(0) != 0; });
    note(throttled > 0, fmt::format("{}: {} cells ran throttled", name, throttled));
    const auto failed = std::ranges::count(run->rows, "failed", &CellRow::status);
    note(failed > 0, fmt::format("{}: {} failed cells are left out", name, failed));
  }
  for (const Quantity quantity : quantities) add_left_out(pairs, quantity, result);
  const auto kinds = values(pairs, &Pair::a, [](const CellRow& row) { return measured_text(row.measured); });
  const auto not_measured = [](const Pair& pair) { return pair.a->measured == 0 || pair.b->measured == 0; };
  result.estimated = result.basis != Basis::none && std::ranges::any_of(pairs, not_measured);
  note(result.estimated && !kinds.contains("measured"), "joules are estimates, not measurements");
  note(result.basis != Basis::none && kinds.size() == 1 && kinds.contains("unknown"),
       "it is not recorded whether the joules were measured");
  const auto contended =
      std::ranges::count_if(pairs, [](const Pair& pair) { return is_contended(*pair.a) || is_contended(*pair.b); });
  note(contended > 0,
       fmt::format("in {} pairs a cell ran while other programs took over {:.0f} % of the processors: its joules and times of "
                   "training count with --keep-contended alone",
                   contended, contended_pct));
  note(std::isnan(result.U_meters_rel), "two meters, one of unknown accuracy: a difference of joules may be theirs");
  note(result.U_meters_rel > 0, fmt::format("two meters: their gains alone may make the joules differ by {} % (k=2)",
                                            significant(100 * result.U_meters_rel, 2)));
}

ComparedLine make_line(const std::vector<Pair>& pairs, Quantity quantity, ComparedLine::Level level, const Comparison& whole) {
  ComparedLine line{.level = level, .quantity = quantity};
  std::vector<double> in_a, in_b, change;  // change: log-ratios or differences
  for (const Pair& pair : pairs) {
    if (!why_left_out(pair, quantity, whole.basis).empty()) {
      ++line.left_out;
      continue;
    }
    const double a = *value_of(*pair.a, quantity, whole.basis), b = *value_of(*pair.b, quantity, whole.basis);
    in_a.push_back(a);
    in_b.push_back(b);
    change.push_back(by_difference(quantity) ? points_between(a, b) : std::log(b / a));
  }
  line.pairs = change.size();
  if (change.empty()) return line;
  line.a = std::accumulate(in_a.begin(), in_a.end(), 0.0) / static_cast<double>(line.pairs);
  line.b = std::accumulate(in_b.begin(), in_b.end(), 0.0) / static_cast<double>(line.pairs);
  const Statistics spread = statistics(change);
  if (by_difference(quantity)) {
    line.difference = spread.mean;
    line.low = spread.low;
    line.high = spread.high;
  } else {
    line.ratio = std::exp(spread.mean);
    line.low = std::exp(spread.low);
    line.high = std::exp(spread.high);
  }
  const bool cell = level == ComparedLine::Level::cell;
  if (std::ranges::all_of(change, [](double x) { return x == 0; })) {
    line.p = 1;
  } else if (line.pairs >= (cell ? fewest_repetitions : fewest_pairs)) {
    line.p = cell ? rank_sum_p(in_a, in_b) : signed_rank_p(change);  // ranks of values equal the ranks of their logarithms
  }
  return line;
}

Key key_of(const CellRow& row) {
  return {row.dataset, row.drift, row.condition, row.train_size, "", "", "", row.point};
}

// The lines of one level and quantity form one family, because each quantity is a separate question.
void judge(std::span<ComparedLine> level, Quantity quantity, double U_meters_rel) {
  std::vector<ComparedLine*> family;
  std::vector<double> p;
  for (ComparedLine& line : level) {
    if (line.quantity != quantity) continue;
    family.push_back(&line);
    p.push_back(line.p);
  }
  const auto corrected = holm(p);
  for (std::size_t i = 0; i < family.size(); ++i) {
    ComparedLine& line = *family[i];
    line.p_holm = corrected[i];
    if (std::isnan(line.p)) {
      line.verdict = Verdict::too_few;
    } else if (!(line.p_holm < alpha)) {
      line.verdict = Verdict::no_difference;
    } else if (line.quantity == Quantity::train_J && std::abs(line.ratio - 1) <= U_meters_rel) {
      line.verdict = Verdict::within_meters;
    } else {
      const bool higher = by_difference(line.quantity) ? line.difference > 0 : line.ratio > 1;
      line.verdict = higher ? Verdict::higher : Verdict::lower;
    }
  }
}

void add_lines(const std::vector<Pair>& pairs, Comparison& result) {
  using Level = ComparedLine::Level;
  std::map<std::string, std::vector<Pair>, StrategyOrder> strategies;
  std::map<Key, std::map<std::string, std::vector<Pair>, StrategyOrder>> cells;
  for (const Pair& pair : pairs) {
    strategies[pair.a->strategy].push_back(pair);
    cells[key_of(*pair.a)][pair.a->strategy].push_back(pair);
  }
  std::size_t begin = 0;
  const auto add = [&](const std::vector<Pair>& of, Level level, const Key& key, const std::string& strategy) {
    for (const Quantity quantity : quantities) {
      ComparedLine line = make_line(of, quantity, level, result);
      if (line.pairs == 0) continue;
      line.key = key;
      line.strategy = strategy;
      result.lines.push_back(std::move(line));
    }
  };
  const auto end_level = [&] {
    for (const Quantity quantity : quantities) judge(std::span(result.lines).subspan(begin), quantity, result.U_meters_rel);
    begin = result.lines.size();
  };
  add(pairs, Level::all, {}, "");
  end_level();
  for (const auto& [strategy, of] : strategies) add(of, Level::strategy, {}, strategy);
  end_level();
  for (const auto& [key, by_strategy] : cells) {
    for (const auto& [strategy, of] : by_strategy) add(of, Level::cell, key, strategy);
  }
  end_level();
}

// Paths are not compared; their contents are compared by SHA-256.
bool is_place(const std::string& key) {
  static const std::set<std::string> places{"data.path", "data.train_path", "model.checkpoint", "description", "name"};
  return places.contains(key);
}

void add_differences(const std::map<std::string, std::string>& a, const std::map<std::string, std::string>& b,
                     std::vector<SettingDifference>& into) {
  std::map<std::string, SettingDifference> keys;
  for (const auto& [key, value] : a) keys[key].a = value;
  for (const auto& [key, value] : b) keys[key].b = value;
  for (auto& [key, both] : keys) {
    both.name = key;
    if (both.a != both.b && !is_place(key)) into.push_back(both);
  }
}

}  // namespace

std::string_view to_string(Quantity quantity) {
  return name_in<Quantity, 3>({"train_J", "train_s", "accuracy_pct"}, quantity);
}

std::string_view to_string(Verdict verdict) {
  return name_in<Verdict, 5>({"no difference", "within the meters' gains", "lower", "higher", "too few"}, verdict);
}

Comparison compare(const ComparedRun& a, const ComparedRun& b) {
  const auto in_a = by_identity(a.rows), in_b = by_identity(b.rows);
  std::vector<Pair> pairs;
  for (const auto& [identity, row] : in_a) {
    if (const auto other = in_b.find(identity); other != in_b.end()) pairs.push_back({row, other->second});
  }
  if (pairs.empty()) {
    throw std::invalid_argument(
        fmt::format("{} and {} have no cell in common (data set, drift, condition, training size, point, strategy, repetition)",
                    printable(a.name), printable(b.name)));
  }
  Comparison result;
  result.a = a.name;
  result.b = b.name;
  result.common = pairs.size();
  result.only_a = in_a.size() - pairs.size();
  result.only_b = in_b.size() - pairs.size();
  result.basis = basis_of(pairs);
  result.U_meters_rel = meters_U_rel(pairs);
  add_obstacles(a, b, pairs, result);
  add_notes(a, b, pairs, result);
  add_lines(pairs, result);
  if (a.facts && b.facts) {
    add_differences(a.facts->settings, b.facts->settings, result.settings);
    add_differences(a.facts->provenance, b.facts->provenance, result.settings);
  }
  return result;
}

}  // namespace tbft::results
