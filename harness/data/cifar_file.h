// Files of CIFAR-10 and CIFAR-100 (https://www.cs.toronto.edu/~kriz/cifar.html): records of labels and 3,072 pixels, 1,024
// bytes each of red, green and blue. In the binary version each label is a byte before its pixels. In the Python version a file
// is a pickled dict: the pixels are its array `data`, and the labels are lists of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/data/dataset.h"

namespace tbft::data {

inline constexpr std::int64_t cifar_side = 32;
inline constexpr std::size_t cifar_plane = 1024;
inline constexpr std::size_t cifar_pixels = 3 * cifar_plane;

struct CifarFile {
  std::filesystem::path path;
  bool python = false;
  std::size_t records = 0;
  std::vector<std::string_view> labels;  // keys of the Python version, in the order of the binary version's bytes
  std::string_view what;                 // names the file in errors: "a CIFAR-10 batch"
  std::string_view fetch_again;          // ends each error
};

// Calls `use` with each record: its number, its labels, and its cifar_pixels bytes. Throws DataError where the file is missing,
// has another size or other contents, or a label is not between 0 and 255. Nothing in a pickle is executed or built.
using UseRecord =
    std::function<void(std::size_t i, std::span<const std::uint8_t> labels, std::span<const std::uint8_t> planes)>;
void read_cifar_file(const CifarFile& file, const UseRecord& use);

// Appends one image. Converts cifar_pixels bytes from colour planes to interleaved RGB.
void append_planes(std::span<const std::uint8_t> planes, Images& images);

}  // namespace tbft::data
