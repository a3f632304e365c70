#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "harness/data/dataset.h"
#include "harness/data/pixel_cache.h"
#include "tests/support/files.h"
#include "tests/support/message_of.h"
#include "tests/support/scoped_environment.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/harness/encoded_image.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;
using test::encoded;
using test::message_of;
using test::TemporaryFolder;
using test::write_file;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// A folder of images whose pixels are kept in a cache folder beside it.
class KeptPixels : public testing::Test {
 protected:
  KeptPixels() {
    for (int i = 0; i < 4; ++i) add(i < 2 ? "a" : "b", i, 10 * i);
  }
  void add(const std::string& name, int i, int red) {
    write_file(folder_ / ("images/" + name + "/" + std::to_string(i) + ".png"), encoded(".png", 3, 2, {red, 0, 0}));
  }
  fs::path cache() const { return folder_ / "cache"; }
  Images load(const std::string& params = "") const {
    return load_dataset(
        parse_dataset_spec("imagefolder:" + (folder_ / "images").string() + "?cache=" + cache().string() + params));
  }
  Images load_from_memory() const {
    return load_dataset(parse_dataset_spec("imagefolder:" + (folder_ / "images").string() + "?cache=none"));
  }
  // The files of the cache with this extension, each with its inode: another inode is another file.
  std::vector<fs::path> files(const std::string& extension) const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(cache()))
      if (entry.path().extension() == extension) found.push_back(entry.path());
    return found;
  }
  fs::path pixels() const { return files(".pixels").at(0); }
  // Marks the kept file: a later call that decodes again replaces it.
  void mark() const { fs::create_hard_link(pixels(), folder_ / "mark"); }
  bool is_replaced() const { return !fs::equivalent(pixels(), folder_ / "mark"); }
  void expect_right(const Images& images) const {
    const auto wanted = load_from_memory();
    EXPECT_FALSE(wanted.pixels.is_mapped());
    EXPECT_TRUE(images.pixels.is_mapped());
    EXPECT_EQ(images.pixels, wanted.pixels);
    EXPECT_EQ(images.labels, wanted.labels);
    EXPECT_EQ(images.class_names, wanted.class_names);
  }

  TemporaryFolder folder_;
};

TEST_F(KeptPixels, AreDecodedOnceAndMappedAfterwards) {
  expect_right(load());
  mark();
  expect_right(load());
  EXPECT_FALSE(is_replaced());
  EXPECT_EQ(fs::file_size(pixels()), 4U * 18U);
  EXPECT_EQ(std::distance(fs::directory_iterator(cache()), fs::directory_iterator()), 2) << "no temporary file is left";
}

TEST_F(KeptPixels, AreMadeAgainWhereASourceChanged) {
  load();
  mark();
  add("a", 0, 99);
  fs::last_write_time(folder_ / "images/a/0.png", fs::file_time_type::clock::now() + std::chrono::seconds(2));
  const auto images = load();
  EXPECT_TRUE(is_replaced());
  EXPECT_EQ(images.image(0)[0], 99);
  expect_right(images);
}

TEST_F(KeptPixels, AreMadeAgainWhereTwoFilesOfOneSizeAndTimeChangePlaces) {
  const auto first = folder_ / "images/a/1.png", second = folder_ / "images/b/3.png";
  ASSERT_EQ(fs::file_size(first), fs::file_size(second));
  fs::last_write_time(second, fs::last_write_time(first));
  expect_right(load());
  fs::rename(first, folder_ / "kept.png");
  fs::rename(second, first);
  fs::rename(folder_ / "kept.png", second);
  expect_right(load());
}

TEST_F(KeptPixels, AreMadeAgainWhereAFileIsNewOrGone) {
  load();
  add("b", 9, 90);
  EXPECT_EQ(load().size(), 5);
  fs::remove(folder_ / "images/a/0.png");
  const auto images = load();
  EXPECT_EQ(images.size(), 4);
  EXPECT_EQ(images.image(3)[0], 90);
  expect_right(images);
}

TEST_F(KeptPixels, AreMadeAgainWhereTheFileIsCutShortOrDamaged) {
  load();
  fs::resize_file(pixels(), 40);
  expect_right(load());
  std::fstream(pixels(), std::ios::in | std::ios::out | std::ios::binary).seekp(20).put('x');
  expect_right(load());
  fs::remove(pixels());
  expect_right(load());
  for (const auto* text : {"", "{}", "[1]", "{\"notes\": 3}", R"({"notes": [], "left_out": [99], "sha256": ""})"}) {
    write_file(files(".json").at(0), text);
    expect_right(load());
  }
}

TEST_F(KeptPixels, AreOthersForOtherParameters) {
  load();
  const auto cropped = load("&crop=2");
  EXPECT_EQ(cropped.width, 2);
  EXPECT_EQ(load("&limit=1").size(), 2);
  EXPECT_EQ(files(".pixels").size(), 3U);
  mark();
  EXPECT_THAT(load("&classes=b,a").labels, ElementsAre(1, 1, 0, 0));
  EXPECT_EQ(files(".pixels").size(), 3U) << "labels are not kept";
}

