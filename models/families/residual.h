// Post-activation residual networks (He et al. 2016, "Deep Residual Learning for Image Recognition"): what the families
// resnet-cifar and resnet share. Stem conv1, bn1; layer1..layerN of residual blocks; mean over the map; classifier.
// residual.cpp describes them, residual_module.cpp runs them.
//
// Stages: 0 stem and layer1, then one for each other layer, the last of them with the mean, then the classifier. Names:
// layerL.B.{conv1,bn1,conv2,bn2[,conv3,bn3]} and, for a shortcut with weights, layerL.B.SHORTCUT.{0,1}.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/architecture.h"
#include "models/checkpoint/state_dict.h"

namespace tbft::models::residual {

struct Plan {
  std::int64_t stem = 0;    // channels of the stem and of layer1; each further layer doubles them and halves the side
  bool large_stem = false;  // 7x7 with stride 2 and a 3x3 max pooling of stride 2; otherwise 3x3 with stride 1
  std::vector<int> blocks;  // of each layer
  bool bottleneck = false;  // 1x1, 3x3, 1x1 to four times the channels; otherwise 3x3, 3x3
  std::string shortcut;     // name of the shortcuts with weights, which a block has where its shape changes; empty: every
                            // second pixel and channels of zeros, half in front and half behind (option A)
  std::string classifier;   // its name
};

// Appends stages, tensors and layers to a network whose spec is set.
void describe(Architecture& network, const Plan& plan);

// The number of blocks of layer1, layer2, ... in a checkpoint. Throws CheckpointError if a layer of `layers` has none.
std::vector<int> blocks_of(const StateDict& state, int layers);
// The output channels of conv1 and the side of its kernel. Throws CheckpointError.
struct Stem {
  std::int64_t channels = 0, kernel = 0;
};
Stem stem_of(const StateDict& state);

// Throws std::invalid_argument for a width that does not multiply `channels` to an integer, no classes, or impossible pixels.
void check(const NetworkSpec& spec, int channels);

}  // namespace tbft::models::residual
