#include "harness/adaptive/diagnosed.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "harness/adaptive/diagnosis.h"
#include "harness/data/split.h"
#include "models/cost.h"

namespace tbft {

std::vector<std::int64_t> diagnosis_sample(const data::Split& split, std::uint64_t seed) {
  auto labelled = split.train;
  labelled.insert(labelled.end(), split.val.begin(), split.val.end());
  const auto n = std::ssize(labelled);
  std::vector<std::int64_t> sample;
  for (const auto i : data::permutation(n, static_cast<std::uint32_t>(seed)))
    if (std::ssize(sample) < diagnosed_images) sample.push_back(labelled[static_cast<std::size_t>(i)]);
  return sample;
}

namespace {

TrainResult run_diagnosed(const Diagnosing& diagnosing, Trainer& trainer, const data::Images& images, const data::Split& split,
                          const TrainSettings& settings, PhaseObserver& observer) {
  const auto& [reference, lr] = diagnosing;
  PhaseScope train(observer, Phase::train);
  const auto sample = diagnosis_sample(split, settings.seed);
  const auto n = std::ssize(sample);
  const auto seen = trainer.observe(images, sample, settings.noise, [&](std::int64_t done) { observer.evaluated(done, n); });
  const auto diagnosis = adaptive::diagnose(reference, seen, settings.seed);
  train.done();

  const auto& chosen = find_strategy(adaptive::candidates(diagnosis).front().strategy);
  auto own = settings;
  const auto rate = lr.find(std::string(chosen.name));
  own.lr = rate != lr.end() ? rate->second : lr.at("default");
  auto result = trainer.run(chosen, images, split, own, observer);
  result.chosen = chosen.name;
  result.macs_train += static_cast<double>(models::forward_macs(trainer.network()) * n);
  result.diagnosis = nlohmann::json{
      {"level", adaptive::to_string(diagnosis.level)},
      {"confidence", diagnosis.confidence},
      {"strategy",
       chosen.name}}.dump();
  return result;
}

}  // namespace

TrainSettings::Run diagnosed(std::shared_ptr<const Diagnosing> diagnosing) {
  return [diagnosing = std::move(diagnosing)](Trainer& trainer, const data::Images& images, const data::Split& split,
                                              const TrainSettings& settings, PhaseObserver& observer) {
    return run_diagnosed(*diagnosing, trainer, images, split, settings, observer);
  };
}

}  // namespace tbft
