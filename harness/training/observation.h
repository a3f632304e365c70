// The results of one forward pass of the base model in eval mode over labelled images. Plain numbers: no torch here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tbft::adaptive {

// The input of one BatchNorm layer: for each image and channel the mean and the mean square over the pixels. The moments of any
// sub-sample are means of these.
struct LayerMoments {
  std::string name;  // of the module, such as "layer1.0.bn1"
  std::int64_t channels = 0;
  std::vector<float> mean;                       // [images, channels]
  std::vector<float> mean_square;                // [images, channels]
  std::vector<float> running_mean, running_var;  // [channels], those of the layer
  int block = -1;        // the index of the layer's block, from 0 at the front; -1: outside of all blocks
  bool on_trunk = true;  // whether its input lies on the trunk, which the shortcuts pass on (models/architecture.h)
};

struct Observation {
  std::int64_t classes = 0;
  std::vector<float> logits;          // [images, classes]
  std::vector<std::int64_t> labels;   // in [0, classes)
  std::vector<LayerMoments> layers;   // front to rear
  std::vector<std::string> blocks{};  // of the network, front to rear

  std::int64_t size() const { return static_cast<std::int64_t>(labels.size()); }
  // The class of the greatest logit of each image. The class `without` is left out (-1: none).
  std::vector<std::int64_t> predicted(std::int64_t without = -1) const;
  // The greatest softmax probability of each image.
  std::vector<double> certainty() const;
};

// The images of the given indices, in that order.
Observation subset(const Observation& all, const std::vector<std::int64_t>& indices);

}  // namespace tbft::adaptive
