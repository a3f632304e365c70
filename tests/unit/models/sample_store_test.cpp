#include "models/sample_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/scoped_environment.h"
#include "tests/unit/models/files.h"

namespace tbft::models {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryFolder;

std::vector<float> sample(std::int64_t i, std::size_t n) {
  std::vector<float> values(n);
  for (std::size_t k = 0; k < n; ++k)
    values[k] = static_cast<float>(std::sin(static_cast<double>(i) * 3 + static_cast<double>(k)));
  return values;
}

TEST(SampleStore, GivesBackEveryBitInMemoryAndInAFile) {
  for (const std::int64_t memory_bytes : {std::int64_t{1} << 20, std::int64_t{0}}) {
    SampleStore store(5, 7, StoredAs::float32, {.memory_bytes = memory_bytes});
    EXPECT_EQ(store.in_file(), memory_bytes == 0);
    EXPECT_EQ(store.bytes(), 5 * 7 * 4);
    for (const std::int64_t i : {4, 0, 2, 1, 3}) store.put(i, sample(i, 7).data());
    std::vector<float> got(7);
    for (std::int64_t i = 0; i < 5; ++i) {
      store.get(i, got.data());
      EXPECT_EQ(got, sample(i, 7)) << i;
    }
  }
}

TEST(SampleStore, RoundsToTheNearestBfloat16) {
  SampleStore store(1, 6, StoredAs::bfloat16, {});
  EXPECT_EQ(store.bytes(), 12);
  const float infinity = std::numeric_limits<float>::infinity();
  // 1 + 2^-8 lies in the middle of two bfloat16 values: the even one is 1. Behind it, the next one is nearer.
  const std::vector<float> values{1.0F, 1.0F + 0x1p-8F, 1.0F + 0x1.8p-8F, -3.140625F, infinity, std::nanf("")};
  store.put(0, values.data());
  std::vector<float> got(6);
  store.get(0, got.data());
  EXPECT_EQ(got[0], 1.0F);
  EXPECT_EQ(got[1], 1.0F);
  EXPECT_EQ(got[2], 1.0F + 0x1p-7F);
  EXPECT_EQ(got[3], -3.140625F);
  EXPECT_EQ(got[4], infinity);
  EXPECT_TRUE(std::isnan(got[5]));
}

TEST(SampleStore, LeavesNoFileBehind) {
  const TemporaryFolder scratch;
  const std::filesystem::path folder = scratch / "";
  const SampleStore store(10, 10, StoredAs::float32, {.memory_bytes = 0, .folder = folder});
  EXPECT_TRUE(std::filesystem::is_empty(folder)) << "its file has no name, so that a kill leaves none";
}

TEST(SampleStore, AStaleTmpdirMattersOnlyToAStoreThatNeedsAFile) {
  const test::ScopedEnvironment stale("TMPDIR", "/nowhere/stale");
  EXPECT_NO_THROW(SampleStore(5, 7, StoredAs::float32, {}));
  std::string what;
  try {
    const SampleStore store(5, 7, StoredAs::float32, {.memory_bytes = 0});
  } catch (const std::runtime_error& error) {
    what = error.what();
  }
  EXPECT_THAT(what, HasSubstr("of activations in TMPDIR=/nowhere/stale: "));
}

TEST(SampleStore, SaysWhatItCouldNotKeepWhere) {
  try {
    const SampleStore store(1 << 20, 4, StoredAs::float32, {.memory_bytes = 0, .folder = "/nowhere"});
    FAIL() << "accepted";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("16 MiB of activations in /nowhere: No such file or directory; train.cache = bf16"));
  }
}

TEST(SampleStore, RefusesWhatItDoesNotHave) {
  SampleStore store(2, 3, StoredAs::float32, {});
  std::vector<float> values(3);
  EXPECT_THROW(store.get(2, values.data()), std::out_of_range);
  EXPECT_THROW(store.put(-1, values.data()), std::out_of_range);
  EXPECT_THROW(SampleStore(0, 3, StoredAs::float32, {}), std::invalid_argument);
}

}  // namespace
}  // namespace tbft::models
