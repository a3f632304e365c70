// A point on the further axes of a sweep: what differs from cell to cell beside data, training size, strategy and repetition.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/experiment/settings.h"
#include "harness/host/cpufreq.h"

namespace tbft {

struct SweepPoint {
  std::int64_t threads = 0;   // 0: the run's
  std::int64_t batch = 0;     // 0: train.batch
  FrequencyWish frequencies;  // of the processors while the cell and its idle windows are measured
  bool operator==(const SweepPoint&) const = default;

  // "threads=2 batch=16 governor=powersave max_kHz=1200000": the axes that the sweep has; empty without. It is the column
  // `point` and a part of a cell's id.
  std::string text() const;
};

// Every combination of sweep.threads, sweep.batch, sweep.governor and sweep.max_kHz; without them one point that says nothing.
std::vector<SweepPoint> sweep_points(const Settings& settings);

}  // namespace tbft
