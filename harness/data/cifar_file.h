// Files of the CIFAR binary versions: records of a few label bytes and 3,072 pixels, 1,024 bytes each of red, green and blue
// (https://www.cs.toronto.edu/~kriz/cifar.html).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "harness/data/dataset.h"

namespace tbft::data {

inline constexpr std::int64_t cifar_side = 32;
inline constexpr std::size_t cifar_plane = 1024;
inline constexpr std::size_t cifar_pixels = 3 * cifar_plane;

// Reads a file that must have exactly `size` bytes. `what` names it in errors: "a CIFAR-10 batch". Throws DataError, whose text
// ends with `fetch_again`.
std::vector<std::uint8_t> read_cifar_file(const std::filesystem::path& file, std::size_t size, std::string_view what,
                                          std::string_view fetch_again);

// Appends one image. Converts cifar_pixels bytes from colour planes to interleaved RGB.
void append_planes(std::span<const std::uint8_t> planes, Images& images);

}  // namespace tbft::data
