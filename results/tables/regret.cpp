#include "results/tables/regret.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <set>
#include <tuple>
#include <utility>

namespace tbft::results {

namespace {

// The cells of one origin, of those keys where a selector ran.
struct Sweep {
  std::map<Key, std::set<std::int64_t>> repetitions;  // of all rows, so that a failed cell counts as missing
  std::vector<const Group*> groups;
  std::map<std::pair<Key, std::int64_t>, const CellRow*> diagnosed;  // the last row of each cell
};
using Sweeps = std::map<Origin, Sweep>;

using Drift = std::tuple<std::string, std::string, std::string>;
Drift drift_of(const Key& key) {
  return {key.dataset, key.drift, key.condition};
}

bool chooses(std::string_view strategy) {
  return std::ranges::find(selectors, strategy) != selectors.end();
}

Sweeps sweeps_of(std::span<const CellRow> rows, std::span<const Group> groups) {
  std::set<Key> chosen_in;
  for (const CellRow& row : rows) {
    if (chooses(row.strategy)) chosen_in.insert(group_key(row));
  }
  Sweeps sweeps;
  if (chosen_in.empty()) return sweeps;
  for (const CellRow& row : rows) {
    const Key key = group_key(row);
    if (!chosen_in.contains(key)) continue;
    Sweep& sweep = sweeps[origin_of(key)];
    const std::int64_t repetition = row.repetition.value_or(0);
    sweep.repetitions[key].insert(repetition);
    const bool ended = row.status == "ok" || row.status == "invalid";
    if (ended && row.strategy == "diagnosed") sweep.diagnosed[{key, repetition}] = &row;
  }
  for (const Group& group : groups) {
    if (chosen_in.contains(group.key)) sweeps.at(origin_of(group.key)).groups.push_back(&group);
  }
  return sweeps;
}

// The strategies in the order of the table, without block-avg, which cannot be run.
std::vector<std::string> strategies_of(const Sweep& sweep) {
  std::set<std::string, StrategyOrder> known;
  for (const Group* group : sweep.groups) {
    for (const auto& [strategy, values] : group->strategies) {
      const bool any = std::ranges::any_of(values, [](const auto& v) { return !std::isnan(v.second.accuracy_pct); });
      if (any && strategy != "block-avg") known.insert(strategy);
    }
  }
  std::vector<std::string> result;
  for (const std::string_view selector : selectors) {
    if (known.erase(std::string(selector)) > 0) result.emplace_back(selector);
  }
  result.insert(result.end(), known.begin(), known.end());
  return result;
}

// The cases that count, as one group in which the number of a case takes the place of a repetition.
struct Pooled {
  Group group;
  std::vector<std::size_t> drift;  // by the number of the case
};

Pooled pool_cases(const Sweep& sweep, const std::vector<std::string>& strategies, Regret& regret) {
  std::map<Key, const Group*> groups;
  for (const Group* group : sweep.groups) groups[group->key] = group;
  Pooled pooled;
  std::map<Drift, std::size_t> drifts;
  for (const auto& [key, repetitions] : sweep.repetitions) {
    const auto group = groups.find(key);
    bool used = false;
    for (const std::int64_t repetition : repetitions) {
      std::vector<const Value*> values;
      for (const std::string& strategy : strategies) {
        const Value* value = group == groups.end() ? nullptr : find_value(*group->second, strategy, repetition);
        if (value != nullptr) values.push_back(value);
        if (value == nullptr) ++regret.missing_in[strategy];
      }
      if (values.size() < strategies.size() || strategies.empty()) {
        ++regret.left_out;
        continue;
      }
      used = true;
      const auto number = static_cast<std::int64_t>(pooled.drift.size());
      for (std::size_t i = 0; i < strategies.size(); ++i) pooled.group.strategies[strategies[i]][number] = *values[i];
      pooled.drift.push_back(drifts.try_emplace(drift_of(key), drifts.size()).first->second);
    }
    if (used) add_counts(pooled.group, *group->second);
  }
  regret.drifts = drifts.size();
  regret.cases = pooled.drift.size();
  return pooled;
}

struct Result {
  double accuracy_pct = unknown;
  double J = unknown;  // unknown, too, where those of the strategy are not resolved
  bool J_known = false;
};

Result result_of(const std::string& strategy, const Value& value, Basis basis, bool usable) {
  if (basis == Basis::none) return {value.accuracy_pct, unknown, false};
  const double own_J = joules_of(value, basis).J;
  const double J = strategy == "none" && std::isnan(own_J) ? 0 : own_J;
  return {value.accuracy_pct, usable ? J : unknown, !std::isnan(J)};
}

// Whether `a` is the better of two fixed strategies in hindsight; false if they are equal.
bool better(const Result& a, const Result& b) {
  const auto cost = [](const Result& result) {
    return std::isnan(result.J) ? std::numeric_limits<double>::infinity() : result.J;
  };
  return a.accuracy_pct != b.accuracy_pct ? a.accuracy_pct > b.accuracy_pct : cost(a) < cost(b);
}

// Student's t with the jackknife's standard error: pseudo-values stand for independent results (Tukey 1958). `of` returns the
// estimate for weights of the drifts.
template <typename Of>
Interval jackknife(double value, std::size_t drifts, const Of& of) {
  const auto n = static_cast<double>(drifts);
  std::vector<double> pseudo;
  for (std::size_t i = 0; i < drifts; ++i) {
    std::vector<float> others(drifts, 1.0F);
    others[i] = 0;
    pseudo.push_back(n * value - (n - 1) * of(others));
  }
  const Statistics spread = statistics(pseudo);
  const double half = (spread.high - spread.low) / 2;
  return {value - half, value + half};
}

// A ratio of two sums over cases; the sums are kept for each drift of which both are known.
class Ratio {
 public:
  void add(std::size_t drift, double above, double below) {
    if (std::isnan(above) || std::isnan(below)) return;
    sums_[drift].above += above;
    sums_[drift].below += below;
  }
  // 100 for percent; `less` is subtracted from the ratio.
  Estimate estimate(double times, double less) const {
    const std::size_t n = sums_.size();
    const auto of = [&](std::span<const float> weights) {
      Sums all;
      auto weight = weights.begin();
      for (const auto& [drift, sums] : sums_) {
        all.above += static_cast<double>(*weight) * sums.above;
        all.below += static_cast<double>(*weight++) * sums.below;
      }
      // A resample with 0 J in the denominator counts as larger than every ratio, so the interval is unknown if there are many
      // of them.
      return all.below > 0 ? times * (all.above / all.below - less) : std::numeric_limits<double>::infinity();
    };
    Estimate result{of(std::vector<float>(n, 1.0F)), {}};
    if (!std::isfinite(result.value)) return {};
    constexpr std::size_t fewest_resampled = 10;
    if (n >= fewest_resampled)
      result.interval = percentile_interval([&](Random& random) { return of(random.weights(n, n - 1)); });
    else if (n > 1)
      result.interval = jackknife(result.value, n, of);
    if (!std::isfinite(result.interval.high)) result.interval = {};
    return result;
  }

