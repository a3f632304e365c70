// What plan and settings need of `drifted`: its conditions follow a grammar.
#pragma once

#include "harness/data/dataset.h"

namespace tbft::data {

// PART+PART..., at most one part of the output level; several of the input level are applied in the order written. `none`,
// alone, is the base as it is. The parts are a table in drifted.cpp.
const ConditionGrammar& drifted_grammar();

}  // namespace tbft::data
