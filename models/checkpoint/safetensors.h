// Files of safetensors (https://github.com/huggingface/safetensors): the length of a header (8 bytes, little-endian), the
// header in JSON with every tensor's type, shape and place, and then the tensors, row-major and little-endian.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/checkpoint/container.h"

namespace tbft::models {

// Returns exactly `count` bytes from `offset` on, which lie inside the file. Throws CheckpointError if they cannot be read.
using ReadAt = std::function<std::vector<std::byte>(std::uint64_t offset, std::uint64_t count)>;

inline constexpr std::uint64_t max_header_bytes = 4U << 20U;

// Whether the file begins like one of safetensors: a length of less than 2^32, and a brace. `head` is the file's first 9 bytes.
bool is_safetensors(std::span<const std::byte> head);

// A file of `size` bytes. Throws CheckpointError for a header that is cut short, is no JSON, is larger than max_header_bytes,
// names a type that is not read, or whose tensors do not fill the file exactly.
std::unique_ptr<Container> open_safetensors(std::string name, std::uint64_t size, ReadAt read_at);

}  // namespace tbft::models