TEST_F(KeptPixels, RememberWhatWasLeftOutAndSaid) {
  write_file(folder_ / "images/a/1.png", "hello");
  for (int i = 0; i < 2; ++i) {
    const auto images = load("&skip_damaged=true");
    EXPECT_THAT(images.labels, ElementsAre(0, 1, 1));
    EXPECT_EQ(images.pixels.size(), 3U * 18U);
    EXPECT_EQ(images.image(1)[0], 20);
    EXPECT_THAT(images.notes, ElementsAre(HasSubstr("1 damaged image is left out")));
    if (i == 0) mark();
  }
  EXPECT_FALSE(is_replaced());
  EXPECT_THAT(message_of<DataError>([&] { load(); }), HasSubstr("1.png"));
}

TEST_F(KeptPixels, AreWrittenAfterWhatAKilledProcessLeftIsRemoved) {
  const auto file = [&](const std::string& name, std::chrono::minutes age) {
    write_file(cache() / name, "unfinished");
    fs::last_write_time(cache() / name, fs::file_time_type::clock::now() - age);
    return cache() / name;
  };
  const auto left = file("0123456789abcdef.pixels.Ab12Cd", std::chrono::minutes(5));
  const auto just_made = file("0123456789abcdef.pixels.Ef34Gh", std::chrono::minutes(0));
  const auto being_written = file("0123456789abcdef.pixels.Ij56Kl", std::chrono::minutes(5));
  const auto of_the_user = file("holiday.pixels.Ab12Cd", std::chrono::minutes(5));
  const auto finished = file("0123456789abcdef.pixels", std::chrono::minutes(5));
  const int writer = ::open(being_written.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(writer, LOCK_EX), 0);
  expect_right(load());
  EXPECT_FALSE(fs::exists(left));
  for (const auto& kept : {just_made, being_written, of_the_user, finished}) EXPECT_TRUE(fs::exists(kept)) << kept;
  ::close(writer);
  load("&crop=2");  // decodes, too
  EXPECT_FALSE(fs::exists(being_written)) << "its writer has ended";
}

TEST_F(KeptPixels, AreLockedWhileTheyAreWritten) {
  // A damaged image ends the decoding after the file was made; until then another program must not take it for left.
  const auto decode = [&](std::uint8_t*) -> Decoded {
    for (const auto& entry : fs::directory_iterator(cache())) {
      const int file = ::open(entry.path().c_str(), O_RDWR | O_CLOEXEC);
      EXPECT_NE(::flock(file, LOCK_EX | LOCK_NB), 0) << entry.path();
      ::close(file);
    }
    throw DataError("damaged");
  };
  Pixels kept;
  const PixelCache pixel_cache{.folder = cache(), .name = "0123456789abcdef", .sources = "x"};
  EXPECT_THROW(pixel_cache.load_or_decode({.files = 1, .image_bytes = 3, .decode = decode}, kept), DataError);
  EXPECT_TRUE(fs::is_empty(cache()));
}

TEST_F(KeptPixels, StayMappedWhileOthersReplaceThem) {
  const auto images = load();
  add("a", 0, 99);
  fs::last_write_time(folder_ / "images/a/0.png", fs::file_time_type::clock::now() + std::chrono::seconds(2));
  load();
  EXPECT_EQ(images.image(0)[0], 0);
  EXPECT_EQ(images.image(3)[0], 30);
}

TEST_F(KeptPixels, AreCopiedBeforeADriftChangesThem) {
  const auto spec = "drifted:imagefolder:" + (folder_ / "images").string() + "?cache=" + cache().string();
  const auto turned = load_dataset(parse_dataset_spec(spec + "&condition=hue-120"));
  EXPECT_FALSE(turned.pixels.is_mapped());
  EXPECT_NE(turned.pixels, load().pixels);
  expect_right(load());
  EXPECT_TRUE(load_dataset(parse_dataset_spec(spec + "&condition=flip")).pixels.is_mapped());
}

TEST_F(KeptPixels, NeedAFolderThatCanBeWritten) {
  write_file(cache(), "a file");
  EXPECT_THAT(message_of<DataError>([&] { load(); }), AllOf(HasSubstr(cache().string() + ": the decoded images cannot be kept"),
                                                            HasSubstr("?cache=DIR"), HasSubstr("?cache=none")));
}

TEST_F(KeptPixels, AreNotKeptWhereTheyAreFew) {
  const auto images = load_dataset(parse_dataset_spec("imagefolder:" + (folder_ / "images").string()));
  EXPECT_FALSE(images.pixels.is_mapped());
}

TEST(UserCacheFolder, FollowsTheBaseDirectorySpecification) {
  const auto with = [](const char* cache, const char* home) {
    const test::ScopedEnvironment of_cache("XDG_CACHE_HOME", cache), of_home("HOME", home);
    return user_cache_folder().string();
  };
  EXPECT_EQ(with("/var/cache/me", "/home/me"), "/var/cache/me/tbft");
  EXPECT_EQ(with(nullptr, "/home/me"), "/home/me/.cache/tbft");
  EXPECT_EQ(with("relative", "/home/me"), "/home/me/.cache/tbft") << "a relative path is invalid there";
  EXPECT_EQ(with(nullptr, nullptr), "");
}

}  // namespace
}  // namespace tbft::data
