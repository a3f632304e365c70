// Which level of drift a small labelled sample of the target shows: pure numbers, no torch. What is compared was chosen with
// drifts at hand; the thresholds are significance levels over samples of the source (reference.h).
//
// The tests, in this order:
//   input    what of the front shift is common to all labels lies over the source's range, and over what each label has of its
//            own by more than samples of the source have: a corruption moves every image alike, new content each label in its
//            own way.
//   output   a one-to-one map of labels, scored on images that it was not estimated from, makes more right than wrong by over
//            three standard errors. With input: a mixture.
//   none     the accuracy lies within the source's range for these labels, and a large loss would have shown.
//   feature  it does not, and the content looks new: labels shift in their own ways, or predictions are less certain. Weak
//            tests may tell together (Fisher's method).
// What is left is unsure: too few images or labels, or errors on images like the source's (wrong labels do that).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/adaptive/reference.h"
#include "harness/training/label_map.h"

namespace tbft::adaptive {

enum class Level { none, input, feature, output, mixture, unsure };
std::string_view to_string(Level level);

// A number of the sample beside what source samples of its size give.
struct Evidence {
  std::string_view name;
  double value = 0;
  double low = 0, high = 0;      // 1 % and 99 % quantile over source samples
  double p_low = 1, p_high = 1;  // share of source samples at or below, at or above the value; never 0
};
// In the order of Diagnosis::evidence.
inline constexpr std::array evidence_names{
    "accuracy",    "purity",    "purity_gain",       "free_gain",         "front_shift",       "front_common",
    "label_shift", "certainty", "divergence_layer1", "divergence_layer2", "divergence_layer3", "content"};

struct Diagnosis {
  Level level = Level::unsure;
  std::vector<Level> parts;      // of a mixture, front to rear
  double confidence = 0;         // 1 - p of the tests that named it; none: the chance that a loss of 15 points would have shown
  std::int64_t n = 0;            // images used
  std::int64_t labels_seen = 0;  // different labels among them
  bool one_to_one = false;       // of the maps of labels a renaming is enough; otherwise one that merges explains more
  double gain_z = 0;             // the gain of the one-to-one map in standard errors
  double common_share = 0;       // of the front shift; unknown (NaN) where that is not above 0
  std::vector<Evidence> evidence;
  std::vector<std::string> doubts;  // sentences, for people

  const Evidence& of(std::string_view name) const;  // throws std::out_of_range
};

// Where the reference has no samples of the target's size, as many images as its next smaller ones are drawn; below 10 images,
// or below its smallest, the answer is unsure and has no evidence. Throws ReferenceError where layers or classes differ, and
// std::invalid_argument for labels outside of the classes.
Diagnosis diagnose(const Reference& reference, const Observation& target, std::uint64_t seed);

// The strategy that the paper's mapping suggests: block1 for input, block3 for feature, fc for output, none for none; full for
// a mixture, which the paper does not have; empty when unsure.
std::string_view suggested_strategy(Level level);

}  // namespace tbft::adaptive
