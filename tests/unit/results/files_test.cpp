#include "results/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <future>
#include <string>
#include <system_error>

#include "tests/unit/results/sample.h"

namespace tbft::results {
namespace {

namespace fs = std::filesystem;
using tbft::test::write_file;
using test::content;
using test::TemporaryFolder;

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

void put(Output& output, const std::string& text) {
  write_file(output.staged(), text);
}

TEST(WriteFile, ALinkGoesOnPointingToTheFileThatIsWritten) {
  const TemporaryFolder folder;
  write_file(folder / "target", "old");
  fs::create_symlink("target", folder / "link");
  fs::create_symlink("link", folder / "link-to-link");
  write_file_atomically(folder / "link-to-link", "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link-to-link"));
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(content(folder / "target"), "new");
  EXPECT_EQ(files_in(folder.path()), 3U) << "temporary files are left";
}

TEST(WriteFile, ALinkToNothingMakesWhatItPointsTo) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "sub");
  fs::create_symlink("sub/target", folder / "link");
  write_file_atomically(folder / "link", "new");
  EXPECT_EQ(content(folder / "sub/target"), "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
}

TEST(WriteFile, LinksInACircleAreAnError) {
  const TemporaryFolder folder;
  fs::create_symlink("b", folder / "a");
  fs::create_symlink("a", folder / "b");
  EXPECT_THROW(write_file_atomically(folder / "a", "x"), std::system_error);
}

TEST(WriteFile, AFileThatIsReplacedKeepsItsMode) {
  const TemporaryFolder folder;
  write_file(folder / "secret", "old");
  fs::permissions(folder / "secret", fs::perms(0600));
  write_file_atomically(folder / "secret", "new");
  EXPECT_EQ(fs::status(folder / "secret").permissions(), fs::perms(0600));
  EXPECT_EQ(content(folder / "secret"), "new");
}

TEST(WriteFile, APipeIsWrittenTo) {
  const TemporaryFolder folder;
  const auto pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(is_stream(pipe));
  auto reader = std::async(std::launch::async, [&] { return content(pipe); });
  write_file_atomically(pipe, "text");
  EXPECT_EQ(reader.get(), "text");
  EXPECT_TRUE(fs::is_fifo(pipe));
}

TEST(WriteFile, ADeviceIsWrittenToAndItsFailureTold) {
  EXPECT_NO_THROW(write_file_atomically("/dev/null", "text"));
  EXPECT_THROW(write_file_atomically("/dev/full", "text"), std::system_error);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

// As `tbft report ... -o /dev/stdout >>file` with something in the file already.
TEST(WriteFile, AnOpenDescriptorIsWrittenWhereItStands) {
  const TemporaryFolder folder;
  const int fd = ::open((folder / "file").c_str(), O_WRONLY | O_CREAT, 0644);
  ASSERT_EQ(::write(fd, "first ", 6), 6);
  for (const std::string name : {"/dev/fd/", "/proc/self/fd/"}) {
    const fs::path path = name + std::to_string(fd);
    EXPECT_TRUE(is_stream(path));
    write_file_atomically(path, "more ");
  }
  fs::create_symlink("/dev/fd/" + std::to_string(fd), folder / "link");
  write_file_atomically(folder / "link", "last");
  ::close(fd);
  EXPECT_EQ(content(folder / "file"), "first more more last");
}

TEST(WriteFile, AStatusForAPipeThatNobodyReadsIsNotWaitedFor) {
  const TemporaryFolder folder;
  const auto pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_NO_THROW(write_file_atomically(pipe, "status", Durable::no));
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  for (int i = 0; i < 100'000; ++i) write_file_atomically(pipe, "status", Durable::no);  // more than it holds
  std::array<char, 6> first{};
  EXPECT_EQ(::read(reader, first.data(), first.size()), 6);
  EXPECT_EQ(std::string(first.data(), first.size()), "status");
  ::close(reader);
}

TEST(OutputFile, AppearsWhenItIsCommittedAndLeavesNothingElse) {
  const TemporaryFolder folder;
  {
    Output output(folder / "x");
    put(output, "new");
    EXPECT_FALSE(fs::exists(folder / "x"));
    output.commit();
    EXPECT_EQ(content(folder / "x"), "new");
    Output given_up(folder / "x");
    put(given_up, "bad");
  }
  EXPECT_EQ(content(folder / "x"), "new");
  EXPECT_EQ(files_in(folder.path()), 1U);
}

TEST(OutputFile, ReachesAStreamWhenItIsCommitted) {
  const TemporaryFolder folder;
  const int fd = ::open((folder / "file").c_str(), O_WRONLY | O_CREAT, 0644);
  {
    Output output("/dev/fd/" + std::to_string(fd));
    put(output, std::string(200'000, 'x'));
    output.commit();
  }
  ::close(fd);
  EXPECT_EQ(content(folder / "file"), std::string(200'000, 'x'));
  EXPECT_EQ(files_in(folder.path()), 1U);
}

TEST(OutputFile, CannotBeMadeWhereThereIsNoFolder) {
  const TemporaryFolder folder;
  EXPECT_THROW(Output((folder / "none") / "x"), std::system_error);
}

}  // namespace
}  // namespace tbft::results
