// Loads a data set for a command, with a progress line and the warnings about its files.
#pragma once

#include <string>

#include "harness/data/dataset.h"
#include "harness/host/console.h"

namespace tbft {

// Throws as data::load_dataset().
data::Images load_images(const data::DatasetSpec& spec, Console& console);
data::Images load_images(const std::string& spec, Console& console);

}  // namespace tbft
