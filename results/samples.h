// Statistics of many samples at once.
#pragma once

#include <span>
#include <vector>

#include "results/statistics.h"

namespace tbft::results {

struct Sample {
  std::vector<double> values;
  std::vector<ImageScores> images = {};  // of each value; empty or null where they are unknown
};

// The statistics of each sample, exactly as statistics() returns them for one. Samples with the same number of values share the
// draws of the bootstrap, most of its work, so that eight of them take little longer than one.
std::vector<Statistics> statistics_of_each(std::span<const Sample> samples);

}  // namespace tbft::results
