#include "models/cost.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>

#include "models/families/family.h"
#include "tests/unit/models/files.h"

namespace tbft::models {
namespace {

const Architecture small = describe({});  // 32 px, 10 classes
const Architecture large = describe({.classes = 17, .pixels = 128});

Tuned only(const std::string& block) {
  return {.blocks = {block}};
}
Tuned everything() {
  return {.blocks = {}, .everything = true};
}

std::string savings(const Architecture& network) {
  std::string out;
  for (const auto& block : network.blocks()) out += fmt::format("{:.1f} ", saving_pct(network, only(block)));
  return out;
}

TEST(Cost, SavingsAreThePapersMacTable) {
  EXPECT_EQ(savings(small), "21.6 34.1 45.0 66.6 ");
  EXPECT_DOUBLE_EQ(saving_pct(small, everything()), 0.0);
}

TEST(Cost, ForwardMacsAreTheConvolutionsAndTheClassifier) {
  // By hand: k*k*in*out*side^2.
  EXPECT_EQ(forward_macs(small, "block1"), 9 * 1024 * (3 * 16 + 8 * 16 * 16));
  EXPECT_EQ(forward_macs(small, "block2"), 9 * 256 * (16 * 32 + 7 * 32 * 32));
  EXPECT_EQ(forward_macs(small, "block3"), 9 * 64 * (32 * 64 + 7 * 64 * 64));
  EXPECT_EQ(forward_macs(small, "fc"), 640);
  EXPECT_EQ(forward_macs(small), 54'706'816);
  EXPECT_EQ(forward_macs(large, "block2"), 16 * forward_macs(small, "block2"));
  EXPECT_EQ(forward_macs(large, "fc"), 1024 * 17);
}

TEST(Cost, GradientsStopAtTheFrontmostTrainedLayer) {
  const std::int64_t forward = forward_macs(small);
  const std::int64_t stem = std::int64_t{9} * 1024 * 3 * 16;
  EXPECT_EQ(training_macs(small, {}), forward);
  EXPECT_EQ(training_macs(small, only("fc")), forward + 640);
  EXPECT_EQ(training_macs(small, only("block3")), forward + 2 * forward_macs(small, "block3") + 640);
  EXPECT_EQ(training_macs(small, everything()), 3 * forward - stem);
  // The rear trains too: only its weight gradients are new.
  EXPECT_EQ(training_macs(small, {.blocks = {"block2", "fc"}}), training_macs(small, only("block2")) + 640);
}

TEST(Cost, BatchNormAloneWantsEveryInputGradientAndNoWeightGradient) {
  const Tuned batchnorm{.blocks = {}, .batchnorm = true};
  const std::int64_t stem = std::int64_t{9} * 1024 * 3 * 16;
  EXPECT_EQ(training_macs(small, batchnorm), 2 * forward_macs(small) - stem);
  EXPECT_NEAR(saving_pct(small, batchnorm), 33.5, 0.3);
  EXPECT_EQ(parameter_count(small, batchnorm), 2 * (8 * 16 + (16 + 7 * 32) + (32 + 7 * 64) + 64));
  EXPECT_TRUE(small.trains(batchnorm, "bn.bias") && small.trains(batchnorm, "layer1.0.bn1"));
  EXPECT_FALSE(small.trains(batchnorm, "layer1.0.conv1.weight") || small.trains(batchnorm, "fc.bias"));
}

TEST(Cost, ParameterCountsAreThePapers) {
  EXPECT_EQ(parameter_count(small), 366'938);
  EXPECT_EQ(parameter_count(large), 383'713);
  EXPECT_EQ(parameter_count(small, only("block1")), 432 + 18'688);
  EXPECT_EQ(parameter_count(small, only("block2")), 69'600);
  EXPECT_EQ(parameter_count(small, only("block3")), 277'440);
  EXPECT_EQ(parameter_count(small, only("fc")), 650);
  // The final bn's 128 belong to no block.
  EXPECT_EQ(parameter_count(small, {.blocks = small.blocks()}), 366'938 - 128);
}

TEST(Cost, SavedActivationsAreThePublishedMegabytes) {
  const auto megabytes = [](const Tuned& tuned) { return static_cast<double>(saved_activation_bytes(small, tuned)) / 1e6; };
  const double tail = megabytes(only("block3")) - 0.295;
  EXPECT_NEAR(tail, 0.03, 0.005);
  const double rear = megabytes({.blocks = {"block2", "block3"}});
  EXPECT_NEAR(rear - megabytes(only("block3")), 0.59, 0.005);
  EXPECT_NEAR(megabytes({.blocks = {"block1", "block2", "block3"}}) - rear, 1.06, 0.005);
  EXPECT_EQ(saved_activation_bytes(small, {}), 0);
}

// Where nothing is frozen above what is trained; a frozen block keeps half of what autograd does.
TEST(Cost, SavedActivationsAreWhatAutogradKeeps) {
  for (const Architecture& network : {small, large}) {
    std::istringstream kept(testing::run_python({TBFT_SOURCE_DIR "/tests/unit/models/network.py", "saved",
                                                 std::to_string(network.spec.pixels), std::to_string(network.spec.classes)}));
    std::int64_t bytes = 0;
    ASSERT_TRUE(kept >> bytes);
    EXPECT_EQ(saved_activation_bytes(network, everything()), bytes);
    for (const auto& block : network.blocks()) {
      ASSERT_TRUE(kept >> bytes);
      std::int64_t frozen = 0;  // what only autograd keeps: the inputs of frozen convolutions that the gradient runs through
      for (const std::string other : {"block2", "block3"})
        if (block < other)
          frozen +=
              (saved_activation_bytes(network, {.blocks = {block, other}}) - saved_activation_bytes(network, only(block)));
      EXPECT_EQ(saved_activation_bytes(network, only(block)) + frozen, bytes) << block;
    }
  }
}

}  // namespace
}  // namespace tbft::models
