// State dicts as torch.save and safetensors write them, read without torch and without executing anything, and written as
// torch.save writes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
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

// Which dict of tensors of a file is the model, if there are several (models/checkpoint/choose_model.h).
struct ModelChoice {
  std::string key;  // the way to the dict, "ema.module", or "." for the outermost one; empty: the one that fits
  // Whether a network can have these names, types and shapes; bytes are empty. Without it, all dicts of tensors fit.
  std::function<bool(const StateDict&)> fits = {};
};

// Reads a dict of tensors, in torch's zip format, in the older one, or as safetensors. A wrapping dict ({"state_dict": ...})
// and prefixes of wrapped modules (`module.`) are accepted and removed. What else the file has is skipped: nothing is built or
// called, whatever the pickle names. Sizes are checked before memory is allocated. Throws CheckpointError.
Checkpoint read_checkpoint(const std::filesystem::path& path, const ModelChoice& choice = {});
// Reads only the tensors.
StateDict read_state_dict(const std::filesystem::path& path);
// The same from bytes in memory; `name` replaces the file name in errors.
StateDict read_state_dict(std::span<const std::byte> file, std::string name, const ModelChoice& choice = {});

// Writes a file that Python's torch.load reads as an OrderedDict of tensors; equal states give equal bytes. Class names, if
// given, have a separate entry, which Python ignores. Writes to a temporary name, syncs and renames. Throws CheckpointError for
// a name that is empty or used twice, bytes that do not fit the shape, or a file that cannot be written.
void write_state_dict(const std::filesystem::path& path, const StateDict& state,
                      const std::vector<std::string>& class_names = {});

}  // namespace tbft::models
