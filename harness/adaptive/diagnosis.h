// Diagnoses the level of drift from a small labelled sample of the target: pure numbers, no torch. The statistics were chosen
// on examples of drift; the thresholds are significance levels over samples of the source (reference.h).
//
// The tests, in this order:
//   input    The part of the front shift that all labels share exceeds the source's range, and exceeds the label shift by more
//            than the source's largest label shift. The reason: a corruption moves every image in the same direction, new
//            content moves each label in its own.
//   output   A one-to-one map of labels, scored on images that it was not estimated from, corrects more predictions than it
//            spoils by more than three standard errors. Together with input this is a mixture.
//   none     The accuracy is within the source's range for these labels, and a large loss would have been detected.
//   feature  The accuracy is below that range, and the content looks new: labels shift in their own directions, or predictions
//            are less certain. Two weak tests may be combined (Fisher's method).
// The rest is unsure: too few images or labels, or errors on images like the source's, as wrong labels cause them.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "harness/adaptive/reference.h"
#include "harness/training/label_map.h"

namespace tbft::adaptive {

enum class Level { none, input, feature, output, mixture, unsure };
std::string_view to_string(Level level);

// A statistic of the sample, compared with source samples of the same size.
struct Evidence {
  std::string_view name;
  double value = 0;
  double low = 0, high = 0;      // 1 % and 99 % quantiles over source samples
  double p_low = 1, p_high = 1;  // fraction of source samples at or below, at or above the value; never 0
};
// In the order of Diagnosis::evidence.
inline constexpr std::array evidence_names{
    "accuracy",    "purity",    "purity_gain",       "free_gain",         "front_shift",       "front_common",
    "label_shift", "certainty", "divergence_layer1", "divergence_layer2", "divergence_layer3", "content"};

struct Diagnosis {
  Level level = Level::unsure;
  std::string front = "block1", middle = "block3";  // the network's first block, and the last one before the classifier
  std::vector<Level> parts;                         // of a mixture, front to rear
  double confidence =
      0;  // 1 - p of the deciding tests; for none: the probability that a loss of 15 points would have been detected
  std::int64_t n = 0;            // number of images used
  std::int64_t labels_seen = 0;  // number of different labels among them
  bool one_to_one = false;       // whether a renaming suffices; false: a map that merges labels explains more
  double gain_z = 0;             // gain of the one-to-one map in standard errors
  double common_share = 0;       // common part of the front shift; unknown (NaN) unless that is above 0
  std::vector<Evidence> evidence;
  std::vector<std::string> doubts;  // sentences for the user

  const Evidence& of(std::string_view name) const;  // throws std::out_of_range
};

// Diagnoses the target. If the reference has no samples of the target's size, as many images are drawn as its next smaller
// samples have. With fewer than 10 images, or fewer than the smallest samples, the answer is unsure and has no evidence. Throws
// ReferenceError if layers or classes differ, and std::invalid_argument for labels outside of the classes.
Diagnosis diagnose(const Reference& reference, const Observation& target, std::uint64_t seed);

// The strategy by the paper's mapping: block1 for input, block3 for feature (in other networks the last block before the
// classifier), fc for output, none for none. A mixture, which the paper does not treat, gets full; unsure gets an empty name.
std::string suggested_strategy(const Diagnosis& diagnosis);

// For example "input, confidence 99.8 %", "mixture of input and output, ...", "unsure".
std::string level_text(const Diagnosis& diagnosis);
// The level, the suggested strategy, the evidence beside the source's range, and doubts, as complete lines.
std::string to_text(const Diagnosis& diagnosis);
nlohmann::ordered_json to_json(const Diagnosis& diagnosis);

struct Candidate {
  std::string_view strategy;
  std::string_view why;  // a reason for the user, such as "every parameter may help"
};

// Returns the candidates, the best first; never empty. They suit a sample of at most a few hundred labelled images. The paper's
// blocks (block1, block3, fc; in other networks the first, the last before the classifier, and fc) were found with a tenth of a
// data set. With few labels a strategy without gradient is cheaper and as good: the target's statistics for input-level drift,
// a renaming for output-level drift. The paper's block then follows.
std::vector<Candidate> candidates(const Diagnosis& diagnosis);

}  // namespace tbft::adaptive
