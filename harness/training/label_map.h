// Repairs an output-level drift without a gradient: estimates which label each class of the base model now stands for.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tbft::adaptive {

// one_to_one: a permutation of the labels (Hungarian method). It recovers renamed and swapped labels only. free: each predicted
// class gets its most frequent label. It also recovers merged labels, but overfits any sample with few labels: with images of
// cats alone it calls everything a cat.
enum class MapKind { one_to_one, free };

// Returns label_of[predicted class], the map that agrees with most labels. In a tie a class keeps its own label. `predicted`
// and `labels` have one entry for each image, each in [0, classes); throws std::invalid_argument otherwise.
std::vector<std::int64_t> estimate_label_map(std::span<const std::int64_t> predicted, std::span<const std::int64_t> labels,
                                             std::int64_t classes, MapKind kind);

// The gain of a map on images that it was not estimated from. Each of `splits` draws divides the images into random halves and
// scores each half with the map of the other; the results are means over the draws.
struct CrossFit {
  double accuracy = 0;  // fraction of images predicted correctly
  double purity = 0;    // fraction correct after the map
  double z = 0;         // of the gain, in standard errors over images; 0 if no image changes
  double gain() const { return purity - accuracy; }
};
CrossFit cross_fit(std::span<const std::int64_t> predicted, std::span<const std::int64_t> labels, std::int64_t classes,
                   MapKind kind, std::uint64_t seed, int splits = 10);

// The strategy `relabel`: the unchanged base model followed by a map of its labels.
struct Relabelling {
  MapKind kind = MapKind::one_to_one;
  std::vector<std::int64_t> label_of;  // of each predicted class
  std::vector<double> confidence;      // of each class: fraction of bootstrap samples that give the same label
  CrossFit expected;                   // the estimate for new images
  double gain_confidence = 0;          // fraction of bootstrap samples in which the map corrects more images than it spoils
};
// Chooses a free map only if its gain exceeds that of one_to_one by more than two standard errors.
Relabelling find_relabelling(std::span<const std::int64_t> predicted, std::span<const std::int64_t> labels,
                             std::int64_t classes, std::uint64_t seed);

}  // namespace tbft::adaptive
