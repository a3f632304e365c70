#include "harness/training/memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>
#include <string>
#include <vector>

#include "harness/training/compute.h"

namespace {

using namespace tbft;

constexpr std::size_t block_bytes = std::size_t{64} << 20;
constexpr double block_MiB = 64;

double resident_MiB() {
  std::ifstream in("/proc/self/statm");
  double all = 0, resident = 0;
  in >> all >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1024 * 1024);
}

// Of mapped files.
double resident_files_MiB() {
  std::ifstream in("/proc/self/status");
  for (std::string word; in >> word;)
    if (double kiB = 0; word == "RssFile:" && in >> kiB) return kiB / 1024;
  return 0;
}

// Writes to every page.
void allocate_and_free(std::size_t bytes) {
  const std::vector<char> block(bytes, '\1');
  ASSERT_EQ(block.back(), '\1');
}

// libtorch and the libraries behind it touch tens of MiB of their files when they start. First of all tests, because it is so
// once.
TEST(Memory, CodeOfTheStartIsUnmappedAndRunsAgain) {
  const double before_MiB = resident_files_MiB();
  EXPECT_GT(before_MiB, 20);
  hand_back_memory();
  EXPECT_LT(resident_files_MiB(), 0.5 * before_MiB);
  EXPECT_FALSE(libtorch_version().empty());
  EXPECT_EQ(set_compute({1, "auto"}).threads, 1);
}

// What a step frees is not given back by itself: the kernel would zero it again in the next step.
TEST(Memory, FreedBlocksStayUntilTheyAreHandedBack) {
  set_compute({1, "auto"});
  hand_back_memory();
  const double before_MiB = resident_MiB();
  allocate_and_free(block_bytes);
  EXPECT_GT(resident_MiB(), before_MiB + 0.9 * block_MiB);
  hand_back_memory();
  EXPECT_LT(resident_MiB(), before_MiB + 0.1 * block_MiB);
}

// Freed blocks serve for smaller and for larger ones, so the heap does not grow with the number of sizes, or with the rounds.
TEST(Memory, FreedBlocksAreJoined) {
  hand_back_memory();
  const double before_MiB = resident_MiB();
  const auto run = [](std::size_t rounds) {
    for (std::size_t round = 0; round < rounds; ++round) {
      const std::size_t parts = round % 4 + 1;
      std::vector<std::vector<char>> blocks;
      for (std::size_t part = 0; part < parts; ++part) blocks.emplace_back(block_bytes / parts, '\1');
    }
  };
  run(20);
  const double joined_MiB = resident_MiB();
  EXPECT_LT(joined_MiB, before_MiB + 3 * block_MiB) << "half of the heap may be gaps, as blocks are cut from any freed one";
  run(40);
  EXPECT_LT(resident_MiB(), joined_MiB + 0.1 * block_MiB);
  hand_back_memory();
}

// By default jemalloc cuts a block only from a freed one of at most 64 times its size. The heap of MobileNetV2 grew with every
// step.
TEST(Memory, SmallBlocksAreCutFromAFarLargerFreedOne) {
  constexpr std::size_t small_bytes = block_bytes / 128;
  hand_back_memory();
  allocate_and_free(block_bytes);
  const double freed_MiB = resident_MiB();
  std::vector<std::vector<char>> blocks;
  for (int i = 0; i < 64; ++i) blocks.emplace_back(small_bytes, '\1');
  EXPECT_LT(resident_MiB(), freed_MiB + 0.1 * block_MiB) << "half a block of new memory";
  blocks.clear();
  hand_back_memory();
}

}  // namespace
