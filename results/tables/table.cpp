#include "results/tables/table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <span>

#include "results/samples.h"
#include "results/text.h"

namespace tbft::results {

namespace {

// The known joules of a strategy, one value for each repetition.
std::vector<Joules> known_joules(const std::map<std::int64_t, Value>& values, Basis basis) {
  std::vector<Joules> result;
  for (const auto& [repetition, value] : values) {
    if (!std::isnan(joules_of(value, basis).J)) result.push_back(joules_of(value, basis));
  }
  return result;
}

Basis common_basis(const Group& group) {
  bool any = false;
  bool all_net = true;
  for (const auto& [strategy, values] : group.strategies) {
    const bool net = !known_joules(values, Basis::net).empty(), gross = !known_joules(values, Basis::gross).empty();
    any = any || net || gross;
    all_net = all_net && (net || !gross);
  }
  if (!any) return Basis::none;
  return all_net ? Basis::net : Basis::gross;
}

template <typename Member>
std::set<std::string> distinct(const std::set<Source>& sources, Member member) {
  std::set<std::string> result;
  for (const Source& source : sources) result.insert(printable(member(source)));
  return result;
}

// The joules of two strategies in the repetitions where both are known.
struct JoulePairs {
  std::vector<Joules> own, others;
};

JoulePairs joule_pairs(const Group& group, const std::string& strategy, const std::string& other, const JoulesBasis& energy) {
  const auto own = group.strategies.find(strategy);
  const auto base = group.strategies.find(other);
  if (own == group.strategies.end() || base == group.strategies.end() || own == base || energy.basis == Basis::none) return {};
  JoulePairs pairs;
  for (const auto& [repetition, value] : own->second) {
    const auto pair = base->second.find(repetition);
    if (pair == base->second.end()) continue;
    const Joules& a = joules_of(value, energy.basis);
    const Joules& b = joules_of(pair->second, energy.basis);
    if (std::isnan(a.J) || std::isnan(b.J)) continue;
    pairs.own.push_back(a);
    pairs.others.push_back(b);
  }
  return pairs;
}

// Of means that are resolved; otherwise unknown.
struct RatioParts {
  double own_J = unknown, other_J = unknown;
  double U_J = unknown;  // of the ratio times other_J
};

RatioParts ratio_parts(const JoulePairs& pairs, const JoulesBasis& energy) {
  const Joules a = mean_joules(pairs.own);
  const Joules b = mean_joules(pairs.others);
  if (!(a.J > 0) || !(b.J > 0) || !is_resolved(a) || !is_resolved(b)) return {};
  const double U_a = energy.one_meter ? a.U_random_J : a.U_J;
  const double U_b = energy.one_meter ? b.U_random_J : b.U_J;
  return {a.J, b.J, std::hypot(U_a, a.J / b.J * U_b)};
}

void add_paper(Line& line, const PaperColumn& paper) {
  if (const Published* number = find_published(paper.table, paper.condition, line.strategy, "accuracy_pct")) {
    line.paper_accuracy_pct = number->value;
    line.paper_sd_pct = number->sd;
  }
  if (const Published* number = find_published("system-cost", paper.cost_condition, line.strategy, "energy_saving_pct"))
    line.paper_saving_pct = number->value;
}

// The known accuracies, one value for each repetition.
Sample sample_of(const std::map<std::int64_t, Value>& values) {
  Sample sample;
  for (const auto& [repetition, value] : values) {
    if (std::isnan(value.accuracy_pct)) continue;
    sample.values.push_back(value.accuracy_pct);
    sample.images.push_back(value.images);
  }
  return sample;
}

Sample sample_of(std::span<const Joules> cells) {
  Sample sample;
  std::ranges::transform(cells, std::back_inserter(sample.values), &Joules::J);
  return sample;
}

TrainJoules train_joules(std::span<const Joules> cells, const Statistics& spread) {
  const Joules mean = mean_joules(cells);
  return {spread, mean.U_J, is_resolved(mean)};
}

// Accuracy and training joules of each strategy. All are resampled together, which takes most of the time of a large report.
std::vector<Line> lines_of(const Group& group, const JoulesBasis& energy) {
  std::vector<Sample> samples;  // two for each strategy
  std::vector<std::vector<Joules>> joules;
  for (const auto& [strategy, values] : group.strategies) {
    joules.push_back(energy.basis == Basis::none ? std::vector<Joules>() : known_joules(values, energy.basis));
    samples.push_back(sample_of(values));
    samples.push_back(sample_of(joules.back()));
  }
  const std::vector<Statistics> statistics = statistics_of_each(samples);
  std::vector<Line> lines;
  for (const auto& [strategy, values] : group.strategies) {
    const std::size_t i = lines.size();
    lines.push_back({.strategy = strategy,
                     .accuracy_pct = statistics[2 * i],
                     .train = energy.basis == Basis::none ? TrainJoules() : train_joules(joules[i], statistics[2 * i + 1]),
                     .saving = saving(group, strategy, energy),
                     .epochs = mean_epochs(group, strategy)});
  }
  return lines;
}

}  // namespace

const Joules& joules_of(const Value& value, Basis basis) {
  return basis == Basis::net ? value.net : value.gross;
}

std::vector<std::string> captions_of(const Group& group, const JoulesBasis& energy) {
  std::vector<std::string> result;
  if (!energy.caption.empty()) result.push_back(energy.caption);
  const auto count = [&](std::size_t n, std::string_view noun, std::string_view text) {
    if (n > 0) result.push_back(fmt::format(fmt::runtime(text), counted(n, noun), contended_pct));
  };
  if (group.pooled == 0) {
    result.emplace_back("no means: no table has the cells of every block in one repetition");
  } else {
    if (group.pooled < group.tables)
      result.push_back(fmt::format("means over {} of {} tables: cells of the others are missing", group.pooled, group.tables));
    count(group.repetitions_left_out, "repetition", "{} left out of the means: cells are missing in them");
  }
  count(group.invalid, "cell", "{} without valid energy: the accuracy counts, the joules do not");
  count(group.negative, "cell",
        "joules of {} are negative beyond their uncertainty, as where the current is measured the other way round");
  count(group.contended, "cell",
        "training joules and times of {} left out: other programs took over {:.0f} % of the processors (--keep-contended)");
  count(group.contended_kept, "cell", "{} ran while other programs took over {:.0f} % of the processors");
  count(group.replaced, "row", "{} left out: a later one has the same strategy and repetition");
  if (group.settings.size() > 1)
    result.push_back(fmt::format(
        "the cells have {} different sets of settings (config_hash): their trainings, machine settings or meters differ",
        group.settings.size()));
  return result;
}

std::string unresolved_caption(std::string_view what, const std::vector<std::string>& strategies) {
  std::vector<std::string> names;
  std::ranges::transform(strategies, std::back_inserter(names), [](const auto& strategy) { return printable(strategy, 40); });
  return fmt::format("no {} is formed with the joules of {}: they do not lie above 0 by more than their uncertainty", what,
                     fmt::join(names, ", "));
}

std::string_view to_string(Basis basis) {
  return name_in<Basis, 3>({"", "net", "gross"}, basis);
}

JoulesBasis energy_of(const Group& group) {
  JoulesBasis energy;
  if (group.sources.empty()) return energy;
  const auto meters = distinct(group.sources, [](const Source& s) { return s.meter; });
  const auto scopes = distinct(group.sources, [](const Source& s) { return s.scope; });
  const auto measured = distinct(group.sources, [](const Source& s) { return s.measured ? std::to_string(*s.measured) : ""; });
  energy.estimate = !measured.contains("1");
  if (scopes.size() > 1) {
    energy.caption = fmt::format("joules left out: the cells were metered at different scopes ({})", fmt::join(scopes, ", "));
    return energy;
  }
  if (measured.size() > 1) {
    energy.caption = fmt::format("joules left out: some were measured and some were not ({})", fmt::join(meters, ", "));
    return energy;
  }
  energy.basis = common_basis(group);
  energy.one_meter = meters.size() == 1;
  const std::string of = energy.basis == Basis::net ? "net of idle" : "gross (idle power included)";
  const std::string scope = scopes.begin()->empty() ? "" : *scopes.begin() + " ";
  if (*measured.begin() == "1") {
    energy.caption = fmt::format("{}joules of training, {}, {}", scope, of, fmt::join(meters, ", "));
  } else if (measured.begin()->empty()) {
    energy.caption =
        fmt::format("joules of training, {}; whether {} measured them is not recorded", of, fmt::join(meters, ", "));
  } else {
    const bool replay = meters.begin()->starts_with("replay:");
    energy.caption = fmt::format("joules are {} ({}), not a measurement; of training, {}", replay ? "a replay" : "an estimate",
                                 fmt::join(meters, ", "), of);
  }
  if (!energy.one_meter) energy.caption += "; several meters, so savings include their gains";
  return energy;
}

TrainJoules train_joules(const Group& group, const std::string& strategy, const JoulesBasis& energy) {
  const auto line = group.strategies.find(strategy);
  if (line == group.strategies.end() || energy.basis == Basis::none) return {};
  const std::vector<Joules> cells = known_joules(line->second, energy.basis);
  return train_joules(cells, statistics(sample_of(cells).values));
}

Ratio joule_ratio(const Group& group, const std::string& strategy, const std::string& other, const JoulesBasis& energy) {
  const RatioParts parts = ratio_parts(joule_pairs(group, strategy, other, energy), energy);
  return {.value = parts.own_J / parts.other_J, .U = parts.U_J / parts.other_J};
}

Ratio ratio_over_repetitions(const Group& group, const std::string& strategy, const std::string& other,
                             const JoulesBasis& energy) {
  Ratio ratio = joule_ratio(group, strategy, other, energy);
  if (std::isnan(ratio.value)) return ratio;
  const JoulePairs pairs = joule_pairs(group, strategy, other, energy);
  std::vector<double> ratios;
  for (std::size_t i = 0; i < pairs.own.size(); ++i) {
    if (pairs.others[i].J > 0) ratios.push_back(pairs.own[i].J / pairs.others[i].J);
  }
  const Statistics spread = statistics(ratios);
  const double half = (spread.high - spread.low) / 2;
  if (std::isnan(half)) return ratio;
  ratio.U = std::isnan(ratio.U) ? half : std::hypot(ratio.U, half);
  ratio.over_repetitions = true;
  return ratio;
}

Saving saving(const Group& group, const std::string& strategy, const JoulesBasis& energy) {
  const RatioParts parts = ratio_parts(joule_pairs(group, strategy, "full", energy), energy);
  return {100 * (1 - parts.own_J / parts.other_J), 100 * parts.U_J / parts.other_J};
}

Statistics accuracy(const Group& group, const std::string& strategy) {
  const auto line = group.strategies.find(strategy);
  if (line == group.strategies.end()) return {};
  const Sample sample = sample_of(line->second);
  return statistics(sample.values, sample.images);
}

double mean_epochs(const Group& group, const std::string& strategy) {
  std::vector<double> epochs;
  const auto line = group.strategies.find(strategy);
  if (line == group.strategies.end()) return unknown;
  for (const auto& [repetition, value] : line->second) {
    if (!std::isnan(value.epochs)) epochs.push_back(value.epochs);
  }
  return epochs.empty() ? unknown : std::accumulate(epochs.begin(), epochs.end(), 0.0) / static_cast<double>(epochs.size());
}

Table make_table(const Group& group) {
  Table table;
  table.key = group.key;
  table.tables = group.tables;
  table.pooled = group.pooled;
  table.left_out = group.left_out;
  table.energy = energy_of(group);
  table.sources = group.sources;
  table.paper = paper_column(group.key.dataset, group.key.condition, group.key.train_size, group.key.network);
  const bool one_corruption = group.tables == 1 && !group.key.condition.empty();
  if (one_corruption && table.paper && table.paper->table == "cifar10-c" && group.key.dataset == "cifar10-c")
    table.paper->label = "paper (mean of 15)";
  table.captions = captions_of(group, table.energy);
  std::vector<std::string> unresolved, fewer;
  table.lines = lines_of(group, table.energy);
  for (Line& line : table.lines) {
    if (table.paper) add_paper(line, *table.paper);
    if (line.train.spread.n > 0 && !line.train.resolved) unresolved.push_back(line.strategy);
    if (line.train.spread.n > 0 && line.train.spread.n < line.accuracy_pct.n)
      fewer.push_back(fmt::format("{} in {} of {}", printable(line.strategy, 40), line.train.spread.n, line.accuracy_pct.n));
  }
  if (!fewer.empty())
    table.captions.push_back(fmt::format("joules are known in some repetitions only: {}", fmt::join(fewer, ", ")));
  if (!unresolved.empty()) table.captions.push_back(unresolved_caption("saving", unresolved));
  return table;
}

const Line* find_line(const Table& table, std::string_view strategy) {
  const auto found = std::ranges::find(table.lines, strategy, &Line::strategy);
  return found == table.lines.end() ? nullptr : &*found;
}

std::string best_block(const Table& table) {
  const auto has = [&](const std::string& strategy) { return find_line(table, strategy) != nullptr; };
  return best_block(blocks_of(has), [&](const std::string& block) {
    const Line* line = find_line(table, block);
    return line == nullptr ? unknown : line->accuracy_pct.mean;
  });
}

std::string_view mark(const Table& table, const std::string& strategy) {
  const std::string best = best_block(table);
  if (!best.empty() && strategy == best) return " *";
  const Line* top = best.empty() ? nullptr : find_line(table, best);
  std::size_t known = 0;
  for (const Line& line : table.lines) {
    if (line.strategy == "block-avg" || line.accuracy_pct.n == 0) continue;
    ++known;
    if (top == nullptr || line.accuracy_pct.mean > top->accuracy_pct.mean) top = &line;
  }
  return known > 1 && top->strategy == strategy ? " ^" : "";
}

std::string subject_text(const Key& key) {
  std::vector<std::string> parts{key.dataset.empty() ? "no data set" : printable(key.dataset)};
  if (!key.drift.empty()) parts.push_back(printable(key.drift) + " drift");
  if (!key.condition.empty()) parts.push_back(printable(key.condition));
  if (key.train_size) parts.push_back(percent_text(*key.train_size) + " of the data for training");
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string origin_text(const Origin& origin) {
  return comma_list({origin.protocol.empty() ? "" : origin.protocol + " protocol", origin.board, origin.network, origin.point});
}

std::string title(const Table& table) {
  return comma_list({subject_text(table.key), origin_text(origin_of(table.key))}, 1000);
}

}  // namespace tbft::results
