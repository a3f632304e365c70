// The makers behind corruptions(). Each precomputes what its severity needs and returns the function that corrupts one image.
// Severity is 1 to 5. Parameters: Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
// Perturbations", ICLR 2019, for 32 px.
#pragma once

#include "harness/data/corruption/corruption.h"

namespace tbft::data {

// noise.cpp
Corrupt make_gaussian_noise(int severity, const Frost&);
Corrupt make_shot_noise(int severity, const Frost&);
Corrupt make_impulse_noise(int severity, const Frost&);
// blur.cpp
Corrupt make_defocus_blur(int severity, const Frost&);
Corrupt make_glass_blur(int severity, const Frost&);
Corrupt make_motion_blur(int severity, const Frost&);
Corrupt make_zoom_blur(int severity, const Frost&);
// weather.cpp
Corrupt make_snow(int severity, const Frost&);
Corrupt make_frost(int severity, const Frost& frost);
Corrupt make_fog(int severity, const Frost&);
Corrupt make_brightness(int severity, const Frost&);
// digital.cpp
Corrupt make_contrast(int severity, const Frost&);
Corrupt make_elastic_transform(int severity, const Frost&);
Corrupt make_pixelate(int severity, const Frost&);
Corrupt make_jpeg_compression(int severity, const Frost&);

}  // namespace tbft::data
