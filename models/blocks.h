// The blocks of the paper: which parameters of a ResNet belong to the front, the middle and the rear.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace tbft::models {

// block1 = conv1 + layer1 (front), block2 = layer2, block3 = layer3 (middle), fc (rear). The final bn belongs to none: it
// trains only when everything does.
enum class Block { block1, block2, block3, fc };
inline constexpr std::array all_blocks{Block::block1, Block::block2, Block::block3, Block::fc};

std::string_view to_string(Block block);
// The block of a parameter such as "layer2.0.conv1.weight"; by module path, never by substring. nullopt: the final bn.
std::optional<Block> block_of(std::string_view parameter);
// Whether a parameter or module such as "layer2.0.bn1.weight" is a BatchNorm's.
bool is_batchnorm(std::string_view name);

}  // namespace tbft::models
