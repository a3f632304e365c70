// The grammar of the conditions of `drifted`, for plan and settings.
#pragma once

#include "harness/data/dataset.h"

namespace tbft::data {

// A condition is PART+PART... with at most one part of the output level. Parts of the input level are applied in the order
// written. `none` alone is the unchanged base. The table of parts is in drifted.cpp.
const ConditionGrammar& drifted_grammar();

}  // namespace tbft::data
