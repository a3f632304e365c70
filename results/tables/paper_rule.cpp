#include "results/tables/paper_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "results/tables/headline.h"
#include "results/tables/winner.h"
#include "results/text.h"

namespace tbft::results {

namespace {

// False while a block has no accuracy, and where the network has no block in the rule's part or none outside it.
bool fill(RuleCheck& check, const Group& group) {
  const std::vector<std::string> blocks = blocks_among(group.strategies);
  check.accuracy_pct.fill(unknown);
  for (const std::string& block : blocks) {
    const double mean = accuracy(group, block).mean;
    if (std::isnan(mean)) return false;
    const std::size_t part = part_of(blocks, block);
    if (!check.best[part].empty() && mean <= check.accuracy_pct[part]) continue;
    check.best[part] = block;
    check.accuracy_pct[part] = mean;
  }
  std::size_t rival = network_parts.size();
  for (std::size_t part = 0; part < network_parts.size(); ++part) {
    if (part == check.part || check.best[part].empty()) continue;
    if (rival == network_parts.size() || check.accuracy_pct[part] > check.accuracy_pct[rival]) rival = part;
  }
  if (check.best[check.part].empty() || rival == network_parts.size()) return false;
  const PairedAccuracies lead = paired_accuracies(group, check.best[check.part], check.best[rival]);
  if (lead.points.empty()) return false;
  check.repetitions = lead.points.size();
  check.lead_points = std::accumulate(lead.points.begin(), lead.points.end(), 0.0) / static_cast<double>(lead.points.size());
  check.lead = mean_interval(lead.points, lead.images);
  return true;
}

}  // namespace

std::size_t part_of(std::span<const std::string> blocks, std::string_view block) {
  const auto at = static_cast<std::size_t>(std::ranges::find(blocks, block) - blocks.begin());
  const std::size_t before_classifier = blocks.size() - 1;
  if (at >= before_classifier) return 2;
  return at < (before_classifier + 2) / 3 ? 0 : 1;
}

std::string_view verdict(const RuleCheck& check) {
  if (check.lead.low > 0) return "holds";
  return check.lead.high < 0 ? "fails" : "open";
}

std::vector<RuleCheck> check_rule(std::span<const Group> groups) {
  std::set<std::string_view> networks;
  std::vector<RuleCheck> result;
  for (const auto& [key, members] : by_drift_level(groups)) {
    const auto* const level = std::ranges::find(drift_levels, key.drift);
    RuleCheck check{
        .key = key, .tables = members.size(), .part = static_cast<std::size_t>(level - drift_levels.begin()), .best = {}};
    const Group mean = pool(members, key);
    check.pooled = mean.pooled;
    if (!fill(check, mean)) continue;
    result.push_back(std::move(check));
  }
  for (const RuleCheck& check : result) networks.insert(check.key.network);
  if (networks.size() < 2) result.clear();
  return result;
}

Section section_of(std::span<const RuleCheck> checks) {
  Section section{.title = "the paper's rule by network",
                  .captions = {"input drift: tune the front; feature drift: the middle; output drift: the rear",
                               "accuracy % of the best block of each part; lead: of the rule's part over the best other part, "
                               "points [95 % interval]"}};
  section.cells.push_back(
      {"network", "drift", "data", "tables", "front", "middle", "rear", "lead", "95 % interval", "the rule"});
  section.least_needed = {3, 8};
  std::array<std::size_t, 3> counted{};
  constexpr std::array<std::string_view, 3> verdicts{"holds", "fails", "open"};
  for (const RuleCheck& check : checks) {
    std::vector<std::string> row{check.key.network.empty() ? "unknown" : printable(check.key.network, 40), check.key.drift,
                                 comma_list({check.key.dataset, check.key.protocol, check.key.board, check.key.point}, 40),
                                 count_text(check.pooled, check.tables)};
    for (std::size_t part = 0; part < network_parts.size(); ++part)
      row.push_back(
          fmt::format("{} {}{}", check.best[part], decimals(check.accuracy_pct[part], 1), part == check.part ? " *" : ""));
    row.push_back(decimals(check.lead_points, 1));
    row.push_back(interval_text(check.lead.low, check.lead.high, 1));
    row.emplace_back(verdict(check));
    section.cells.push_back(std::move(row));
    ++counted[static_cast<std::size_t>(std::ranges::find(verdicts, verdict(check)) - verdicts.begin())];
  }
  section.lines.push_back(
      fmt::format("*: the part that the rule tunes. The rule holds in {} of {} rows, fails in {}, and is open "
                  "in {}, where the interval contains 0 or is unknown",
                  counted[0], checks.size(), counted[1], counted[2]));
  section.lines.emplace_back(
      "intervals: over repetitions and known test images; the best blocks are chosen by the same accuracies");
  return section;
}

}  // namespace tbft::results
