// Maps the level of a drift to candidate strategies. No torch here.
#pragma once

#include <string_view>
#include <vector>

#include "harness/adaptive/diagnosis.h"

namespace tbft::adaptive {

struct Candidate {
  std::string_view strategy;
  std::string_view why;  // a reason for the user, such as "every parameter may help"
};

// Returns the candidates, the best first; never empty. They suit a sample of at most a few hundred labelled images. The paper's
// blocks (block1, block3, fc) were found with a tenth of a data set. With few labels a strategy without gradient is cheaper and
// as good: the target's statistics for input-level drift, a renaming for output-level drift. The paper's block then follows.
std::vector<Candidate> candidates(const Diagnosis& diagnosis);

}  // namespace tbft::adaptive
