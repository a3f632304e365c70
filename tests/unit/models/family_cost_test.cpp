// The cost model of the families beside what Python counts (family_oracle.py).
#include <gtest/gtest.h>

#include <sstream>

#include "models/cost.h"
#include "tests/unit/models/family_states.h"

namespace tbft::models {
namespace {

const std::vector<NetworkSpec> networks{
    {.depth = 53, .width = 0.5, .family = "mobilenet-v2", .variant = {}},
    {.depth = 53, .classes = 1000, .pixels = 224, .family = "mobilenet-v2", .variant = {}},
    {.depth = 6, .family = "vit", .variant = {}},
    {.depth = 3, .width = 2, .classes = 1000, .pixels = 224, .family = "vit", .variant = {}},
};

// torch keeps the inputs of frozen convolutions that a gradient runs through, but not those of frozen linear layers.
TEST(FamilyCost, MacsAndSavedActivationsOfEachBlockAreWhatPythonCounts) {
  std::istringstream counted(testing::oracle("cost", ".", networks));
  for (const NetworkSpec& spec : networks) {
    SCOPED_TRACE(fmt::format("{} x{}, {} px", spec.family, spec.width, spec.pixels));
    const Architecture network = describe(spec);
    std::int64_t bytes = 0;
    ASSERT_TRUE(counted >> bytes);
    EXPECT_EQ(saved_activation_bytes(network, {.blocks = {}, .everything = true}), bytes);
    for (const auto& block : network.blocks()) {
      ASSERT_TRUE(counted >> bytes);
      EXPECT_EQ(saved_activation_bytes(network, {.blocks = {block}}), bytes) << block;
    }
    for (const auto& block : network.blocks()) {
      std::string name;
      std::int64_t macs = 0;
      ASSERT_TRUE(counted >> name >> macs);
      EXPECT_EQ(name, block);
      EXPECT_EQ(forward_macs(network, block), macs) << block;
    }
  }
}

}  // namespace
}  // namespace tbft::models
