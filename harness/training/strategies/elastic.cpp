#include "harness/training/strategies/elastic.h"

#include <fmt/format.h>

#include <optional>
#include <stdexcept>

namespace tbft {

std::map<models::Block, double> importance_of_blocks(std::span<const ProbedStep> probed) {
  std::map<models::Block, double> importance;
  for (const auto& parameter : probed)
    if (const auto block = models::block_of(parameter.name)) importance[*block] += parameter.gain;
  return importance;
}

models::Tuned most_important_blocks(const std::map<models::Block, double>& importance, const models::ResNetSpec& spec,
                                    double budget) {
  struct Candidate {
    models::Tuned tuned;
    double importance = 0;
    std::int64_t macs = 0;
  };
  const auto full = static_cast<double>(models::training_macs(spec, {.blocks = {}, .everything = true}));
  std::optional<Candidate> best;
  for (unsigned set = 1; set < 1U << models::all_blocks.size(); ++set) {
    Candidate candidate;
    for (std::size_t i = 0; i < models::all_blocks.size(); ++i) {
      if ((set >> i & 1U) == 0) continue;
      candidate.tuned.blocks.insert(models::all_blocks[i]);
      const auto found = importance.find(models::all_blocks[i]);
      if (found != importance.end()) candidate.importance += found->second;
    }
    candidate.macs = models::training_macs(spec, candidate.tuned);
    if (static_cast<double>(candidate.macs) > budget * full) continue;
    const bool better = !best || candidate.importance > best->importance ||
                        (candidate.importance == best->importance && candidate.macs < best->macs);
    if (better) best = std::move(candidate);
  }
  if (!best) throw std::invalid_argument(fmt::format("no block can be tuned for {:.0f} % of the cost of full", 100 * budget));
  return best->tuned;
}

}  // namespace tbft
