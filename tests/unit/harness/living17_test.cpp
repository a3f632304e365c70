#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>

#include "harness/data/dataset.h"
#include "harness/data/living17_classes.h"
#include "tests/support/files.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/harness/encoded_image.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;
using test::cmyk_jpeg;
using test::encoded;
using test::message_of;
using test::TemporaryFolder;
using test::write_file;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// ImageNet with one image of 128 x 128 in every folder of Living-17 (or of one part of it). Its red is the label, its green
// 10 x the place of the class among the superclass's four, its blue 0 in train and 100 in val.
class Living17 : public testing::Test {
 protected:
  Living17() {
    for (std::size_t label = 0; label < living17_classes.size(); ++label) {
      const auto& superclass = living17_classes[label];
      int place = 0;
      for (const auto& wnids : {superclass.source, superclass.target}) {
        for (const auto wnid : wnids) {
          for (const std::string split : {"train", "val"}) {
            write_file(file(split, wnid, "b.JPEG"),
                       encoded(".png", 128, 128, {static_cast<int>(label), 10 * place, split == "val" ? 100 : 0}));
          }
          ++place;
        }
      }
    }
  }
  fs::path file(const std::string& split, std::string_view wnid, const std::string& name) const {
    return folder_.path() / split / wnid / name;
  }
  std::string path() const { return folder_.path().string(); }
  Images load(const std::string& params = "") const { return load_dataset(parse_dataset_spec("living17:" + path() + params)); }
  std::string error(const std::string& params = "") const {
    return message_of<DataError>([&] { load(params); });
  }
  // Puts `bytes` in place of the first target image, and gives what is then read: 128 x 128, RGB.
  cv::Mat read_back(const std::string& bytes) {
    write_file(file("train", living17_classes[0].target[0], "b.JPEG"), bytes);
    images_ = load("?split=train");
    return {128, 128, CV_8UC3, images_.pixels.owned().data()};
  }
  static std::vector<int> colour(const Images& images, std::int64_t i) {
    const auto pixel = images.image(i).first(3);
    return {pixel.begin(), pixel.end()};
  }

 private:
  TemporaryFolder folder_;
  Images images_;
};

TEST(Living17Classes, AreSixtyEightDistinctOnes) {
  std::set<std::string_view> wnids;
  for (const auto& superclass : living17_classes) {
    wnids.insert(superclass.source.begin(), superclass.source.end());
    wnids.insert(superclass.target.begin(), superclass.target.end());
  }
  EXPECT_EQ(wnids.size(), 68U);
  for (const auto wnid : wnids) EXPECT_EQ(wnid.size(), 9U) << wnid;
}

TEST_F(Living17, TargetIsTrainAndValOfTheLastTwoClasses) {
  const auto images = load();
  ASSERT_EQ(images.size(), 17 * 4);
  EXPECT_EQ(images.height, 128);
  EXPECT_EQ(images.width, 128);
  EXPECT_EQ(images.class_names[0], "salamander");
  EXPECT_EQ(images.class_names[16], "monkey");
  for (std::int64_t i = 0; i < images.size(); ++i) {
    const auto label = static_cast<int>(i / 4);
    EXPECT_EQ(images.labels[static_cast<std::size_t>(i)], label);
    EXPECT_THAT(colour(images, i), ElementsAre(label, i % 4 < 2 ? 20 : 30, i % 2 == 0 ? 0 : 100)) << i;
  }
}

TEST_F(Living17, SourceIsTrainOfTheFirstTwoClassesAndValItsValidation) {
  const auto train = load("?part=source"), val = load("?part=source&split=val");
  ASSERT_EQ(train.size(), 17 * 2);
  ASSERT_EQ(val.size(), 17 * 2);
  EXPECT_THAT(colour(train, 2), ElementsAre(1, 0, 0));
  EXPECT_THAT(colour(train, 33), ElementsAre(16, 10, 0));
  EXPECT_THAT(colour(val, 33), ElementsAre(16, 10, 100));
  EXPECT_EQ(load("?part=source&split=all").size(), 17 * 4);
}

TEST_F(Living17, LimitTakesTheFirstFilesOfEachFolder) {
  const auto wnid = living17_classes[3].target[1];
  write_file(file("val", wnid, "a.JPEG"), encoded(".png", 128, 128, {1, 2, 3}));
  write_file(file("val", wnid, "c.JPEG"), encoded(".png", 128, 128, {4, 5, 6}));
  EXPECT_EQ(load().size(), 17 * 4 + 2);
  const auto images = load("?limit=1");
  ASSERT_EQ(images.size(), 17 * 4);
  EXPECT_THAT(colour(images, 3 * 4 + 3), ElementsAre(1, 2, 3));
}

TEST_F(Living17, ShrinksByTheMeanOfTheCoveredAreaAndKeepsTheMiddle) {
  // 1024 x 512, half of it black: blocks of 4 x 4 become one pixel, of 256 x 128 the columns 64..191 stay. What lies around the
  // middle of a block is black too: an interpolation between points would see nothing else.
  cv::Mat image(512, 1024, CV_8UC3, cv::Scalar(0, 0, 0));
  for (int x = 512; x < 1024; x += 4) image.col(x).setTo(cv::Scalar(40, 80, 200));
  const auto shown = read_back(encoded(".png", image));
  EXPECT_EQ(shown.at<cv::Vec3b>(5, 63), cv::Vec3b(0, 0, 0));
  EXPECT_EQ(shown.at<cv::Vec3b>(5, 64), cv::Vec3b(50, 20, 10));
}

