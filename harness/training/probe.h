// The first gradients of each parameter, by which some strategies choose what to tune. No torch in this header.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/data/dataset.h"

namespace tbft::models {
class Network;
}

namespace tbft {

struct Batch;
struct TrainSettings;

// Mini-batches for probing before training: five, as the authors of auto-rgn use, or fewer if they would exceed all images.
// They are drawn by the training seed and `draw`, independently of the batches of training.
std::vector<Batch> draw_probe(const models::Network& net, const data::Images& images, std::span<const std::int64_t> indices,
                              const TrainSettings& settings, std::int64_t draw);

struct ProbedParameter {
  std::string name;
  double value_sq = 0;              // |theta|^2
  std::vector<double> gradient_sq;  // |g|^2, one entry for each mini-batch
};

// The gradients of the mean cross-entropy over each mini-batch, for the parameters that require one; 0 for those that the loss
// does not reach. BatchNorm is in eval mode. Nothing of the network changes except the mode and the gradients, which are left
// undefined.
std::vector<ProbedParameter> probe_gradients(models::Network& net, std::span<const Batch> batches);

struct ProbedStep {
  std::string name;
  double gain = 0;
};

// The first-order estimate of how much a second step would lower the loss, for each parameter that requires a gradient: -g_1 .
// dw, where dw = -lr g_0 is a first step on all of them and g_1 is the gradient after it, both over all mini-batches. All
// parameters are restored afterwards. BatchNorm is in eval mode.
std::vector<ProbedStep> probe_step(models::Network& net, std::span<const Batch> batches, double lr);

}  // namespace tbft
