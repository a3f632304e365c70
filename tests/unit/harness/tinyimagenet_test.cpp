#include <fmt/format.h>
#include <gmock/gmock.h>

#include "harness/data/dataset.h"
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
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Sorted, so that an index is a label.
constexpr std::array wnids{"n01443537", "n02124075", "n03085013"};

// Three classes with three training and two validation images. The red of an image is 10 x label + its number; its green is 100
// in the validation images.
class TinyImageNet : public testing::Test {
 protected:
  TinyImageNet() {
    write_file(root() / "wnids.txt", "n02124075\nn03085013\r\nn01443537\n");
    write_file(root() / "words.txt",
               "n00001740\tentity\nn01443537\tgoldfish, Carassius auratus\nn02124075\tEgyptian cat\n"
               "n03085013\tcomputer keyboard, keypad\n");
    for (int label = 0; label < 3; ++label)
      for (int i = 0; i < 3; ++i) write_file(train(label, i), encoded(".png", 64, 64, {10 * label + i, 0, 0}));
    std::string annotations;
    for (int i = 0; i < 6; ++i) {  // classes 2, 1, 0, 2, 1, 0
      const int label = 2 - i % 3;
      write_file(val(i), encoded(".png", 64, 64, {10 * label + i / 3, 100, 0}));
      annotations += fmt::format("val_{}.JPEG\t{}\t0\t32\t44\t62\n", i, wnid(label));
    }
    write_file(annotations_file(), annotations);
  }

  static std::string wnid(int label) { return wnids.at(static_cast<std::size_t>(label)); }
  fs::path root() const { return folder_ / "tiny-imagenet-200"; }
  fs::path train(int label, int i) const {
    return root() / "train" / wnid(label) / "images" / fmt::format("{}_{}.JPEG", wnid(label), i);
  }
  fs::path val(int i) const { return root() / "val/images" / fmt::format("val_{}.JPEG", i); }
  fs::path annotations_file() const { return root() / "val/val_annotations.txt"; }
  Images load(const std::string& params = "") const {
    return load_dataset(parse_dataset_spec("tinyimagenet:" + root().string() + params));
  }
  std::string error(const std::string& params = "") const {
    return message_of<DataError>([&] { load(params); });
  }
  static std::vector<int> channel(const Images& images, std::size_t c) {
    std::vector<int> values;
    for (std::int64_t i = 0; i < images.size(); ++i) values.push_back(images.image(i)[c]);
    return values;
  }

  TemporaryFolder folder_;
};

TEST_F(TinyImageNet, LabelsFollowTheSortedIdsAndNamesHaveTheirWords) {
  const auto images = load("?part=train");
  EXPECT_THAT(images.class_names,
              ElementsAre("n01443537: goldfish", "n02124075: Egyptian cat", "n03085013: computer keyboard"));
  EXPECT_THAT(images.labels, ElementsAre(0, 0, 0, 1, 1, 1, 2, 2, 2));
  EXPECT_THAT(channel(images, 0), ElementsAre(0, 1, 2, 10, 11, 12, 20, 21, 22));
  EXPECT_EQ(images.height, 64);
  EXPECT_EQ(images.width, 64);
  EXPECT_EQ(load_dataset(parse_dataset_spec("tinyimagenet:" + folder_.path().string() + "?part=train")).pixels, images.pixels)
      << "the parent folder";
  fs::remove(root() / "words.txt");
  EXPECT_THAT(load("?part=train").class_names, ElementsAre("n01443537", "n02124075", "n03085013"));
}

TEST_F(TinyImageNet, TestIsTheValidationFolderWithItsAnnotations) {
  write_file(root() / "test/images/test_0.JPEG", "not read");
  const auto images = load();
  EXPECT_THAT(images.labels, ElementsAre(0, 0, 1, 1, 2, 2));
  EXPECT_THAT(channel(images, 0), ElementsAre(0, 1, 10, 11, 20, 21));
  EXPECT_THAT(channel(images, 1), Each(100));
  EXPECT_EQ(load("?part=test").pixels, images.pixels);
}

