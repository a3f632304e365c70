// Repair of an output-level drift without a gradient: which label each class of the base model now stands for.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tbft::adaptive {

// one_to_one: a permutation of the labels (Hungarian method), which follows renamed and swapped labels and nothing else. A free
// map (each predicted class gets its most frequent label) also follows merged labels, but gains on any sample that is poor in
// labels: of cats alone it calls everything a cat.
enum class MapKind { one_to_one, free };

// label_of[predicted class], by maximum agreement with the labels; where the images leave a choice, a class keeps its own
// label. `predicted` and `labels` have one entry an image, each in [0, classes); throws std::invalid_argument otherwise.
std::vector<std::int64_t> estimate_label_map(std::span<const std::int64_t> predicted, std::span<const std::int64_t> labels,
                                             std::int64_t classes, MapKind kind);

// What a map gains on images that it was not estimated from: halves drawn at random, each scored with the other's map, the mean
// over `splits` draws.
struct CrossFit {
  double accuracy = 0;  // share of images right as predicted
  double purity = 0;    // share right after the map
  double z = 0;         // of the gain, in standard errors over images; 0 where no image changes
  double gain() const { return purity - accuracy; }
};
CrossFit cross_fit(std::span<const std::int64_t> predicted, std::span<const std::int64_t> labels, std::int64_t classes,
                   MapKind kind, std::uint64_t seed, int splits = 10);

// The strategy `relabel`: the base model as it is, and a map behind it.
struct Relabelling {
  MapKind kind = MapKind::one_to_one;
  std::vector<std::int64_t> label_of;  // of each predicted class
  std::vector<double> confidence;      // of each: share of bootstrap samples that give the same label
  CrossFit expected;                   // what to expect on new images
  double gain_confidence = 0;          // share of bootstrap samples in which the map as a whole makes more right than wrong
};
// A free map is chosen only where it gains more than one_to_one by over two standard errors.
Relabelling find_relabelling(std::span<const std::int64_t> predicted, std::span<const std::int64_t> labels,
                             std::int64_t classes, std::uint64_t seed);

}  // namespace tbft::adaptive
