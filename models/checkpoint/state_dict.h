// State dicts as torch.save writes them (zip archive, pickle), read and written without torch and without executing anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tbft::models {

enum class DType { float64, float32, float16, bfloat16, int64, int32, int16, int8, uint8, boolean };
std::size_t size_of(DType dtype);
std::string_view to_string(DType dtype);
// The number of elements of a shape; nullopt if an extent is negative or the count needs more than 63 bits.
std::optional<std::int64_t> element_count(std::span<const std::int64_t> shape);

// One tensor: dense, row-major, little-endian bytes.
struct NamedTensor {
  std::string name;
  DType dtype = DType::float32;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> bytes;
};
using StateDict = std::vector<NamedTensor>;  // in the file's order

// The message has the file, the problem and its place: "x.pth: data.pkl names os.system; only tensors are read".
struct CheckpointError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Checkpoint {
  std::string name;  // of the file, for errors
  StateDict state;
  std::vector<std::string> class_names;  // names of the outputs in order; empty if the file has none
  std::string note;                      // tells the user which of several models was read; empty if there was one
};

// Reads an (ordered) dict of tensors, in torch's zip format or the older one. A wrapping dict ({"state_dict": ...}) and
// prefixes of wrapped modules (`module.`) are accepted and removed (models/checkpoint/choose_model.h). Every opcode and global
// that tensors do not need is refused by name; sizes are checked before memory is allocated.
Checkpoint read_checkpoint(const std::filesystem::path& path);
// Reads only the tensors.
StateDict read_state_dict(const std::filesystem::path& path);
// The same from bytes in memory; `name` replaces the file name in errors.
StateDict read_state_dict(std::span<const std::byte> file, std::string name);

// Writes a file that Python's torch.load reads as an OrderedDict of tensors; equal states give equal bytes. Class names, if
// given, have a separate entry, which Python ignores. Writes to a temporary name, syncs and renames. Throws CheckpointError for
// a name that is empty or used twice, bytes that do not fit the shape, or a file that cannot be written.
void write_state_dict(const std::filesystem::path& path, const StateDict& state,
                      const std::vector<std::string>& class_names = {});

}  // namespace tbft::models
