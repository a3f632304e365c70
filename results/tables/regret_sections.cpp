#include <fmt/format.h>
#include <fmt/ranges.h>

#include "results/tables/regret.h"
#include "results/text.h"

namespace tbft::results {

namespace {

template <typename Counts>
std::string counts_text(const Counts& counts) {
  std::vector<std::string> parts;
  parts.reserve(counts.size());
  for (const auto& [strategy, n] : counts) parts.push_back(fmt::format("{} {}", printable(strategy, 40), n));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<std::string> captions_of(const Regret& regret) {
  std::vector<std::string> captions{
      fmt::format("regret: against the oracle, the best of {} fixed strategies of each case by test accuracy; {} cases (drift, "
                  "training size, repetition) of {} drifts",
                  regret.fixed, regret.cases, regret.drifts),
      "the oracle is the best of noisy test results, so its accuracy is biased upwards and regrets are a little too large"};
  if (regret.left_out > 0) {
    captions.push_back(fmt::format("{} of {} cases left out, because a strategy has no accuracy in them ({})", regret.left_out,
                                   regret.left_out + regret.cases, counts_text(regret.missing_in)));
  }
  captions.insert(captions.end(), regret.energy_captions.begin(), regret.energy_captions.end());
  if (regret.energy.basis == Basis::none) {
    if (regret.energy.caption.empty()) captions.emplace_back("no joules: training joules are unknown for every cell");
    return captions;
  }
  captions.emplace_back("J: totals over the cases where both are known, choosing included; J regret: over the oracle's total");
  std::map<std::string, std::size_t> fewer;
  for (const RegretLine& line : regret.lines) {
    if (line.joule_cases < regret.cases) fewer[line.strategy] = line.joule_cases;
  }
  if (!fewer.empty()) captions.push_back(fmt::format("joules known in fewer cases: {}", counts_text(fewer)));
  return captions;
}

std::vector<std::string> cells_of(const RegretLine& line) {
  std::vector<std::string> cells{printable(line.strategy, 40), decimals(line.accuracy_pct, 2)};
  const auto add = [&](const Estimate& estimate, int digits) {
    cells.push_back(decimals(estimate.value, digits));
    cells.push_back(interval_text(estimate.interval.low, estimate.interval.high, digits));
  };
  add(line.regret_points, 2);
  add(line.share_of_full_pct, 1);
  add(line.J_regret_pct, 1);
  return cells;
}

}  // namespace

std::vector<Section> sections_of(const Regret& regret) {
  const std::string origin = origin_text({regret.protocol, regret.board, regret.network, regret.point});
  Section section{
      .title = "strategies that choose against the best in hindsight", .captions = captions_of(regret), .origin = origin};
  if (!regret.lines.empty()) {
    const std::string basis(to_string(regret.energy.basis));
    const std::string joules = basis.empty() ? "train J" : "train J " + basis;
    section.cells.push_back({"strategy", "accuracy %", "regret points", "95 % interval", joules + ", % of full",
                             "95 % interval", "J regret %", "95 % interval"});
    section.least_needed = {7, 5};
    for (const RegretLine& line : regret.lines) section.cells.push_back(cells_of(line));
    if (regret.fixed > 0) section.cells.push_back(cells_of(regret.oracle));
    section.lines.emplace_back("intervals: over drifts, each with all of its cases");
  }
  if (!regret.oracle_was.empty())
    section.lines.push_back(fmt::format("the oracle was {} of {}", counts_text(regret.oracle_was), regret.cases));
  if (!regret.levels) return {section};
  Section levels = section_of(*regret.levels);
  levels.title = "level of drift named";
  levels.origin = origin;
  return {section, levels};
}

}  // namespace tbft::results
