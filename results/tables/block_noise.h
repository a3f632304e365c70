// The paper's table of noised blocks: how well tuning each block repairs noise in each block.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/tables/section.h"
#include "results/tables/table.h"

namespace tbft::results {

// Whether a condition is noise in a block: noise-block1, noise-block2, ... or noise-fc.
bool is_block_noise(const Key& key);

// One matrix. A column is a noised block; a line is a tuned block or another strategy.
struct BlockNoise {
  Key key;                                   // condition empty
  std::vector<std::string> blocks;           // of the network, front to rear
  std::vector<std::optional<Table>> noised;  // for each block; its lines include the published accuracies; empty where no cell
                                             // was run
};
// Makes the matrices from the groups with such a condition: one for each data set, drift, training size,
// protocol, board and network.
std::vector<BlockNoise> block_noise(std::span<const Group> groups);

// Whether the paper's table is of this data set. Its numbers stand beside no other.
bool is_papers_data(const BlockNoise& noise);

// The block of highest accuracy while this block is noised; empty until all have an accuracy. The second one is the paper's,
// from its table block-noise; empty for a block that its network does not have.
std::string best_measured(const BlockNoise& noise, std::size_t noised);
std::string best_published(std::string_view noised);

struct Diagonal {
  std::size_t best = 0,
              of = 0;  // `best`: columns whose own block is best; `of`: columns where all blocks have an accuracy
};
Diagonal diagonal(const BlockNoise& noise);

Section section_of(const BlockNoise& noise);

}  // namespace tbft::results
