#include "harness/adaptive/choice.h"

namespace tbft::adaptive {

std::vector<Candidate> candidates(const Diagnosis& diagnosis) {
  constexpr Candidate all{"full", "every parameter may help"};
  switch (diagnosis.level) {
    case Level::none:
      return {{"none", "nothing drifted"}};
    case Level::input:
      return {
          {"bn-stats", "other pixels move the channels of every layer: their statistics are taken anew, without a gradient"},
          {"bn-affine", "their scale and shift are tuned too"},
          {"block1", "the paper's block for input-level drift"},
          all};
    case Level::feature:
      return {{"block3", "the paper's block for feature-level drift"}, all};
    case Level::output:
      if (diagnosis.one_to_one)
        return {{"relabel", "a renaming of the classes explains it, without a gradient"},
                {"fc", "the paper's block for output-level drift"}};
      return {{"fc", "the paper's block for output-level drift; no renaming explains it"}, all};
    case Level::mixture:
      if (diagnosis.parts.front() == Level::input)
        return {{"bn-relabel", "statistics for the pixels, a renaming for the labels"}, all};
      return {{"relabel", "the labels first: what is new in the images is learnt from them"}, all};
    case Level::unsure:
      break;
  }
  return {{"bn-stats", "what drifted is unclear, and these cost and risk least"}, all};
}

}  // namespace tbft::adaptive
