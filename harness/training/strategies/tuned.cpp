// Strategies that differ only in the parameters that they tune.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "harness/training/strategies/list.h"

namespace tbft::strategy {
namespace {

// A strategy that tunes one block, with the texts that the base class refers to.
struct Block {
  explicit Block(int number)
      : name(fmt::format("block{}", number)),
        summary(fmt::format("block {} of a network that has more than three", number)),
        strategy(name, summary, {.blocks = {name}}) {}
  std::string name, summary;
  Strategy strategy;
};

std::vector<std::unique_ptr<const Block>> make_later_blocks() {
  constexpr int first = 4;
  constexpr int last = 99;
  std::vector<std::unique_ptr<const Block>> blocks;
  for (int number = first; number <= last; ++number) blocks.push_back(std::make_unique<const Block>(number));
  return blocks;
}

}  // namespace

const Strategy& block1() {
  static const Strategy strategy("block1", "front: the first block", {.blocks = {"block1"}});
  return strategy;
}

const Strategy& block2() {
  static const Strategy strategy("block2", "middle: the second block", {.blocks = {"block2"}});
  return strategy;
}

const Strategy& block3() {
  static const Strategy strategy("block3", "middle: the third block", {.blocks = {"block3"}});
  return strategy;
}

const Strategy* later_block(std::string_view name) {
  static const auto blocks = make_later_blocks();
  const auto found = std::ranges::find_if(blocks, [&](const auto& block) { return block->name == name; });
  return found == blocks.end() ? nullptr : &(*found)->strategy;
}

const Strategy& fc() {
  static const Strategy strategy("fc", "rear: the classifier", {.blocks = {"fc"}});
  return strategy;
}

const Strategy& full() {
  static const Strategy strategy("full", "every parameter", {.everything = true});
  return strategy;
}

const Strategy& bn_affine() {
  static const Strategy strategy("bn-affine", "weights and biases of every BatchNorm, or LayerNorm", {.batchnorm = true});
  return strategy;
}

}  // namespace tbft::strategy
