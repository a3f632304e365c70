// The settings of the base model, model.*: which keys there are and what they may be.
#pragma once

#include <vector>

#include "harness/experiment/setting_keys.h"
#include "harness/experiment/settings.h"

namespace tbft {

// In the order of the documents.
std::vector<setting::Key> model_keys();
// Checks what says how to read the file: network, blocks, pixels and colours. Throws UsageError.
void check_network(const Settings& settings);
// Checks the deviations of conditions noise-BLOCK. Throws UsageError.
void check_noise(const Settings& settings);

}  // namespace tbft
