#include "harness/data/class_names.h"

#include <gmock/gmock.h>

#include "tests/support/message_of.h"

namespace tbft::data {
namespace {

using test::message_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Names = std::vector<std::string>;

// One image of one grey pixel a class, in the order of the names.
Images images_of(const Names& names) {
  Images images{.height = 1, .width = 1, .pixels = {}, .labels = {}, .class_names = names};
  for (std::size_t i = 0; i < names.size(); ++i) {
    images.labels.push_back(static_cast<std::int64_t>(i));
    images.pixels.owned().insert(images.pixels.owned().end(), 3, static_cast<std::uint8_t>(i));
  }
  return images;
}

const Names pets{"bird", "cat", "dog", "fish"};

TEST(ClassNames, AMissingClassMovesNoLabel) {
  auto images = images_of({"cat", "dog", "fish"});
  EXPECT_EQ(fit_to_outputs(images, pets, 4, "set"),
            "set: labels are set by the class names: 3 of 4 classes (no bird), in the same order");
  EXPECT_THAT(images.labels, ElementsAre(1, 2, 3));
  EXPECT_EQ(images.class_names, pets);
}

TEST(ClassNames, NamesOfACheckpointCannotSteerATerminal) {
  auto images = images_of({"cat"});
  EXPECT_THAT(fit_to_outputs(images, {"cat", "\x1b[2Jdog"}, 2, "set"), HasSubstr("(no ?[2Jdog)"));
}

TEST(ClassNames, CapitalsAndAnotherOrderMoveNoLabel) {
  auto images = images_of({"Cat", "Fish", "bird", "dog"});
  EXPECT_THAT(fit_to_outputs(images, pets, 4, "set"), HasSubstr("4 of 4 classes, in another order"));
  EXPECT_THAT(images.labels, ElementsAre(1, 3, 0, 2));
  auto written_otherwise = images_of({"house_cat", "Big Dog"});
  EXPECT_EQ(fit_to_outputs(written_otherwise, {"house cat", "big-dog"}, 2, "set"), "");
  EXPECT_THAT(written_otherwise.labels, ElementsAre(0, 1));
}

TEST(ClassNames, TheSameNamesAreNotWorthALine) {
  auto images = images_of(pets);
  EXPECT_EQ(fit_to_outputs(images, pets, 4, "set"), "");
  EXPECT_THAT(images.labels, ElementsAre(0, 1, 2, 3));
  auto subclasses = images_of({"fish: ray, shark", "trees: oak, pine"});
  EXPECT_EQ(fit_to_outputs(subclasses, {"fish: trout, flatfish", "trees: maple, willow"}, 2, "set"), "");
}

TEST(ClassNames, AModelWithoutNamesLeavesADoubtWhereLabelsMayHaveMoved) {
  auto fewer = images_of({"cat", "dog"});
  EXPECT_THAT(fit_to_outputs(fewer, {}, 4, "set"), AllOf(HasSubstr("2 classes meet 4 outputs"), HasSubstr("0 = cat, 1 = dog")));
  EXPECT_THAT(fewer.labels, ElementsAre(0, 1));
  auto capitals = images_of({"Cat", "Fish", "bird", "dog"});
  EXPECT_THAT(fit_to_outputs(capitals, {}, 4, "set"),
              HasSubstr("capitals come before small letters: 0 = Cat, 1 = Fish, 2 = bird"));
  auto numbers = images_of({"1", "10", "2"});
  EXPECT_THAT(fit_to_outputs(numbers, {}, 3, "set"), HasSubstr("10 comes before 2"));
  auto twice = images_of({"Cat", "cat"});
  EXPECT_THAT(fit_to_outputs(twice, {}, 2, "set"), HasSubstr("the same name but for capitals"));
  for (const auto& sound : {pets, Names{"disc", "square", "arrow"}, Names{"0", "1", "2"}, Names{"Bird", "Cat"}}) {
    auto images = images_of(sound);
    EXPECT_EQ(fit_to_outputs(images, {}, std::ssize(sound), "set"), "");
  }
}

TEST(ClassNames, MoreClassesThanOutputsAreRefused) {
  auto images = images_of(pets);
  EXPECT_THAT(message_of<DataError>([&] { fit_to_outputs(images, {}, 3, "set"); }),
              HasSubstr("set: 4 classes (bird, cat, dog, fish)"));
}

TEST(ClassNames, ClassesThatTheModelDoesNotKnowAreSaidOrRefused) {
  auto all_new = images_of({"oak", "pine"});
  EXPECT_THAT(fit_to_outputs(all_new, pets, 4, "set"),
              AllOf(HasSubstr("does not know these classes"), HasSubstr("0 = oak, 1 = pine")));
  auto one_new = images_of({"bird", "cat", "dog", "wolf"});  // at the place of a class that is missing
  EXPECT_THAT(fit_to_outputs(one_new, pets, 4, "set"), HasSubstr("does not know wolf"));
  EXPECT_THAT(one_new.labels, ElementsAre(0, 1, 2, 3));
  auto moved = images_of({"ant", "bird", "cat", "dog"});  // all others move
  EXPECT_THAT(message_of<DataError>([&] { fit_to_outputs(moved, pets, 4, "set"); }),
              HasSubstr("label 1 = bird is the model's output 0"));
}

TEST(ClassNames, TwoSetsMeetByName) {
  auto val = images_of({"Dog", "cat"});
  EXPECT_THAT(use_class_names(val, pets, "--val"), HasSubstr("--val: labels are set by the class names: 2 of 4"));
  EXPECT_THAT(val.labels, ElementsAre(2, 1));
  auto other = images_of({"cat", "wolf"});
  EXPECT_THAT(message_of<DataError>([&] { use_class_names(other, pets, "--val"); }),
              HasSubstr("--val: the other set has no class wolf"));
}

TEST(SharedImages, OneRule) {
  Images known = images_of(pets);
  Images images{.height = 1, .width = 1, .pixels = {}, .labels = std::vector<std::int64_t>(200, 0), .class_names = pets};
  images.pixels = std::vector<std::uint8_t>(600, 99);
  EXPECT_EQ(check_shared(known, "--dataset", images, "--test"), "");
  std::fill_n(images.pixels.owned().begin(), 6, std::uint8_t{1});  // two of 200 are in both
  EXPECT_EQ(check_shared(known, "--dataset", images, "--test"), "2 of the 200 images of --test are in --dataset, too");
  std::fill_n(images.pixels.owned().begin(), 9, std::uint8_t{1});
  EXPECT_THAT(message_of<DataError>([&] { check_shared(known, "--dataset", images, "--test"); }),
              HasSubstr("3 of the 200 images"));
}

}  // namespace
}  // namespace tbft::data
