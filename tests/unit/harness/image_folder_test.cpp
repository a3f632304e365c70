#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "harness/data/dataset.h"
#include "harness/data/image_header.h"
#include "harness/data/summary.h"
#include "tests/support/files.h"
#include "tests/support/message_of.h"
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

// A TIFF structure with one entry: orientation (0x0112).
std::string tiff_with(char orientation, bool little) {
  using std::string_literals::operator""s;
  return little ? "II\x2A\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"s + orientation + "\0\0\0\0\0\0\0"s
                : "MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"s + orientation + "\0\0\0\0\0\0"s;
}

// Red, green and blue bars of 8 px in the upper half, black below, stored so that the orientation makes it upright again.
cv::Mat bars() {
  cv::Mat image(32, 24, CV_8UC3, cv::Scalar(0, 0, 0));
  image(cv::Rect(0, 0, 8, 16)) = cv::Scalar(0, 0, 255);
  image(cv::Rect(8, 0, 8, 16)) = cv::Scalar(0, 255, 0);
  image(cv::Rect(16, 0, 8, 16)) = cv::Scalar(255, 0, 0);
  return image;
}
// What a camera stores for each orientation (EXIF 2.32, 4.6.4 A: where the stored row 0 and column 0 are seen).
cv::Mat stored_for(int orientation) {
  cv::Mat image = bars();
  if (orientation == 2 || orientation == 7) cv::flip(image, image, 1);
  if (orientation == 3) cv::rotate(image, image, cv::ROTATE_180);
  if (orientation == 4 || orientation == 5) cv::flip(image, image, 0);
  if (orientation == 5) cv::rotate(image, image, cv::ROTATE_90_CLOCKWISE);         // row 0 is the left side
  if (orientation == 6) cv::rotate(image, image, cv::ROTATE_90_COUNTERCLOCKWISE);  // row 0 is the right side
  if (orientation == 7) cv::rotate(image, image, cv::ROTATE_90_COUNTERCLOCKWISE);
  if (orientation == 7) cv::rotate(image, image, cv::ROTATE_180);
  if (orientation == 8) cv::rotate(image, image, cv::ROTATE_90_CLOCKWISE);
  return image;
}

TEST_F(ImageFolder, TurnsAsExifSaysAndSaysSo) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const auto tiff = tiff_with(static_cast<char>(orientation), orientation % 2 == 0);
    auto jpeg = encoded(".jpg", stored_for(orientation));
    const auto length = 2 + 6 + tiff.size();
    jpeg.insert(2, std::string("\xFF\xE1") + '\0' + static_cast<char>(length) + std::string("Exif\0\0", 6) + tiff);
    add("a/x.jpg", jpeg);
    const auto images = load();
    EXPECT_EQ(images.width, 24) << orientation;
    const auto level = [&](int x, int y, std::size_t c) {
      return images.image(0)[static_cast<std::size_t>(y * 24 + x) * 3 + c];
    };
    EXPECT_GT(level(3, 3, 0), 200) << orientation << ": red is at the upper left";
    EXPECT_GT(level(12, 3, 1), 200) << orientation;
    EXPECT_GT(level(20, 3, 2), 200) << orientation << ": blue is at the upper right";
    EXPECT_LT(level(12, 28, 1), 50) << orientation << ": black is below";
    if (orientation == 1)
      EXPECT_THAT(images.notes, testing::IsEmpty());
    else
      EXPECT_THAT(images.notes, ElementsAre(HasSubstr("1 image is turned as the EXIF orientation says: " + at("a/x.jpg"))));
  }
}

TEST_F(ImageFolder, AnExifSegmentThatMakesNoSenseTurnsNothing) {
  const auto jpeg = encoded(".jpg", 8, 4);
  const auto tiff = tiff_with(6, false);
  for (std::size_t size = 0; size < tiff.size(); ++size) {
    auto cut = jpeg;
    const auto length = 2 + 6 + size;
    add("a/x.jpg", cut.insert(2, std::string("\xFF\xE1") + '\0' + static_cast<char>(length) + std::string("Exif\0\0", 6) +
                                     tiff.substr(0, size)));
    const auto images = load();
    EXPECT_EQ(images.width == 8, size < 20) << size;  // the value is its bytes 18 and 19
  }
}

