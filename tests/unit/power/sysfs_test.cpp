#include "tbft/power/sysfs_dir.h"

#include <gtest/gtest.h>

#include "tests/support/allocation_counter.h"
#include "tests/support/fake_tree.h"

namespace tbft::power {
namespace {

using testing::FakeTree;

SysfsFault fault_of(const SysfsDir& dir, const std::string& name) {
  try {
    dir.number(name);
  } catch (const SysfsError& error) {
    return error.fault;
  }
  return SysfsFault::none;
}

TEST(Sysfs, AnOpenAttributeShowsTheValueOfNowWithoutAllocating) {
  const FakeTree tree;
  tree.put("sys/a", "123\n");
  const SysfsAttribute attribute = SysfsDir(tree.roots.sys).open("a");
  EXPECT_EQ(attribute.number().value, 123);
  tree.put("sys/a", "-9223372036854775808\n");
  const auto before = testing::allocations();
  EXPECT_EQ(attribute.number().value, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(testing::allocations(), before);
}

TEST(Sysfs, WhatIsNoNumberIsToldFromWhatIsNotThereAndFromWhatIsForbidden) {
  const FakeTree tree;
  const SysfsDir dir(tree.roots.sys);
  for (const std::string& text :
       std::vector<std::string>{"", "\n", "1.5", "12 34", "0x10", "99999999999999999999", "one", std::string(5000, '1')}) {
    tree.put("sys/a", text);
    EXPECT_EQ(fault_of(dir, "a"), SysfsFault::unparsable) << text.substr(0, 40);
    EXPECT_EQ(dir.open("a").number().fault, SysfsFault::unparsable) << text.substr(0, 40);
  }
  EXPECT_EQ(fault_of(dir, "b"), SysfsFault::missing);
  tree.put("sys/c", "1");
  tree.forbid("sys/c");
  const testing::WithoutRights user;
  EXPECT_EQ(fault_of(dir, "c"), SysfsFault::no_permission);
  EXPECT_FALSE(dir.maybe_number("c"));
}

TEST(Sysfs, AReadThatTheKernelRefusesIsAnIoFault) {
  // A folder opens but cannot be read: EISDIR stands for what a driver may say.
  const FakeTree tree;
  tree.put("sys/folder/x", "1");
  EXPECT_EQ(SysfsDir(tree.roots.sys).open("folder").number().fault, SysfsFault::io);
}

TEST(Sysfs, NamesAreSortedAndAMissingFolderHasNone) {
  const FakeTree tree;
  tree.put("sys/d/b", "");
  tree.put("sys/d/a", "");
  EXPECT_EQ(SysfsDir(tree.roots.sys / "d").names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(SysfsDir(tree.roots.sys / "e").names().empty());
}

}  // namespace
}  // namespace tbft::power
