#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "harness/data/dataset.h"
#include "harness/data/image_header.h"
#include "harness/data/summary.h"
#include "tests/unit/harness/encoded_image.h"
#include "tests/unit/harness/temporary_folder.h"

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

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string replaced(std::string text, std::size_t at, std::string_view with) {
  return text.replace(at, with.size(), with);
}

class ImageFolder : public testing::Test {
 protected:
  void add(const std::string& name, std::string_view bytes) { write_file(folder_.path() / name, bytes); }
  std::string at(const std::string& name) const { return (folder_.path() / name).string(); }
  Images load(const std::string& params = "") const {
    return load_dataset(parse_dataset_spec("imagefolder:" + folder_.path().string() + params));
  }
  std::string error() const {
    return message_of<DataError>([&] { load(); });
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(ImageFolder, OrdersClassesAndFilesByTheBytesOfTheirNames) {
  add("b/x.png", encoded(".png", 2, 1, {1, 2, 3}));
  add("a/10.png", encoded(".png", 2, 1, {10, 0, 0}));
  add("a/9.PNG", encoded(".png", 2, 1, {9, 0, 0}));
  add("Z/y.png", encoded(".png", 2, 1, {4, 5, 6}));
  add("Z/notes.txt", "not an image, not read");
  add(".cache/hidden.png", "not a class");
  const auto images = load();
  EXPECT_THAT(images.class_names, ElementsAre("Z", "a", "b"));
  EXPECT_THAT(images.labels, ElementsAre(0, 1, 1, 2));
  EXPECT_EQ(images.height, 1);
  EXPECT_EQ(images.width, 2);
  EXPECT_THAT(images.image(0), ElementsAre(4, 5, 6, 4, 5, 6));
  EXPECT_EQ(images.image(1)[0], 10);
  EXPECT_EQ(images.image(2)[0], 9);
  EXPECT_THAT(images.image(3), ElementsAre(1, 2, 3, 1, 2, 3));
}

TEST_F(ImageFolder, DecodesJpegToRgb) {
  add("a/x.JPeG", encoded(".jpg", 32, 32));
  const auto images = load();
  EXPECT_NEAR(images.image(0)[0], 200, 3);
  EXPECT_NEAR(images.image(0)[1], 100, 3);
  EXPECT_NEAR(images.image(0)[2], 50, 3);
}

TEST_F(ImageFolder, MakesGreyAndTransparentImagesRgb) {
  std::vector<std::uint8_t> bytes;
  cv::imencode(".png", cv::Mat(1, 1, CV_8UC1, cv::Scalar(77)), bytes);
  add("a/1.png", std::string(bytes.begin(), bytes.end()));
  cv::imencode(".png", cv::Mat(1, 1, CV_8UC4, cv::Scalar(3, 2, 1, 0)), bytes);
  add("a/2.png", std::string(bytes.begin(), bytes.end()));
  EXPECT_THAT(load().pixels, ElementsAre(77, 77, 77, 1, 2, 3));
}

TEST_F(ImageFolder, IgnoresTheRotationThatExifAsksFor) {
  auto jpeg = encoded(".jpg", 8, 4);
  // APP1 with one IFD entry: orientation (0x0112) = 6, a quarter turn.
  const std::string exif(
      "\xFF\xE1\x00\x22"
      "Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0",
      36);
  add("a/x.jpg", jpeg.insert(2, exif));
  EXPECT_EQ(load().width, 8);
}

TEST_F(ImageFolder, TakesTheFirstFilesOfEachClassWithALimit) {
  for (const auto* name : {"a/1.png", "a/2.png", "a/3.png", "b/1.png"}) add(name, encoded(".png", 1, 1));
  EXPECT_THAT(load("?limit=2").labels, ElementsAre(0, 0, 1));
}

TEST_F(ImageFolder, NamesBothFilesAndSizesWhenSizesDiffer) {
  add("a/1.png", encoded(".png", 32, 32));
  add("b/2.png", encoded(".png", 32, 31));
  EXPECT_THAT(error(), AllOf(HasSubstr(at("b/2.png") + ": 32x31"), HasSubstr(at("a/1.png") + " has 32x32")));
}

TEST_F(ImageFolder, RefusesTruncatedFilesByName) {
  for (const std::string extension : {".jpg", ".png"}) {
    const auto whole = encoded(extension, 32, 32);
    for (const std::size_t size : {whole.size() - 1, whole.size() / 2, std::size_t{20}}) {
      add("a/x" + extension, std::string_view(whole).substr(0, size));
      EXPECT_THAT(error(), HasSubstr(at("a/x" + extension) + ": cut short")) << size;
    }
    fs::remove(at("a/x" + extension));
  }
}

TEST_F(ImageFolder, RefusesWhatIsNoImageByName) {
  add("a/x.jpg", "hello");
  EXPECT_THAT(error(), HasSubstr(at("a/x.jpg") + ": neither a JPEG nor a PNG image"));
  add("a/x.jpg", "");
  EXPECT_THAT(error(), HasSubstr(at("a/x.jpg") + ": neither a JPEG nor a PNG image"));
  // Image data replaced by zeros: the checksum of the chunk is wrong.
  const auto png = encoded(".png", 32, 32);
  add("a/x.jpg", replaced(png, png.find("IDAT") + 4, std::string(8, '\0')));
  EXPECT_THAT(error(), HasSubstr(at("a/x.jpg") + ": damaged"));
}

TEST_F(ImageFolder, RefusesHugeDimensionsBeforeDecoding) {
  auto png = encoded(".png", 1, 1);
  add("a/x.png", replaced(png, 16, std::string_view("\x7F\xFF\xFF\xFF\x7F\xFF\xFF\xFF", 8)));
  EXPECT_THAT(error(), HasSubstr("2147483647x2147483647 pixels, the limit is 4096"));
  auto jpeg = encoded(".jpg", 8, 8);
  add("a/x.png", replaced(jpeg, jpeg.find("\xFF\xC0") + 5, "\xFF\xFF\xFF\xFF"));
  EXPECT_THAT(error(), HasSubstr("65535x65535 pixels"));
}

TEST_F(ImageFolder, SaysWhatIsMissingInTheLayout) {
  EXPECT_THAT(error(), HasSubstr("no class folders"));
  add("x.png", encoded(".png", 1, 1));
  EXPECT_THAT(error(), HasSubstr("no class folders"));
  add("a/readme.txt", "");
  EXPECT_THAT(error(), HasSubstr(at("a") + ": no images"));
  EXPECT_THAT(message_of<DataError>([] { load_dataset(parse_dataset_spec("imagefolder:/no/such")); }), HasSubstr("/no/such: "));
}

TEST(ImageHeader, SkipsThumbnailsAndStuffedBytesOnItsWayToTheEndOfAJpeg) {
  const auto jpeg = encoded(".jpg", 24, 16);
  // A comment segment that itself holds a whole JPEG, end marker included.
  const auto length = 2 + jpeg.size();
  const std::string comment =
      std::string("\xFF\xFE") + static_cast<char>(length >> 8) + static_cast<char>(length & 0xFF) + jpeg;
  auto nested = jpeg;
  nested.insert(2, comment);
  const auto header = read_image_header(bytes_of(nested));
  EXPECT_EQ(header.width, 24);
  EXPECT_EQ(header.height, 16);
  nested.resize(nested.size() - 2);
  EXPECT_THAT(message_of<std::runtime_error>([&] { read_image_header(bytes_of(nested)); }), HasSubstr("cut short"));
}

TEST(ImageHeader, NeverReadsBeyondAnyPrefixOrFlippedByte) {
  for (const std::string extension : {".jpg", ".png"}) {
    const auto whole = encoded(extension, 16, 16);
    for (std::size_t i = 0; i < whole.size(); ++i) {
      EXPECT_THROW(read_image_header(bytes_of(whole.substr(0, i))), std::runtime_error);
      auto flipped = whole;
      flipped[i] = static_cast<char>(~flipped[i]);
      try {
        read_image_header(bytes_of(flipped));
      } catch (const std::runtime_error&) {  // most flips are errors; none is a crash
      }
    }
  }
}

}  // namespace
}  // namespace tbft::data
