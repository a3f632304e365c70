// From the level of a drift to what is worth trying against it. No torch here.
#pragma once

#include <string_view>
#include <vector>

#include "harness/adaptive/diagnosis.h"

namespace tbft::adaptive {

struct Candidate {
  std::string_view strategy;
  std::string_view why;  // a clause, for people
};

// The best first, never empty. For a sample of at most a few hundred labelled images. The paper's blocks (block1, block3, fc)
// are for a tenth of a data set; with so few labels, what a level needs that no gradient need find is cheaper and as good:
// statistics of the target where its pixels differ, a renaming where its labels do. The paper's block comes second then.
std::vector<Candidate> candidates(const Diagnosis& diagnosis);

}  // namespace tbft::adaptive
