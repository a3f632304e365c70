#include "models/checkpoint/archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/checkpoint/state_dict.h"
#include "tests/unit/models/files.h"

namespace tbft::models {
namespace {

using namespace testing;  // the helpers of files.h
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string text_of(const std::vector<std::byte>& bytes) {
  std::string out;
  for (const std::byte byte : bytes) out += static_cast<char>(byte);
  return out;
}

std::string refusal(Archive& archive, std::string_view entry) {
  try {
    archive.read(entry);
  } catch (const CheckpointError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Archive, ReadsStoredAndCompressedEntriesByName) {
  const TemporaryFolder scratch;
  for (const bool deflate : {false, true}) {
    write_zip(scratch / "x.zip", {{"b", std::string(1000, 'b')}, {"a/long name", "text"}, {"none", ""}}, deflate);
    Archive archive(scratch / "x.zip");
    EXPECT_THAT(archive.entries(), ElementsAre("a/long name", "b", "none"));
    EXPECT_EQ(archive.size("b"), 1000U);
    EXPECT_EQ(text_of(archive.read("b")), std::string(1000, 'b'));
    EXPECT_EQ(text_of(archive.read("a/long name")), "text");
    EXPECT_EQ(text_of(archive.read("none")), "");
    EXPECT_THAT(refusal(archive, "c"), HasSubstr("has no entry c"));
  }
}

TEST(Archive, AZipBombIsRefusedBySizeAlone) {
  const TemporaryFolder scratch;
  write_zip(scratch / "bomb.zip", {{"zeros", std::string(Archive::max_inflated + 1, '\0')}}, true);
  ASSERT_LT(std::filesystem::file_size(scratch / "bomb.zip"), 1U << 20U);
  Archive archive(scratch / "bomb.zip");
  EXPECT_THAT(refusal(archive, "zeros"), HasSubstr("compressed entries may take 256 MiB together"));
}

TEST(Archive, CompressedEntriesShareOneBudget) {
  const TemporaryFolder scratch;
  const std::string half(Archive::max_inflated / 2 + 1, '\0');
  write_zip(scratch / "bomb.zip", {{"a", half}, {"b", half}}, true);
  Archive archive(scratch / "bomb.zip");
  EXPECT_EQ(refusal(archive, "a"), "accepted");
  EXPECT_THAT(refusal(archive, "b"), HasSubstr("256 MiB"));
}

TEST(Archive, AnEntryThatClaimsMoreThanTheFileIsRefused) {
  const TemporaryFolder scratch;
  write_zip(scratch / "x.zip", {{"a", "text"}});
  std::string bytes = content(scratch / "x.zip");
  const std::size_t directory = bytes.find("PK\x01\x02");
  for (const std::size_t size : {20U, 24U}) bytes.replace(directory + size, 4, "\xff\xff\xff\x7f");  // both sizes of the entry
  try {
    Archive archive(std::as_bytes(std::span(bytes)), "x.zip");
    EXPECT_THAT(refusal(archive, "a"), HasSubstr("more than the file has"));
  } catch (const CheckpointError& error) {
    EXPECT_THAT(error.what(), HasSubstr("truncated or damaged"));  // libzip may see it when it opens the file
  }
}

TEST(Archive, TwoEntriesOfOneNameAreRefused) {
  const TemporaryFolder scratch;
  write_zip(scratch / "x.zip", {{"a1", "text"}, {"a2", "text"}});
  std::string bytes = content(scratch / "x.zip");
  for (std::size_t at = bytes.find("a2"); at != std::string::npos; at = bytes.find("a2")) bytes[at + 1] = '1';
  try {
    const Archive archive(std::as_bytes(std::span(bytes)), "x.zip");
    FAIL() << "accepted";
  } catch (const CheckpointError& error) {
    EXPECT_STREQ(error.what(), "x.zip: two entries are named a1");
  }
}

}  // namespace
}  // namespace tbft::models
