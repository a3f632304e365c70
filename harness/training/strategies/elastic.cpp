#include "harness/training/strategies/elastic.h"

#include <fmt/format.h>

#include <optional>
#include <stdexcept>

#include "harness/training/strategies/list.h"
#include "harness/training/strategies/tuning_session.h"
#include "models/cost.h"

namespace tbft {

std::map<std::string, double> importance_of_blocks(std::span<const ProbedStep> probed, const models::Architecture& network) {
  std::map<std::string, double> importance;
  for (const auto& parameter : probed)
    if (const auto& block = network.block_of(parameter.name); !block.empty()) importance[block] += parameter.gain;
  return importance;
}

models::Tuned most_important_blocks(const std::map<std::string, double>& importance, const models::Architecture& network,
                                    double budget) {
  struct Candidate {
    models::Tuned tuned;
    double importance = 0;
    std::int64_t macs = 0;
  };
  const auto blocks = network.blocks();
  constexpr std::size_t most_blocks = 20;  // a million sets
  if (blocks.size() > most_blocks)
    throw std::invalid_argument(
        fmt::format("elastic tries every set of blocks; {} blocks are too many, {} the most", blocks.size(), most_blocks));
  const auto full = static_cast<double>(models::training_macs(network, {.blocks = {}, .everything = true}));
  std::optional<Candidate> best;
  for (unsigned set = 1; set < 1U << blocks.size(); ++set) {
    Candidate candidate;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if ((set >> i & 1U) == 0) continue;
      candidate.tuned.blocks.push_back(blocks[i]);
      const auto found = importance.find(blocks[i]);
      if (found != importance.end()) candidate.importance += found->second;
    }
    candidate.macs = models::training_macs(network, candidate.tuned);
    if (static_cast<double>(candidate.macs) > budget * full) continue;
    const bool better = !best || candidate.importance > best->importance ||
                        (candidate.importance == best->importance && candidate.macs < best->macs);
    if (better) best = std::move(candidate);
  }
  if (!best) throw std::invalid_argument(fmt::format("tuning any block costs more than {:.0f} % of full", 100 * budget));
  return best->tuned;
}

}  // namespace tbft

namespace tbft::strategy {
namespace {

class Elastic final : public Strategy {
 public:
  Elastic()
      : Strategy("elastic", "the most important blocks within two thirds of full's cost (after Huang et al., MobiSys 2023)") {}
  void prepare(TuningSession& session) const override {
    session.tune(most_important_blocks(importance_of_blocks(session.probe_step(), session.network()), session.network()));
  }
  bool uses_gradient() const override { return true; }
  bool chooses() const override { return true; }
  bool has_plain_step() const override { return false; }
};

}  // namespace

const Strategy& elastic() {
  static const Elastic strategy;
  return strategy;
}

}  // namespace tbft::strategy
