// Channel statistics of one BatchNorm's input: fits them to the source and measures how far images deviate from them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/adaptive/reference.h"
#include "harness/training/observation.h"

namespace tbft::adaptive {

// Fits a model to images of the source. `predicted` has one entry for each image of the layer, in [0, classes).
LayerModel fit_layer(const LayerMoments& layer, std::span<const std::int64_t> predicted, std::int64_t classes);

// The whitened residuals, [images, D].
std::vector<double> residuals(const LayerModel& model, const LayerMoments& layer, std::span<const std::int64_t> predicted);

// |mean residual|^2 / D over the given images, unbiased: only pairs of different images count. 0 for fewer than two images.
double shift(std::span<const double> residuals, std::int64_t dimensions, std::span<const std::int64_t> images);

// The same over pairs of images with different labels: the part of a shift that all labels share. A corruption moves every
// image in the same direction, new content moves each label in its own. 0 if there is only one label.
double common_shift(std::span<const double> residuals, std::int64_t dimensions, std::span<const std::int64_t> images,
                    std::span<const std::int64_t> labels);

// The mean over channels of KL(N(batch mean, batch variance) || N(running mean, running variance)), over the given images
// together.
double divergence(const LayerMoments& layer, std::span<const std::int64_t> images);

}  // namespace tbft::adaptive
