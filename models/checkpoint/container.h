// An open checkpoint: its values, and the bytes of the storages that they name. Either the zip archive of torch 1.6 and later,
// the older sequence of pickles (`_use_new_zipfile_serialization=False`), or a file of safetensors, whose header gives the same
// values. Nothing from the file is executed.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/checkpoint/pickle.h"

namespace tbft::models {

// The entry in which write_state_dict stores the names of the outputs, one per line; torch.load ignores entries that the pickle
// does not name.
inline constexpr std::string_view class_names_entry = "class_names.txt";

class Container {
 public:
  virtual ~Container() = default;
  virtual const std::string& name() const = 0;  // file name for errors
  virtual std::string_view part() const = 0;    // of the file: what `document` was read from
  virtual const pickle::Document& document() const = 0;
  // Exactly `what.count` elements, little-endian. Throws CheckpointError if the file has another number of elements.
  virtual std::vector<std::byte> read(const pickle::Storage& what) = 0;
  virtual std::vector<std::string> class_names() { return {}; }
};

// Throw CheckpointError for a file of neither format, a damaged file, or one with less data than it states. The bytes must
// outlive the container.
std::unique_ptr<Container> open_container(const std::filesystem::path& path);
std::unique_ptr<Container> open_container(std::span<const std::byte> bytes, std::string name);

}  // namespace tbft::models
