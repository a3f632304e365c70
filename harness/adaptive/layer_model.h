// Channel statistics of one BatchNorm's input: fitting them to the source, and how far images lie from them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/adaptive/reference.h"
#include "harness/training/observation.h"

namespace tbft::adaptive {

// `predicted` has one entry an image of the layer, in [0, classes).
LayerModel fit_layer(const LayerMoments& layer, std::span<const std::int64_t> predicted, std::int64_t classes);

// The whitened residuals, [images, D].
std::vector<double> residuals(const LayerModel& model, const LayerMoments& layer, std::span<const std::int64_t> predicted);

// |mean residual|^2 / D over the given images, without bias: pairs of different images only. 0 for fewer than two images.
double shift(std::span<const double> residuals, std::int64_t dimensions, std::span<const std::int64_t> images);

// The same over pairs of images with different labels: what of a shift all labels share. A corruption moves every image alike,
// a new kind of content in its own direction for each label. 0 where there is one label only.
double common_shift(std::span<const double> residuals, std::int64_t dimensions, std::span<const std::int64_t> images,
                    std::span<const std::int64_t> labels);

// Mean over channels of KL(N(batch mean, batch variance) || N(running mean, running variance)) of the given images together.
double divergence(const LayerMoments& layer, std::span<const std::int64_t> images);

}  // namespace tbft::adaptive
