// A data set as a command loads it: a progress line, and a warning for each thing that a person should hear of its files.
#pragma once

#include <string>

#include "harness/data/dataset.h"
#include "harness/host/console.h"

namespace tbft {

// Throws as data::load_dataset().
data::Images load_images(const data::DatasetSpec& spec, Console& console);
data::Images load_images(const std::string& spec, Console& console);

}  // namespace tbft
