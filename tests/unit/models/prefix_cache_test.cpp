#include "models/prefix_cache.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

#include <array>
#include <stdexcept>

namespace tbft::models {
namespace {

TEST(PrefixCache, GivesSamplesBackInAnyOrderAndTheirLayout) {
  for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
    const auto maps = at::randn({5, 4, 3, 2}).contiguous(format);
    PrefixCache cache(5, StoredAs::float32, {});
    cache.append(maps.slice(0, 0, 3));
    cache.append(maps.slice(0, 3, 5));
    const std::array<std::int64_t, 3> wanted{4, 0, 3};
    const auto got = cache.gather(wanted);
    EXPECT_TRUE(got.is_contiguous(format));
    EXPECT_TRUE(at::equal(got, maps.index_select(0, at::tensor({4, 0, 3}, at::kLong))));
  }
}

TEST(PrefixCache, RefusesAnotherShapeAndTooManySamples) {
  PrefixCache cache(3, StoredAs::float32, {});
  cache.append(at::zeros({2, 8}));
  EXPECT_THROW(cache.append(at::zeros({1, 9})), std::invalid_argument);
  EXPECT_THROW(cache.append(at::zeros({2, 8})), std::invalid_argument);
  EXPECT_THROW(cache.append(at::zeros({1, 8}, at::kDouble)), std::invalid_argument);
  EXPECT_EQ(cache.bytes(), 3 * 8 * 4);
}

}  // namespace
}  // namespace tbft::models
