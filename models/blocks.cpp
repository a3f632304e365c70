#include "models/blocks.h"

#include <stdexcept>

namespace tbft::models {

std::string_view to_string(Block block) {
  switch (block) {
    case Block::block1:
      return "block1";
    case Block::block2:
      return "block2";
    case Block::block3:
      return "block3";
    case Block::fc:
      return "fc";
  }
  throw std::logic_error("models: a block without a name");
}

std::optional<Block> block_of(std::string_view parameter) {
  const std::string_view module = parameter.substr(0, parameter.find('.'));
  if (module == "conv1" || module == "layer1") return Block::block1;
  if (module == "layer2") return Block::block2;
  if (module == "layer3") return Block::block3;
  if (module == "fc") return Block::fc;
  return std::nullopt;
}

bool is_batchnorm(std::string_view name) {
  return name.starts_with("bn") || name.find(".bn") != std::string_view::npos;
}

}  // namespace tbft::models
