// The paper's table of noised blocks: which tuned block repairs noise in which block.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "results/tables/section.h"
#include "results/tables/table.h"

namespace tbft::results {

// Whether a condition is noise in a block: noise-block1, noise-block2, noise-block3 or noise-fc.
bool is_block_noise(const Key& key);

// One matrix: a column a noised block, in the order of block_names; a line a tuned block or other strategy.
struct BlockNoise {
  Key key;                                     // condition empty
  std::array<std::optional<Table>, 4> noised;  // with the published accuracies in its lines; nothing where no cell was run
};
// Of the groups with such a condition alone; one a data set, drift, training size, protocol and board.
std::vector<BlockNoise> block_noise(std::span<const Group> groups);

// The line of a strategy; nullptr where there is none.
const Line* find_line(const Table& table, std::string_view strategy);

// The block of highest accuracy with this block noised; empty until all four have one. Of the paper: block_names of the table
// block-noise.
std::string best_measured(const BlockNoise& noise, std::size_t noised);
std::string best_published(std::size_t noised);

struct Diagonal {
  std::size_t best = 0, of = 0;  // columns whose own block is best, of those where all four blocks have an accuracy
};
Diagonal diagonal(const BlockNoise& noise);

Section section_of(const BlockNoise& noise);

}  // namespace tbft::results