TEST_F(TinyImageNet, ValidationImagesInClassFoldersAreTheSame) {
  const auto images = load();
  for (const std::string to : {"val/{}", "val/images/{}", "val/{}/images"}) {
    const auto moved = folder_ / "moved";
    fs::remove_all(moved);
    fs::copy(root(), moved, fs::copy_options::recursive);
    for (int i = 0; i < 6; ++i) {
      const auto name = fmt::format("val_{}.JPEG", i);
      const auto folder = moved / fmt::format(fmt::runtime(to), wnid(2 - i % 3));
      fs::create_directories(folder);
      fs::rename(moved / "val/images" / name, folder / name);
    }
    const auto same = load_dataset(parse_dataset_spec("tinyimagenet:" + moved.string()));
    EXPECT_EQ(same.pixels, images.pixels) << to;
    EXPECT_EQ(same.labels, images.labels) << to;
  }
}

TEST_F(TinyImageNet, TrainingImagesMayLieDirectlyInTheClassFolder) {
  const auto images = load("?part=train");
  for (int i = 0; i < 3; ++i) fs::rename(train(1, i), train(1, i).parent_path().parent_path() / train(1, i).filename());
  fs::remove(train(1, 0).parent_path());
  EXPECT_EQ(load("?part=train").pixels, images.pixels);
}

TEST_F(TinyImageNet, ThirtyTwoPixelsAreThoseOfAnImageFolderResized) {
  cv::Mat noise(64, 64, CV_8UC3);
  cv::RNG(3).fill(noise, cv::RNG::UNIFORM, 0, 256);
  const auto file = encoded(".jpg", noise);
  write_file(train(0, 0), file);
  write_file(folder_ / "same/a/0.jpg", file);
  const auto images = load("?part=train&pixels=32");
  EXPECT_EQ(images.height, 32);
  EXPECT_EQ(images.width, 32);
  const auto same = load_dataset(parse_dataset_spec("imagefolder:" + (folder_ / "same").string() + "?resize=32"));
  EXPECT_TRUE(std::ranges::equal(images.image(0), same.image(0)));
  const auto whole = load("?part=train"),
             decoded = load_dataset(parse_dataset_spec("imagefolder:" + (folder_ / "same").string()));
  EXPECT_TRUE(std::ranges::equal(whole.image(0), decoded.image(0))) << "64 px are as decoded";
  EXPECT_THAT(error("?pixels=48"), HasSubstr("pixels=48 is not one of 64, 32"));
}

TEST_F(TinyImageNet, GreyImagesBecomeRgb) {
  write_file(train(2, 2), encoded(".jpg", cv::Mat(64, 64, CV_8UC1, cv::Scalar(77))));
  const auto images = load("?part=train");
  EXPECT_THAT(images.image(8).first(3), ElementsAre(77, 77, 77));
}

TEST_F(TinyImageNet, LimitTakesTheFirstFilesOfEachClass) {
  EXPECT_THAT(channel(load("?part=train&limit=2"), 0), ElementsAre(0, 1, 10, 11, 20, 21));
  EXPECT_THAT(channel(load("?limit=1"), 0), ElementsAre(0, 10, 20));
}

TEST_F(TinyImageNet, IsKeptInACacheAndLeavesDamagedFilesOutAsAnImageFolderDoes) {
  const auto cached = "?part=train&cache=" + (folder_ / "cache").string();
  EXPECT_TRUE(load(cached).pixels.is_mapped());
  EXPECT_EQ(load(cached).pixels, load("?part=train").pixels);
  write_file(train(1, 1), "hello");
  EXPECT_THAT(error("?part=train"), AllOf(HasSubstr(train(1, 1).string()), HasSubstr("?skip_damaged=true")));
  const auto images = load("?part=train&skip_damaged=true");
  EXPECT_EQ(images.size(), 8);
  EXPECT_THAT(images.notes, ElementsAre(HasSubstr("1 damaged image is left out")));
}

