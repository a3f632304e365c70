#include "harness/adaptive/choice.h"

namespace tbft::adaptive {

std::vector<Candidate> candidates(const Diagnosis& diagnosis) {
  constexpr Candidate all{"full", "every parameter may help"};
  switch (diagnosis.level) {
    case Level::none:
      return {{"none", "nothing drifted"}};
    case Level::input:
      return {{"bn-affine", "other pixels move the channels of every layer: their statistics, scale and shift are tuned"},
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
  return {{"bn-affine", "what drifted is unclear: scale and shift of every layer are the least that can follow most drifts"},
          all};
}

}  // namespace tbft::adaptive
