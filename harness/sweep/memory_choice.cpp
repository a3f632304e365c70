#include "harness/sweep/memory_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "harness/host/usage_error.h"
#include "harness/training/memory_model.h"

namespace tbft {

namespace {

// The cell that needs most.
struct Worst {
  const MemoryCells* cells = nullptr;
  std::int64_t batch = 0;
  PeakMemory peak;
};

class Fitting {
 public:
  Fitting(const Settings& settings, const models::Architecture& network, const std::vector<MemoryCells>& cells,
          std::int64_t images_bytes)
      : settings_(settings),
        cache_(completed(settings).train.cache),
        network_(network),
        cells_(cells),
        images_bytes_(images_bytes),
        limit_bytes_(memory_limit_bytes(settings).value()) {}

  MemoryChoice choose() {
    auto now = worst(settings_.train.batch);
    // bf16 rounds the outputs, so that without them the accuracies would be others under the same ids.
    if (cache_ == "fp32" && !fits(now)) {
      const auto kept_bytes = now.peak.cache;
      cache_ = "off";
      now = worst(settings_.train.batch);
      choice_.keeps_none = true;
      note(fmt::format("the outputs of frozen blocks are computed in each epoch instead of being kept (up to {})",
                       MiB_text(kept_bytes)));
    }
    if (!fits(now)) now = with_smaller_batch(now);
    choice_.needed_bytes = now.peak.total();
    if (full_bytes() > limit_bytes_) choice_.warm_up = "fc";
    note(fmt::format("{} needs most, about {}", text(now), MiB_text(choice_.needed_bytes)));
    return std::move(choice_);
  }

 private:
  bool fits(const Worst& worst) const { return worst.peak.total() <= limit_bytes_; }
  void note(const std::string& text) {
    choice_.notes.push_back(fmt::format("memory_limit {}: {}", settings_.memory_limit, text));
  }

  static std::string text(const Worst& worst) {
    return fmt::format("{} with {} image{} per step", worst.cells->strategy->name, worst.batch, worst.batch == 1 ? "" : "s");
  }

  MemoryNeed need_of(const MemoryCells& cells, std::int64_t train_batch, const std::string& cache) const {
    return {.batch = cells.batch > 0 ? cells.batch : train_batch,
            .n_train = cells.n_train,
            .n_val = cells.n_val,
            .images_bytes = images_bytes_,
            .optimizer = settings_.train.optimizer,
            .layout = settings_.layout,
            .backend = settings_.backend,
            .cache = cache};
  }

  std::int64_t full_bytes() const {
    std::int64_t most = 0;
    for (const auto& cells : cells_) {
      const auto need = need_of(cells, choice_.settings.train.batch, "off");
      most = std::max(most, peak_memory(network_, find_strategy("full"), need).total());
    }
    return most;
  }

  Worst worst(std::int64_t train_batch) const {
    Worst result;
    for (const auto& cells : cells_) {
      const auto need = need_of(cells, train_batch, cache_);
      const auto batch = need.batch;
      const auto peak = peak_memory(network_, *cells.strategy, need);
      if (result.cells == nullptr || peak.total() > result.peak.total()) result = {&cells, batch, peak};
    }
    return result;
  }

  // The largest power of two below train.batch with which everything fits; 0 if not even 1 does.
  std::int64_t largest_that_fits() const {
    auto batch = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(settings_.train.batch)));
    if (batch == settings_.train.batch) batch /= 2;
    while (batch >= 1 && !fits(worst(batch))) batch /= 2;
    return batch;
  }

  // Throws if the batch is declared, or none fits.
  Worst with_smaller_batch(const Worst& now) {
    const auto batch = largest_that_fits();
    const auto needs = [](const Worst& worst) {
      return fmt::format("{} needs about {}", text(worst), MiB_text(worst.peak.total()));
    };
    if (batch == 0) {
      const auto least = worst(1);
      const auto& peak = least.peak;
      const auto kept = peak.cache > 0 ? fmt::format(", kept outputs {} by train.cache", MiB_text(peak.cache)) : "";
      fail(fmt::format("{} (program and libtorch {}, images {}, weights {}, step {}{}); raise the limit, or leave out {}",
                       needs(least), MiB_text(peak.program), MiB_text(peak.images), MiB_text(peak.weights), MiB_text(peak.step),
                       kept, least.cells->batch > 0 ? "that batch" : "that strategy"));
    }
    if (settings_.declared.contains("train.batch"))
      fail(fmt::format("{}; --set train.batch={} would fit, or raise the limit", needs(now), batch));
    note(fmt::format("train.batch = {}, because {}", batch, needs(now)));
    choice_.settings.train.batch = batch;
    return worst(batch);
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw UsageError(fmt::format("memory_limit {}: {}", settings_.memory_limit, what));
  }

  const Settings& settings_;
  std::string cache_;  // of frozen outputs
  const models::Architecture& network_;
  const std::vector<MemoryCells>& cells_;
  std::int64_t images_bytes_;
  std::int64_t limit_bytes_;
  MemoryChoice choice_{.settings = settings_};
};

}  // namespace

MemoryChoice fit_to_memory(const Settings& settings, const models::Architecture& network, const std::vector<MemoryCells>& cells,
                           std::int64_t images_bytes) {
  return Fitting(settings, network, cells, images_bytes).choose();
}

std::string MiB_text(std::int64_t bytes) {
  constexpr std::int64_t MiB = std::int64_t{1} << 20;
  return fmt::format("{} MiB", (bytes + MiB - 1) / MiB);
}

}  // namespace tbft
