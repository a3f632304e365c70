// numpy's .npy files (format 1.0 and 2.0, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): arrays of
// whole numbers in C order. The header is a Python literal; it is parsed, never executed.
#pragma once

#include <boost/interprocess/mapped_region.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "harness/data/dataset.h"
#include "results/files.h"

namespace tbft::data {

// An array in bytes that someone else keeps.
struct NpyView {
  std::string dtype;                // "|u1", "<i4" or "<i8"
  std::vector<std::int64_t> shape;  // product x item size = bytes.size(); () is one value
  std::span<const std::uint8_t> bytes;
};

// `file` is a whole .npy file. Throws DataError that begins with `name`: no .npy, another version, type or order, a malformed
// header, more or less data than the shape says.
NpyView parse_npy(std::span<const std::uint8_t> file, const std::string& name);

// The values of a one-dimensional array of any of the types.
std::vector<std::int64_t> whole_numbers(const NpyView& array);

// A file mapped into memory for as long as this lives. Throws DataError with the path.
class NpyFile {
 public:
  explicit NpyFile(const std::filesystem::path& path);
  const NpyView& array() const { return array_; }

 private:
  boost::interprocess::mapped_region mapped_;
  NpyView array_;
};

// Writes an array of bytes ("|u1") piece by piece, so that it never is in memory whole. The file appears at commit().
class NpyWriter {
 public:
  // Throws std::system_error with the path, as the others do.
  NpyWriter(const std::filesystem::path& path, const std::vector<std::int64_t>& shape);
  void append(std::span<const std::uint8_t> bytes);
  // Syncs and renames. Throws std::logic_error when not as many bytes were appended as the shape says.
  void commit();

 private:
  void check();
  std::filesystem::path path_;
  results::Output output_;
  std::ofstream file_;
  std::uint64_t missing_;
};

}  // namespace tbft::data
