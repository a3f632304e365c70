// The pass of validation and test: one batch through each family's network in eval mode, as evaluate() runs it (channels_last:
// BatchNorms folded, blocks in parts), against the plain pass of the same network (contiguous: torch's own operations), by
// turns, in processor time of one thread. Prints medians, the middle half of the paired ratios and the largest difference of a
// logit; exits with 1 if a ratio is below its target or a logit differs by more than 1e-5 of the largest.
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/utils.h>

#include <algorithm>
#include <array>
#include <exception>
#include <vector>

#include "experiments/bench/clock.h"
#include "harness/training/compute.h"
#include "harness/training/network.h"
#include "models/network.h"

namespace {

using namespace tbft;

struct Case {
  models::NetworkSpec spec;
  double least;  // asked ratio; 0: none, because the convolutions of this family take nearly all of the plain pass
};

const std::array cases{
    Case{{}, 1.5},
    Case{{.depth = 20, .family = "resnet-cifar", .variant = "A-linear"}, 0},
    Case{{.depth = 18, .pixels = 32, .family = "resnet", .variant = "small-stem"}, 0},
    Case{{.depth = 53, .width = 0.5, .family = "mobilenet-v2", .variant = {}}, 1.5},
};

// The network's layout is part of it, so there are two networks with the same weights.
struct Side {
  models::NetworkPtr network;
  torch::Tensor images;
  std::vector<double> seconds;
  torch::Tensor logits;

  Side(const models::NetworkSpec& spec, const char* layout, at::MemoryFormat format) {
    torch::manual_seed(1);
    network = models::make_network(spec);
    // As after a training: a fresh BatchNorm changes nothing.
    for (auto& item : network->named_buffers()) {
      if (item.key().ends_with("running_mean")) item.value().normal_(0, 0.5);
      if (item.key().ends_with("running_var")) item.value().uniform_(0.5, 2);
    }
    set_layout(*network, layout);
    network->eval();
    const auto batch = static_cast<std::int64_t>(evaluation_batch(network->architecture(), 0));
    images = at::randn({batch, 3, spec.pixels, spec.pixels}).contiguous(format);
  }
  void run() {
    const double begin = bench::processor_s();
    logits = network->forward(images);
    seconds.push_back(bench::processor_s() - begin);
  }
};

bool compare(const Case& asked) {
  const torch::InferenceMode guard;
  Side own(asked.spec, "channels_last", at::MemoryFormat::ChannelsLast);
  Side plain(asked.spec, "contiguous", at::MemoryFormat::Contiguous);
  std::vector<double> ratios;
  constexpr int warm = 2;
  constexpr int turns = 21;
  for (int turn = 0; turn < warm + turns; ++turn) {
    own.run();
    plain.run();
    if (turn >= warm) ratios.push_back(plain.seconds.back() / own.seconds.back());
  }
  const double difference = (own.logits - plain.logits).abs().max().item<double>() / plain.logits.abs().max().item<double>();
  const double ratio = bench::median(ratios);
  std::ranges::sort(ratios);
  fmt::print("{}, {} images: {:.1f} ms, plain {:.1f} ms, {:.2f} times as fast ({:.2f} to {:.2f}{}), difference {:.1e}\n",
             own.network->architecture().title, own.images.size(0), 1e3 * bench::median(own.seconds),
             1e3 * bench::median(plain.seconds), ratio, ratios[turns / 4], ratios[turns - 1 - turns / 4],
             asked.least > 0 ? fmt::format("; asked: {}", asked.least) : "", difference);
  return ratio >= asked.least && difference <= 1e-5;
}

}  // namespace

int main() {
  try {
    set_compute({1, "onednn"});
  } catch (const std::exception& error) {
    fmt::print(stderr, "skipped: {}\n", error.what());
    return 77;
  }
  bool met = true;
  for (const Case& asked : cases) met = compare(asked) && met;
  if (!met) fmt::print("MISSED\n");
  return met ? 0 : 1;
}
