// Strategies that differ in what they tune alone.
#include "harness/training/strategies/list.h"

namespace tbft::strategy {

const Strategy& block1() {
  static const Strategy strategy("block1", "front: conv1 and layer1", {.blocks = {models::Block::block1}});
  return strategy;
}

const Strategy& block2() {
  static const Strategy strategy("block2", "middle: layer2", {.blocks = {models::Block::block2}});
  return strategy;
}

const Strategy& block3() {
  static const Strategy strategy("block3", "middle: layer3", {.blocks = {models::Block::block3}});
  return strategy;
}

const Strategy& fc() {
  static const Strategy strategy("fc", "rear: the classifier", {.blocks = {models::Block::fc}});
  return strategy;
}

const Strategy& full() {
  static const Strategy strategy("full", "every parameter", {.everything = true});
  return strategy;
}

const Strategy& bn_affine() {
  static const Strategy strategy("bn-affine", "weights and biases of every BatchNorm", {.batchnorm = true});
  return strategy;
}

}  // namespace tbft::strategy