TEST_F(ImageFolder, SaysWhichPicturesAreLeftOut) {
  add("a/1.png", encoded(".png", 1, 1));
  EXPECT_THAT(load().notes, testing::IsEmpty());
  add("a/2.bmp", encoded(".bmp", 1, 1));
  add("a/more/3.png", encoded(".png", 1, 1));
  add("a/._1.png", "macOS");
  add("b/4.PNG", encoded(".png", 1, 1));
  add("b/5.webp", "RIFF");
  add("6.jpg", encoded(".jpg", 1, 1));
  add("__MACOSX/a/._1.png", "macOS");
  const auto images = load();
  EXPECT_THAT(images.class_names, ElementsAre("a", "b"));
  EXPECT_EQ(images.size(), 2);
  EXPECT_THAT(images.notes,
              testing::UnorderedElementsAre(
                  AllOf(HasSubstr(at("a/2.bmp")), HasSubstr(at("b/5.webp")), HasSubstr("only .jpg, .jpeg and .png are read")),
                  AllOf(HasSubstr(at("a/more")), HasSubstr("directly in the class folder")), HasSubstr(at("6.jpg")),
                  HasSubstr(at("__MACOSX"))));
}

TEST_F(ImageFolder, RefusesSixteenBitsThatHoldEight) {
  const auto grey = [&](const std::string& name, int value) {
    add(name, encoded(".png", cv::Mat(2, 2, CV_16UC1, cv::Scalar(value))));
  };
  grey("a/1.png", 255);
  grey("a/2.png", 130);
  EXPECT_THAT(error(), AllOf(HasSubstr(at("a/1.png")), HasSubstr("no value of these 16-bit images is over 255 of 65535")));
  grey("a/2.png", 4095);  // 12 bits of a camera
  EXPECT_THAT(load().notes, ElementsAre(AllOf(HasSubstr("4095 of 65535"), HasSubstr("dark"))));
  grey("a/2.png", 0xAB00 + 77);
  const auto images = load();
  EXPECT_THAT(images.notes, testing::IsEmpty());
  EXPECT_EQ(images.image(1)[0], 0xAB);
  EXPECT_EQ(images.image(0)[0], 0);
}

// Noise, so that most of the file is coded data.
std::string noisy_jpeg(const std::vector<int>& params = {}) {
  cv::Mat noise(32, 32, CV_8UC3);
  cv::RNG(1).fill(noise, cv::RNG::UNIFORM, 0, 256);
  std::vector<std::uint8_t> bytes;
  cv::imencode(".jpg", noise, bytes, params);
  return {bytes.begin(), bytes.end()};
}

TEST_F(ImageFolder, AJpegWithoutItsEndMarkIsReadWithALine) {
  const auto whole = noisy_jpeg();
  add("a/x.jpg", whole);
  const auto pixels = load().pixels;
  for (const std::size_t missing : {1U, 2U}) {
    add("a/x.jpg", std::string_view(whole).substr(0, whole.size() - missing));
    const auto images = load();
    EXPECT_EQ(images.pixels, pixels);
    EXPECT_THAT(images.notes, ElementsAre(AllOf(HasSubstr(at("a/x.jpg")), HasSubstr("no end mark"))));
  }
  for (const double part : {0.95, 0.7, 0.4}) {
    add("a/x.jpg", std::string_view(whole).substr(0, static_cast<std::size_t>(part * static_cast<double>(whole.size()))));
    EXPECT_THAT(error(), HasSubstr(at("a/x.jpg") + ": cut short")) << part;
  }
}

