// The blocks of one's own network: a table of patterns for the names of its tensors. Does not use torch.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/network_file.h"

namespace tbft::models {

// The key of parameters that belong to no block.
inline constexpr std::string_view no_block = "none";

// The blocks of a table, front to rear: block1 to blockN, then fc. Throws std::invalid_argument for another name, a gap, or a
// table without fc.
std::vector<std::string> blocks_in(const BlockTable& table);

// Whether a name matches a pattern, in which * stands for any characters, also none.
bool matches(std::string_view pattern, std::string_view name);

// The place of each tensor's block in blocks_in(table); -1 for those under `none`. A buffer that no pattern names follows the
// parameters of its module. Throws std::invalid_argument, which names a tensor in no block or in two, and a pattern that
// matches none.
std::vector<int> blocks_of(const BlockTable& table, std::span<const TensorInfo> tensors);

}  // namespace tbft::models
