// What the first gradients say of each parameter: the evidence of strategies that choose. No torch in this header.
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

// Mini-batches to look at before training: five, as the authors of auto-rgn take, at most all images; drawn by the training
// seed and `draw`, apart from the batches of training.
std::vector<Batch> draw_probe(const models::Network& net, const data::Images& images, std::span<const std::int64_t> indices,
                              const TrainSettings& settings, std::int64_t draw);

struct ProbedParameter {
  std::string name;
  double value_sq = 0;              // |theta|^2
  std::vector<double> gradient_sq;  // |g|^2, one a mini-batch
};

// Gradients of the mean cross-entropy over each mini-batch, of the parameters that require one. BatchNorm is in eval mode, so
// that nothing of the network changes but the gradients, which are left undefined, and the mode.
std::vector<ProbedParameter> probe_gradients(models::Network& net, std::span<const Batch> batches);

struct ProbedStep {
  std::string name;
  double gain = 0;
};

// By how much a second step would lower the loss, to first order, for each parameter that requires a gradient: -g_1 . dw, where
// dw = -lr g_0 is a first step on all of them and g_1 the gradient behind it, both over all mini-batches. Every parameter is as
// before afterwards. BatchNorm as above.
std::vector<ProbedStep> probe_step(models::Network& net, std::span<const Batch> batches, double lr);

}  // namespace tbft
