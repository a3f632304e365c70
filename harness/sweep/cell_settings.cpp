#include "harness/sweep/run_setup.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "harness/host/usage_error.h"
#include "harness/training/phases.h"
#include "results/text.h"

namespace tbft {

CellSettings::CellSettings(const Settings& effective, const std::string& checkpoint_sha256, Trainer& trainer,
                           const TargetData& data, Console& console, const std::atomic<bool>& stop,
                           std::function<void(const SearchOutcome&)> record)
    : settings_(effective), trainer_(trainer), data_(data), console_(console), stop_(stop), record_(std::move(record)) {
  if (effective.model.reference.empty()) return;
  try {
    diagnosed_ = diagnosed(std::make_shared<Diagnosing>(
        Diagnosing{adaptive::read_reference(effective.model.reference, checkpoint_sha256), effective.train.lr}));
  } catch (const std::runtime_error& error) {
    throw UsageError(fmt::format("model.reference: {}", error.what()));
  }
}

TrainSettings CellSettings::of(const Cell& cell) {
  return with(cell, lr_of(cell), noise_of(cell));
}

TrainSettings CellSettings::with(const Cell& cell, double lr, const std::optional<BlockNoise>& noise) const {
  return {.optimizer = settings_.train.optimizer,
          .lr = lr,
          .momentum = settings_.train.momentum,
          .weight_decay = settings_.train.weight_decay,
          .batch = cell.point.batch > 0 ? cell.point.batch : settings_.train.batch,
          .epochs = settings_.train.epochs,
          .patience = settings_.train.patience,
          .batchnorm = settings_.train.batchnorm,
          .layout = settings_.layout,
          .seed = static_cast<std::uint64_t>(cell.seed),
          .augment = settings_.train.augment,
          .cache = settings_.train.cache,
          .cache_limit_bytes = settings_.train.cache_limit_MiB << 20,
          .refresh_bn = settings_.train.refresh_bn,
          .noise = noise,
          .diagnosed = diagnosed_};
}

void CellSettings::learn(const SearchOutcome& outcome) {
  if (outcome.failure.empty())
    found_[outcome.name] = outcome.json;
  else
    failed_[outcome.name] = outcome.failure;
}

std::vector<std::string> CellSettings::searches_of(const Cell& cell) const {
  std::vector<std::string> names;
  if (noise_is_searched(cell)) names.push_back(cell.condition);
  if (lr_is_searched(cell)) names.push_back(lr_search_name(cell));
  return names;
}

// Returns `what` from the outcome of the search `name`, which is known or made now.
double CellSettings::searched(const std::string& name, const char* what, const std::function<nlohmann::json()>& search) {
  if (const auto failed = failed_.find(name); failed != failed_.end()) throw std::runtime_error(failed->second);
  if (!found_.contains(name)) {
    ++searches_;
    SearchOutcome outcome{name, "", ""};
    try {
      outcome.json = search().dump();
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& error) {
      outcome.failure = results::error_text(error);
    }
    learn(outcome);
    record_(outcome);
    if (!outcome.failure.empty()) throw std::runtime_error(outcome.failure);
  }
  const auto outcome = nlohmann::json::parse(found_.at(name));
  if (!outcome.is_object() || !outcome.contains(what) || !outcome[what].is_number())
    throw std::runtime_error(fmt::format("journal.jsonl: '{}' has no {}; start again with another -o", name, what));
  return outcome[what].get<double>();
}

bool CellSettings::noise_is_searched(const Cell& cell) const {
  const auto block = noised_block(cell.condition);
  return block && !settings_.model.noise_sigma.contains(*block);
}

// For conditions noise-BLOCK: one sigma for each block, from the settings or a search. The search uses the mean accuracy on the
// validation images over several draws. The cell's seed determines its own draw.
std::optional<BlockNoise> CellSettings::noise_of(const Cell& cell) {
  const auto block = noised_block(cell.condition);
  if (!block) return std::nullopt;
  BlockNoise noise{*block, 0, static_cast<std::uint64_t>(cell.seed)};
  if (!noise_is_searched(cell)) {
    noise.sigma = settings_.model.noise_sigma.at(*block);
    return noise;
  }
  noise.sigma = searched(cell.condition, "sigma", [&]() -> nlohmann::json {
    constexpr std::uint64_t draws = 3;
    constexpr double noised_accuracy_pct = 15;
    const auto val = data_.split(cell).val;
    StopObserver observer(stop_);
    const auto level = find_noise(
        [&](double sigma) {
          console_.progress(fmt::format("searching the noise of {}: sigma {:.3g}", cell.condition, sigma));
          std::int64_t right = 0;
          for (std::uint64_t draw = 0; draw < draws; ++draw) {
            const BlockNoise tried{*block, sigma, static_cast<std::uint64_t>(settings_.sweep.seed) + draw};
            right += trainer_.correct(data_.images(cell), val, settings_.layout, tried, observer);
          }
          return 100.0 * static_cast<double>(right) / static_cast<double>(draws * val.size());
        },
        noised_accuracy_pct);
    return {{"sigma", level.sigma}, {"val_accuracy_pct", level.accuracy_pct}};
  });
  return noise;
}

bool CellSettings::lr_is_searched(const Cell& cell) const {
  return !settings_.train.lr_search.empty() && find_strategy(cell.strategy).uses_gradient();
}

std::string CellSettings::lr_search_name(const Cell& cell) const {
  const auto batch = cell.point.batch > 0 ? fmt::format("/batch={}", cell.point.batch) : "";
  return fmt::format("lr/{}/{}/{}/{}{}", cell.drift_text(), cell.train_size, cell.strategy, settings_.lr_of(cell.strategy),
                     batch);
}

// With train.lr_search every candidate rate is trained once, with the first repetition's seed. The best validation loss decides
// for all repetitions.
double CellSettings::lr_of(const Cell& cell) {
  const double lr = settings_.lr_of(cell.strategy);
  if (!lr_is_searched(cell)) return lr;
  Cell first = cell;
  first.seed = settings_.sweep.seed;
  const auto name = lr_search_name(cell);
  const auto noise = noise_of(first);
  return searched(name, "lr", [&]() -> nlohmann::json {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    auto tried = nlohmann::json::array();
    double best_lr = lr;
    double best_loss = infinity;
    for (const double factor : settings_.train.lr_search) {
      console_.progress(fmt::format("searching {}: {:.3g}", name, lr * factor));
      StopObserver observer(stop_);
      double loss = infinity;
      try {
        loss = trainer_
                   .run(find_strategy(cell.strategy), data_.images(cell), data_.split(cell), with(first, lr * factor, noise),
                        observer)
                   .val_loss;
      } catch (const DivergedError&) {  // the rate is too high, which is a valid result
      }
      tried.push_back({{"lr", lr * factor}, {"val_loss", loss}});
      if (loss < best_loss) {
        best_loss = loss;
        best_lr = lr * factor;
      }
    }
    if (best_loss == infinity)
      throw DivergedError(fmt::format("{}: no learning rate tried gave a finite validation loss", name));
    return {{"lr", best_lr}, {"tried", tried}};
  });
}

}  // namespace tbft
