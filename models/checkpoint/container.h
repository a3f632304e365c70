// A file of torch.save, opened: its pickle, and the bytes of the storages that the pickle names. Either the zip archive of
// torch 1.6 and later, or the older sequence of pickles (`_use_new_zipfile_serialization=False`). Nothing in it is executed.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/checkpoint/pickle.h"

namespace tbft::models {

// Where write_state_dict keeps the names of the outputs, one a line; torch.load reads no entry that the pickle does not name.
inline constexpr std::string_view class_names_entry = "class_names.txt";

class Container {
 public:
  virtual ~Container() = default;
  virtual const std::string& name() const = 0;  // of the file, for errors
  virtual const pickle::Document& document() const = 0;
  // Exactly `what.count` elements, little-endian. Throws CheckpointError where the file has not as many.
  virtual std::vector<std::byte> read(const pickle::Storage& what) = 0;
  virtual std::vector<std::string> class_names() { return {}; }
};

// Throw CheckpointError for a file that is neither, damaged, or says more than it has. The bytes outlive the container.
std::unique_ptr<Container> open_container(const std::filesystem::path& path);
std::unique_ptr<Container> open_container(std::span<const std::byte> bytes, std::string name);

}  // namespace tbft::models
