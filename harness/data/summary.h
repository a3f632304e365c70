// Numbers that identify a data set, so that people can check that they have the same one.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "harness/data/dataset.h"

namespace tbft::data {

// 64 hex digits over the bytes of all parts, one after another.
std::string sha256_of(std::initializer_list<std::span<const std::uint8_t>> parts);

struct Summary {
  std::vector<std::int64_t> images_a_class;
  std::array<double, 3> mean{};       // red, green, blue, 0..255
  std::array<double, 3> deviation{};  // population standard deviation
  // Of the pixels, then the labels: one byte each, or four, the lowest first, where a label is over 255. 64 hex digits.
  std::string sha256;
};

// Needs at least one image. Throws DataError if a label is not one of the classes.
Summary summarize(const Images& images);

}  // namespace tbft::data
