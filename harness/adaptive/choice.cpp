#include "harness/adaptive/diagnosis.h"

#include "harness/training/strategies/strategy.h"

namespace tbft::adaptive {

std::vector<Candidate> candidates(const Diagnosis& diagnosis) {
  constexpr Candidate all{"full", "every parameter may help"};
  switch (diagnosis.level) {
    case Level::none:
      return {{"none", "no drift was found"}};
    case Level::input:
      return {{"bn-stats",
               "changed pixels shift the channels of every layer; this re-estimates their statistics without a gradient"},
              {"bn-affine", "also tunes the scale and shift of the channels"},
              {find_strategy(diagnosis.front).name, "the paper's block for input-level drift"},
              all};
    case Level::feature:
      return {{find_strategy(diagnosis.middle).name, "the paper's block for feature-level drift"}, all};
    case Level::output:
      if (diagnosis.one_to_one)
        return {{"relabel", "a renaming of the classes explains the drift and needs no gradient"},
                {"fc", "the paper's block for output-level drift"}};
      return {{"fc", "the paper's block for output-level drift; no renaming explains the drift"}, all};
    case Level::mixture:
      if (diagnosis.parts.front() == Level::input)
        return {{"bn-relabel", "new statistics for the pixels, a renaming for the labels"}, all};
      return {{"relabel", "the labels must be right before new content can be learnt from them"}, all};
    case Level::unsure:
      break;
  }
  return {{"bn-stats", "the level is unclear, and this costs and risks least"}, all};
}

}  // namespace tbft::adaptive