 private:
  struct Sums {
    double above = 0, below = 0;
  };
  std::map<std::size_t, Sums> sums_;
};

// The results of each case by strategy, and the oracle of each case.
struct Judged {
  std::vector<std::map<std::string, Result, StrategyOrder>> cases;
  std::vector<std::string> oracle;      // empty without a fixed strategy
  std::vector<std::string> unresolved;  // strategies with joules with which no ratio may be formed
};

Judged judge(const Pooled& pooled, Basis basis) {
  Judged judged;
  judged.cases.resize(pooled.drift.size());
  judged.oracle.resize(pooled.drift.size());
  for (const auto& [strategy, values] : pooled.group.strategies) {
    const TrainJoules train = train_joules(pooled.group, strategy, {.basis = basis});
    const bool usable = train.spread.n == 0 || train.resolved;
    if (!usable) judged.unresolved.push_back(strategy);
    for (const auto& [number, value] : values) {
      const auto i = static_cast<std::size_t>(number);
      const Result result = judged.cases[i][strategy] = result_of(strategy, value, basis, usable);
      std::string& oracle = judged.oracle[i];
      if (!chooses(strategy) && (oracle.empty() || better(result, judged.cases[i].at(oracle)))) oracle = strategy;
    }
  }
  return judged;
}

// `strategies` has the strategy of each case.
RegretLine line_of(const std::string& name, const std::vector<std::string>& strategies, const Judged& judged,
                   const Pooled& pooled) {
  Ratio points, of_full, of_oracle;
  RegretLine line{.strategy = name};
  double sum_pct = 0;
  for (std::size_t i = 0; i < judged.cases.size(); ++i) {
    const auto& results = judged.cases[i];
    const Result& own = results.at(strategies[i]);
    sum_pct += own.accuracy_pct;
    if (own.J_known) ++line.joule_cases;
    if (const auto full = results.find("full"); full != results.end()) of_full.add(pooled.drift[i], own.J, full->second.J);
    const Result oracle = judged.oracle[i].empty() ? Result() : results.at(judged.oracle[i]);
    points.add(pooled.drift[i], oracle.accuracy_pct - own.accuracy_pct, 1);
    of_oracle.add(pooled.drift[i], own.J, oracle.J);
  }
  line.accuracy_pct = sum_pct / static_cast<double>(judged.cases.size());
  line.regret_points = points.estimate(1, 0);
  line.share_of_full_pct = of_full.estimate(100, 0);
  line.J_regret_pct = of_oracle.estimate(100, 1);
  return line;
}

Regret regret_of(const Sweep& sweep, const Levels& levels) {
  Regret regret;
  const std::vector<std::string> strategies = strategies_of(sweep);
  const Pooled pooled = pool_cases(sweep, strategies, regret);
  regret.energy = energy_of(pooled.group);
  regret.energy_captions = captions_of(pooled.group, regret.energy);
  std::vector<const CellRow*> diagnosed;
  for (const auto& [cell, row] : sweep.diagnosed) diagnosed.push_back(row);
  regret.levels = levels_named(diagnosed, levels);
  regret.fixed = static_cast<std::size_t>(std::ranges::count_if(strategies, std::not_fn(chooses)));
  if (regret.cases == 0) return regret;
  const Judged judged = judge(pooled, regret.energy.basis);
  if (!judged.unresolved.empty()) regret.energy_captions.push_back(unresolved_caption("share or regret", judged.unresolved));
  for (const std::string& strategy : strategies) {
    const std::vector<std::string> own(judged.cases.size(), strategy);
    regret.lines.push_back(line_of(strategy, own, judged, pooled));
  }
  if (regret.fixed == 0) return regret;
  regret.oracle = line_of("oracle", judged.oracle, judged, pooled);
  regret.oracle.regret_points = regret.oracle.J_regret_pct = {};
  for (const std::string& oracle : judged.oracle) ++regret.oracle_was[oracle];
  return regret;
}

}  // namespace

std::vector<Regret> regrets(std::span<const CellRow> rows, std::span<const Group> groups, const Levels& levels) {
  std::vector<Regret> result;
  for (const auto& [origin, sweep] : sweeps_of(rows, groups)) {
    std::set<Drift> drifts;
    for (const auto& [key, repetitions] : sweep.repetitions) drifts.insert(drift_of(key));
    if (drifts.size() < 2) continue;
    result.push_back(regret_of(sweep, levels));
    Regret& of = result.back();
    std::tie(of.protocol, of.board, of.network, of.point) =
        std::tie(origin.protocol, origin.board, origin.network, origin.point);
  }
  return result;
}

}  // namespace tbft::results
