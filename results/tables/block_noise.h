// The paper's table of noised blocks: how well tuning each block repairs noise in each block.
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

// One matrix. A column is a noised block, in the order of block_names; a line is a tuned block or another strategy.
struct BlockNoise {
  Key key;                                     // condition empty
  std::array<std::optional<Table>, 4> noised;  // its lines include the published accuracies; empty where no cell was run
};
// Makes the matrices from the groups with such a condition: one for each data set, drift, training size, protocol and board.
std::vector<BlockNoise> block_noise(std::span<const Group> groups);

// The line of a strategy; nullptr if it is missing.
const Line* find_line(const Table& table, std::string_view strategy);

// The block of highest accuracy while this block is noised; empty until all four have an accuracy. The second one is the
// paper's, from its table block-noise.
std::string best_measured(const BlockNoise& noise, std::size_t noised);
std::string best_published(std::size_t noised);

struct Diagonal {
  std::size_t best = 0,
              of = 0;  // `best`: columns whose own block is best; `of`: columns where all four blocks have an accuracy
};
Diagonal diagonal(const BlockNoise& noise);

Section section_of(const BlockNoise& noise);

}  // namespace tbft::results
