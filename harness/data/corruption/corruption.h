// The fifteen corruptions of CIFAR-10-C at five severities, for square RGB images of 32 px. The published files were made
// without a seed, so nobody can make them again bit for bit. This generator has the same operations and parameters and its
// own random numbers. The test corruption_oracle compares it with numpy, scipy, scikit-image, Pillow and OpenCV.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/data/corruption/frost.h"
#include "harness/data/dataset.h"
#include "harness/data/rng.h"

namespace tbft::data {

inline constexpr int corrupted_side = 32;
inline constexpr int severities = 5;

// Corrupts one image in place: 32x32x3 bytes, RGB, row-major. Safe to call from several threads, each with its own Rng.
using Corrupt = std::function<void(std::span<std::uint8_t> rgb, Rng& rng)>;

struct Corruption {
  std::string_view name;
  std::string_view group;                             // noise, blur, weather or digital
  bool stochastic;                                    // draws random numbers; the others give the same pixels for every seed
  Corrupt (*make)(int severity, const Frost& frost);  // severity 1 to 5; `frost` outlives what is made
};

// In the paper's order. The position in the list numbers the random stream, so a new corruption goes to the end.
std::span<const Corruption> corruptions();
// Throws BadDatasetSpec that names the nearest known corruption.
const Corruption& find_corruption(std::string_view name);

// A corruption at a severity, written `gaussian_noise-5`.
struct Condition {
  const Corruption* corruption = nullptr;
  int severity = 0;
};
std::optional<Condition> parse_condition(std::string_view name);
// Of all corruptions, at the severities from `least_severity` on: all 75 conditions by default.
std::vector<std::string> condition_names(int least_severity = 1);

// The pixels of `images` under a condition, row for row. Image i depends on (seed, condition, i) and its own pixels alone, not
// on how many images or threads there are. Throws DataError when the images are not 32 px.
std::vector<std::uint8_t> corrupt(const Images& images, const Condition& condition, std::uint64_t seed, const Frost& frost);

}  // namespace tbft::data
