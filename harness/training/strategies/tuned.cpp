// Strategies that differ only in the parameters that they tune.
#include "harness/training/strategies/list.h"

namespace tbft::strategy {

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

const Strategy& fc() {
  static const Strategy strategy("fc", "rear: the classifier", {.blocks = {"fc"}});
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
