// Declares every strategy. Each is defined in the file of its name.
#pragma once

#include "harness/training/strategies/strategy.h"

namespace tbft::strategy {

const Strategy& none();
const Strategy& bn_stats();
const Strategy& block1();
const Strategy& block2();
const Strategy& block3();
const Strategy* later_block(std::string_view name);  // block4 to block99; nullptr for other names
const Strategy& fc();
const Strategy& full();
const Strategy& bn_affine();
const Strategy& tent();
const Strategy& l1_sp();
const Strategy& auto_rgn();
const Strategy& rgn_top1();
const Strategy& elastic();
const Strategy& relabel();
const Strategy& bn_relabel();
const Strategy& diagnosed();

}  // namespace tbft::strategy