TEST_F(TinyImageNet, NamesTheFileAndWhereToGetItWhenSomethingIsMissing) {
  const auto page = HasSubstr("http://cs231n.stanford.edu/tiny-imagenet-200.zip");
  fs::remove_all(root() / "train" / wnid(1));
  EXPECT_THAT(error("?part=train"), AllOf(HasSubstr((root() / "train").string() + ": no images of n02124075; "), page));
  fs::remove_all(root() / "train");
  EXPECT_THAT(error("?part=train"), HasSubstr("no images of n01443537, n02124075, n03085013"));
  fs::remove(val(4));
  EXPECT_THAT(error(), AllOf(HasSubstr(val(4).string() + ": no such file, but val_annotations.txt has it"), page));
  fs::remove(annotations_file());
  EXPECT_THAT(error(), AllOf(HasSubstr(annotations_file().string() + ": no such file"), page));
  fs::remove(root() / "wnids.txt");
  EXPECT_THAT(error(), AllOf(HasSubstr((root() / "wnids.txt").string() + ": no such file"), page));
  EXPECT_THAT(message_of<DataError>([] { load_dataset(parse_dataset_spec("tinyimagenet:")); }), HasSubstr("needs a folder"));
}

TEST_F(TinyImageNet, ClassesWithoutImagesAreListedUpToFive) {
  std::string many;
  for (int i = 0; i < 9; ++i) many += fmt::format("n0000000{}\n", i);
  write_file(root() / "wnids.txt", many);
  EXPECT_THAT(error("?part=train"), HasSubstr("no images of n00000000, n00000001, n00000002, n00000003, n00000004 and 4 more"));
}

TEST_F(TinyImageNet, RefusesListsThatAreNotAsPublished) {
  const auto with = [&](const fs::path& file, const std::string& text) {
    write_file(file, text);
    return error();
  };
  const auto a = annotations_file().string();
  EXPECT_THAT(with(a, "val_0.JPEG\tn01443537\nval_1.JPEG n01443537\n"),
              HasSubstr(a + ": line 2: expected FILE, a tab and an id"));
  EXPECT_THAT(with(a, "val_0.JPEG\tn00000000\t0\n"),
              HasSubstr("line 1: expected FILE, a tab and an id of wnids.txt, got 'val_0"));
  EXPECT_THAT(with(a, "val_0.JPEG\tn01443537\nval_0.JPEG\tn01443537\n"), HasSubstr("line 2: val_0.JPEG is there twice"));
  EXPECT_THAT(with(a, "../../words.txt\tn01443537\n"), HasSubstr("words.txt: no such file, but val_annotations.txt has it"));
  const auto w = (root() / "wnids.txt").string();
  EXPECT_THAT(with(w, "n01443537\ngoldfish\n"), HasSubstr(w + ": 'goldfish' is no WordNet id"));
  EXPECT_THAT(with(w, "n01443537\nn01443537\n"), HasSubstr("n01443537 is there twice"));
  EXPECT_THAT(with(w, "\n\n"), HasSubstr("holds no WordNet id"));
}

TEST_F(TinyImageNet, ValidationImagesWithoutAnAnnotationAreLeftOutWithALine) {
  write_file(root() / "val/images/extra.JPEG", encoded(".png", 64, 64));
  const auto images = load();
  EXPECT_EQ(images.size(), 6);
  EXPECT_THAT(images.notes, ElementsAre(AllOf(HasSubstr("extra.JPEG"), HasSubstr("not in val_annotations.txt"))));
  EXPECT_THAT(images.notes, Each(Not(HasSubstr("val_0"))));
}

}  // namespace
}  // namespace tbft::data
