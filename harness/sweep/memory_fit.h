// Fits a run of an experiment into its memory_limit, for which it opens the base model and counts the images.
#pragma once

#include <atomic>

#include "harness/host/console.h"
#include "harness/sweep/memory_choice.h"

namespace tbft {

// fit_to_memory() for the whole plan of the settings, so that every part of a run (--cell) chooses the same. Loads one data set
// for each drift and assumes that its conditions are as large. Throws as run_experiment().
MemoryChoice fit_plan_to_memory(const Settings& settings, bool allow_script, Console& console, const std::atomic<bool>& stop);

}  // namespace tbft
