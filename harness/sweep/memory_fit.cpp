#include "harness/sweep/memory_fit.h"

#include <map>
#include <set>
#include <string>
#include <tuple>

#include "harness/host/interrupted.h"
#include "harness/sweep/target_data.h"
#include "harness/training/compute.h"
#include "harness/training/trainer.h"

namespace tbft {

MemoryChoice fit_plan_to_memory(const Settings& settings, bool allow_script, Console& console, const std::atomic<bool>& stop) {
  set_compute({1, settings.backend});  // run_jobs() must be the first to start threads
  const auto complete = completed(settings);
  const auto plan = make_plan(settings, Identity{});
  std::map<std::string, std::vector<Cell>> by_drift;
  for (const auto& cell : plan) by_drift[cell.drift].push_back(cell);
  const Trainer trainer(network_file(settings, allow_script));
  const ModelClasses classes{.outputs = trainer.spec().classes, .names = trainer.class_names()};
  const auto loading = [&](const std::string& name) {
    if (stop) throw Interrupted("interrupted");
    console.progress("counting the images of " + name);
  };
  std::int64_t images_bytes = 0;
  std::vector<MemoryCells> cells;
  for (const auto& [drift, of_drift] : by_drift) {
    const TargetData data(complete, {of_drift.front()}, loading, classes);
    const auto& images = data.images(of_drift.front());
    std::set<std::string> sets;
    std::set<std::tuple<std::string, double, std::int64_t>> seen;
    for (const auto& cell : of_drift) {
      sets.insert(TargetData::key(cell));
      if (!seen.insert({cell.strategy, cell.train_size, cell.point.batch}).second) continue;
      auto like = of_drift.front();
      like.train_size = cell.train_size;
      const auto split = data.split(like);
      cells.push_back({&find_strategy(cell.strategy), std::ssize(split.train), std::ssize(split.val), cell.point.batch});
    }
    // The kernel can take back the pages of a mapped file.
    if (!images.pixels.is_mapped()) images_bytes += std::ssize(sets) * static_cast<std::int64_t>(images.pixels.size());
  }
  console.clear();
  return fit_to_memory(settings, trainer.network(), cells, images_bytes);
}

}  // namespace tbft