TEST_F(ImageFolder, DamageInTheMiddleOfAJpegIsNamed) {
  const auto whole = noisy_jpeg();
  int named = 0;
  testing::internal::CaptureStderr();
  for (std::size_t at_byte = whole.size() / 2; at_byte < whole.size() - 300; at_byte += 100) {
    auto bad = whole;
    for (std::size_t i = 0; i < 200; ++i) bad[at_byte + i] = static_cast<char>(i);
    add("a/x.jpg", bad);
    try {
      const auto notes = load().notes;
      named += notes.size() == 1 && notes[0].find(at("a/x.jpg")) != std::string::npos ? 1 : 0;
    } catch (const DataError& refusal) {
      named += std::string(refusal.what()).find(at("a/x.jpg") + ": damaged") != std::string::npos ? 1 : 0;
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "libjpeg's own line names no file";
  EXPECT_GE(named, 5);
}

// libjpeg allocates for the first frame, however small a second one says the image is.
TEST_F(ImageFolder, ASecondFrameInAJpegHidesNoSize) {
  const auto large = encoded(".jpg", 300, 200), small = encoded(".jpg", 8, 8);
  const auto frame = small.find("\xFF\xC0");
  ASSERT_NE(frame, std::string::npos);
  add("a/x.jpg", large.substr(0, large.size() - 2) + small.substr(frame, 19) + "\xFF\xD9");
  EXPECT_THAT(error(), HasSubstr("two frames of different sizes"));
}

TEST_F(ImageFolder, DecodesJpegAsOpenCvDoes) {
  for (const auto& params : {std::vector<int>{},
                             {cv::IMWRITE_JPEG_PROGRESSIVE, 1},
                             {cv::IMWRITE_JPEG_QUALITY, 40},
                             {cv::IMWRITE_JPEG_RST_INTERVAL, 1}}) {
    const auto jpeg = noisy_jpeg(params);
    add("a/x.jpg", jpeg);
    cv::Mat rgb;
    cv::cvtColor(cv::imdecode(std::vector<char>(jpeg.begin(), jpeg.end()), cv::IMREAD_COLOR), rgb, cv::COLOR_BGR2RGB);
    const auto images = load();
    EXPECT_TRUE(std::equal(images.pixels.begin(), images.pixels.end(), rgb.datastart, rgb.dataend));
    EXPECT_THAT(images.notes, testing::IsEmpty());
  }
}

TEST_F(ImageFolder, NamesOfClassesFixTheirLabels) {
  add("cat/1.png", encoded(".png", 1, 1));
  add("dog/1.png", encoded(".png", 1, 1));
  const auto images = load("?classes=bird,dog,cat");
  EXPECT_THAT(images.class_names, ElementsAre("bird", "dog", "cat"));
  EXPECT_THAT(images.labels, ElementsAre(2, 1));
  EXPECT_THAT(message_of<DataError>([&] { load("?classes=bird,dog"); }), HasSubstr(at("cat") + ": none of ?classes=bird,dog"));
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
    for (const std::size_t size : {whole.size() - (extension == ".png" ? 1 : 20), whole.size() / 2, std::size_t{20}}) {
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

// Grey, each column of one value.
std::string columns(const std::vector<int>& values, int height) {
  cv::Mat image(height, static_cast<int>(values.size()), CV_8UC1);
  for (int x = 0; x < image.cols; ++x) image.col(x) = values[static_cast<std::size_t>(x)];
  return encoded(".png", image);
}

TEST_F(ImageFolder, ShrinksWithATriangleOverTheCoveredAreaAsPillowDoes) {
  add("a/x.png", columns({0, 100, 200, 40}, 4));
  const auto images = load("?resize=2");
  ASSERT_EQ(images.width, 2);
  ASSERT_EQ(images.height, 2);
  // Weights 3, 3, 1 of 7 from the left, and from the right: 500 / 7 and 820 / 7.
  EXPECT_THAT(images.pixels, ElementsAre(71, 71, 71, 117, 117, 117, 71, 71, 71, 117, 117, 117));
}

TEST_F(ImageFolder, MixedSizesBecomeOneByTheShorterSideAndTheMiddle) {
  add("a/1-wide.png", columns({10, 20, 30, 40, 50, 60, 70}, 2));
  add("a/2-high.png", encoded(".png", 2, 9, {1, 2, 3}));
  add("a/3-large.png", encoded(".png", 40, 20, {4, 5, 6}));
  const auto images = load("?resize=2&crop=2");
  ASSERT_EQ(images.size(), 3);
  EXPECT_EQ(images.width, 2);
  EXPECT_EQ(images.height, 2);
  EXPECT_EQ(images.image(0)[0], 30) << "an offset of 2.5 becomes 2";
  EXPECT_EQ(images.image(0)[3], 40);
  EXPECT_EQ(images.image(2)[0], 4);
  EXPECT_THAT(error(), HasSubstr("make them equal with ?resize=N&crop=N"));
}

TEST_F(ImageFolder, OneSideAsksForACropWhereTheOtherDiffers) {
  add("a/1.png", encoded(".png", 8, 4));
  add("a/2.png", encoded(".png", 4, 4));
  EXPECT_THAT(message_of<DataError>([&] { load("?resize=4"); }), HasSubstr(at("a/2.png") + ": 4x4 pixels, but "));
  EXPECT_EQ(load("?crop=3").width, 3);
}

TEST_F(ImageFolder, RefusesACropThatIsLargerThanTheImage) {
  add("a/1.png", encoded(".png", 8, 4));
  EXPECT_THAT(message_of<DataError>([&] { load("?crop=5"); }),
              HasSubstr(at("a/1.png") + ": 8x4 pixels, less than the crop of 5"));
  EXPECT_THAT(message_of<BadDatasetSpec>([&] { load("?resize=4&crop=5"); }), HasSubstr("crop=5 is more than resize=4"));
  EXPECT_THAT(message_of<BadDatasetSpec>([&] { load("?resize=0"); }), HasSubstr("resize=0 is not a whole number between 1"));
  add("a/1.png", encoded(".png", 4000, 1));
  EXPECT_THAT(message_of<DataError>([&] { load("?resize=64&crop=64"); }),
              HasSubstr("would make 256000x64; the limit is 16384"));
}

TEST_F(ImageFolder, FoldersInFoldersAreToldFromClasses) {
  add("train/cat/1.png", encoded(".png", 1, 1));
  add("train/dog/1.png", encoded(".png", 1, 1));
  add("test/cat/1.png", encoded(".png", 1, 1));
  EXPECT_THAT(error(),
              HasSubstr(at("test") + ": holds folders (cat) and no images; if they are the classes, name " + at("test")));
}

TEST_F(ImageFolder, AnEmptyClassFolderIsNamed) {
  add("a/1.png", encoded(".png", 1, 1));
  fs::create_directories(at("b"));
  EXPECT_THAT(error(), HasSubstr(at("b") + ": is empty; every folder in"));
  add("b/1.bmp", encoded(".bmp", 1, 1));
  EXPECT_THAT(error(), HasSubstr(at("b") + ": no images (.jpg, .jpeg, .png), only 1.bmp; every folder in"));
}

TEST_F(ImageFolder, ADamagedImageIsNamedWithTheWayToLeaveItOut) {
  add("a/1.jpg", noisy_jpeg());
  add("a/2.jpg", noisy_jpeg().substr(0, 500));
  EXPECT_THAT(error(), AllOf(HasSubstr(at("a/2.jpg") + ": cut short"), HasSubstr("?skip_damaged=true")));
}

TEST_F(ImageFolder, DamagedImagesAreLeftOutAndCountedWhereAsked) {
  for (int i = 0; i < 6; ++i) add(std::string("a/") + std::to_string(i) + ".png", encoded(".png", 2, 1, {i, 0, 0}));
  add("b/0.png", encoded(".png", 2, 1, {60, 0, 0}));
  add("b/1.png", encoded(".png", 2, 1, {61, 0, 0}));
  add("a/0.png", "hello");
  add("a/3.png", "");
  add("b/0.png", encoded(".png", 2, 1).substr(0, 50));
  const auto images = load("?skip_damaged=true");
  EXPECT_THAT(images.labels, ElementsAre(0, 0, 0, 0, 1));
  ASSERT_EQ(images.pixels.size(), 30U);
  for (const auto& [i, red] : std::vector<std::pair<int, int>>{{0, 1}, {1, 2}, {2, 4}, {3, 5}, {4, 61}})
    EXPECT_EQ(images.image(i)[0], red) << i;
  EXPECT_THAT(images.notes, ElementsAre(AllOf(testing::StartsWith("3 damaged images are left out: " + at("a/0.png")),
                                              HasSubstr(at("b/0.png") + ": cut short"))));
  EXPECT_THAT(error(), HasSubstr(at("a/0.png")));
}

TEST_F(ImageFolder, AClassWhoseImagesAreAllDamagedIsNamed) {
  add("a/0.png", encoded(".png", 2, 1));
  add("b/0.png", "hello");
  EXPECT_THAT(message_of<DataError>([&] { load("?skip_damaged=true"); }),
              HasSubstr(at("b") + ": all of its images are damaged"));
  add("a/0.png", "hello");
  EXPECT_THAT(message_of<DataError>([&] { load("?skip_damaged=true"); }), HasSubstr("all 2 images are damaged"));
}

TEST_F(ImageFolder, SkippingIsForDamageAlone) {
  add("a/1.png", encoded(".png", 32, 32));
  add("a/2.png", encoded(".png", 32, 31));
  EXPECT_THAT(message_of<DataError>([&] { load("?skip_damaged=true"); }), HasSubstr(at("a/2.png") + ": 32x31"));
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
  EXPECT_TRUE(header.has_end);
  EXPECT_FALSE(read_image_header(bytes_of(nested)).has_end);
}

TEST(ImageHeader, NeverReadsBeyondAnyPrefixOrFlippedByte) {
  for (const std::string extension : {".jpg", ".png"}) {
    const auto whole = encoded(extension, 16, 16);
    int read = 0, refused = 0;  // with a byte flipped: most of them are pixels
    for (std::size_t i = 0; i < whole.size(); ++i) {
      try {
        EXPECT_FALSE(read_image_header(bytes_of(whole.substr(0, i))).has_end);
      } catch (const std::runtime_error&) {  // but for a JPEG whose data have begun
      }
      auto flipped = whole;
      flipped[i] = static_cast<char>(~flipped[i]);
      try {
        const auto header = read_image_header(bytes_of(flipped));
        EXPECT_GT(header.height, 0);
        EXPECT_GT(header.width, 0);
        ++read;
      } catch (const std::runtime_error& error) {
        EXPECT_STRNE(error.what(), "");
        ++refused;
      }
    }
    EXPECT_GT(read, 0);
    EXPECT_GT(refused, 0);
  }
}

}  // namespace
}  // namespace tbft::data
