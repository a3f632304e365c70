// Formats a diagnosis as text and as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "harness/adaptive/diagnosis.h"

namespace tbft::adaptive {

// For example "input, confidence 99.8 %", "mixture of input and output, ...", "unsure".
std::string level_text(const Diagnosis& diagnosis);
// The level, the suggested strategy, the evidence beside the source's range, and doubts, as complete lines.
std::string to_text(const Diagnosis& diagnosis);
nlohmann::ordered_json to_json(const Diagnosis& diagnosis);

}  // namespace tbft::adaptive