TEST_F(Living17, CropsAsTorchvisionDoes) {
  // Column x has the value x. torchvision: left = int(round((w - 128) / 2)), Python rounds halves to even.
  for (const auto& [width, left] : {std::pair{129, 0}, {130, 1}, {131, 2}, {133, 2}, {160, 16}}) {
    cv::Mat image(128, width, CV_8UC3);
    for (int x = 0; x < width; ++x) image.col(x).setTo(cv::Scalar::all(x));
    EXPECT_EQ(read_back(encoded(".png", image)).at<cv::Vec3b>(0, 0)[0], left) << width;
    EXPECT_EQ(read_back(encoded(".png", image.t())).at<cv::Vec3b>(0, 77)[0], left) << width;
  }
  // 250 x 333: 128 x int(170.496).
  cv::Mat image(333, 250, CV_8UC3);
  for (int y = 0; y < 333; ++y) image.row(y).setTo(cv::Scalar::all(y / 2));
  const auto shown = read_back(encoded(".png", image));
  // Row r of the result lies around row (r + 21.5) * 333 / 170 - 0.5 of the image.
  EXPECT_NEAR(shown.at<cv::Vec3b>(0, 0)[0], (21.5 * 333 / 170 - 0.5) / 2, 1);
  EXPECT_NEAR(shown.at<cv::Vec3b>(127, 0)[0], (148.5 * 333 / 170 - 0.5) / 2, 1);
}

TEST_F(Living17, EnlargesWhatIsSmaller) {
  const auto shown = read_back(encoded(".png", 20, 10, {7, 8, 9}));
  EXPECT_EQ(shown.at<cv::Vec3b>(0, 0), cv::Vec3b(7, 8, 9));
  EXPECT_EQ(shown.at<cv::Vec3b>(127, 127), cv::Vec3b(7, 8, 9));
}

TEST_F(Living17, ReadsGreyAndCmykAndPhotographsLargerThanAFolderOfImagesMay) {
  const auto grey = read_back(encoded(".jpg", cv::Mat(140, 150, CV_8UC1, cv::Scalar(77))));
  EXPECT_EQ(grey.at<cv::Vec3b>(64, 64), cv::Vec3b(77, 77, 77));
  const auto cmyk = read_back(cmyk_jpeg()).at<cv::Vec3b>(64, 64);
  EXPECT_NEAR(cmyk[0], 51, 2);
  EXPECT_NEAR(cmyk[1], 143, 2);
  EXPECT_NEAR(cmyk[2], 189, 2);
  const auto wide = read_back(encoded(".jpg", 5000, 128));
  EXPECT_NEAR(wide.at<cv::Vec3b>(64, 64)[0], 200, 3);
}

TEST_F(Living17, AStripThatWouldBecomeHugeIsNamed) {
  const auto strip = file("train", living17_classes[5].target[0], "b.JPEG");
  write_file(strip, encoded(".png", 200, 1));
  EXPECT_THAT(error(), HasSubstr(strip.string() + ": 200x1 pixels, too long and narrow"));
}

TEST_F(Living17, NamesEveryClassThatIsMissingAndWhereToGetIt) {
  const auto bear = living17_classes[12].target[1], snake = living17_classes[3].target[0];
  fs::remove_all(file("val", bear, "").parent_path());
  fs::remove(file("train", snake, "b.JPEG"));  // an empty folder is as good as none
  fs::remove(file("val", snake, "b.JPEG"));
  EXPECT_THAT(error(), AllOf(HasSubstr(path() + ": no images of n01751748 (snake; train, val), n02132136 (bear; val); "),
                             HasSubstr("https://image-net.org/download.php"), Not(HasSubstr("n01630670"))));
  EXPECT_THAT(error("?split=train"), AllOf(HasSubstr("of n01751748 (snake; train); "), Not(HasSubstr("bear"))));
  EXPECT_EQ(load("?part=source&split=all").size(), 17 * 4);
}

// A PNG of noise whose last checksum is wrong: only a decoder finds out, the later the larger it is.
std::string damaged_at_its_end(int side) {
  cv::Mat noise(side, side, CV_8UC3);
  cv::theRNG().state = 1;
  cv::randu(noise, 0, 256);
  auto bytes = encoded(".png", noise);
  constexpr std::size_t end_chunk = 12;
  bytes[bytes.size() - end_chunk - 1] = static_cast<char>(~bytes[bytes.size() - end_chunk - 1]);
  return bytes;
}

TEST_F(Living17, OfSeveralDamagedFilesTheFirstIsNamed) {
  const auto first = file("val", living17_classes[4].target[1], "b.JPEG");
  const auto second = file("train", living17_classes[5].target[0], "b.JPEG");  // the one after it, on another thread
  const auto small = damaged_at_its_end(600), large = damaged_at_its_end(1800);
  write_file(first, small);
  write_file(second, large);
  EXPECT_THAT(error(), HasSubstr(first.string() + ": damaged"));
  write_file(first, large);
  write_file(second, small);
  EXPECT_THAT(error(), HasSubstr(first.string() + ": damaged"));
}

TEST(Living17Spec, IsCheckedBeforeAnythingIsRead) {
  const auto error = [](const std::string& spec) {
    return message_of<DataError>([&] { load_dataset(parse_dataset_spec(spec)); });
  };
  EXPECT_THAT(error("living17:/no/such"), AllOf(HasSubstr("/no/such: no such folder"), HasSubstr("image-net.org")));
  EXPECT_THAT(error("living17:x?part=train"), HasSubstr("part=train is not one of target, source"));
  EXPECT_THAT(error("living17:x?split=test"), HasSubstr("split=test is not one of all, train, val"));
  EXPECT_THAT(error("living17:x?limit=0"), HasSubstr("limit=0 is not a whole number"));
  EXPECT_THAT(error("living17:"), HasSubstr("needs a folder"));
}

}  // namespace
}  // namespace tbft::data
