#include "harness/sweep/target_data.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "harness/experiment/settings.h"
#include "tests/support/files.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/harness/encoded_image.h"

namespace tbft {
namespace {

using testing::Each;
using testing::Ge;
using testing::HasSubstr;
using testing::SizeIs;

class TargetDataTest : public testing::Test {
 protected:
  static Settings settings(const std::string& train_path) {
    Settings s;
    s.name = "n";
    s.data.dataset = "synthetic";
    s.data.path = "synthetic:?part=target&n=40";
    s.data.train_path = train_path;
    return effective(s, 1);
  }
  static Cell cell(const std::string& drift, const std::string& condition, double train_size) {
    Cell c;
    c.drift = drift;
    c.condition = condition;
    c.train_size = train_size;
    return c;
  }
  std::vector<std::string> loaded_;
  TargetData load(const Settings& s, const std::vector<Cell>& plan) {
    return TargetData(s, plan, [this](const std::string& name) { loaded_.push_back(name); });
  }
};

TEST_F(TargetDataTest, NoiseOnTheModelSharesTheImagesAndADriftHasItsOwn) {
  const std::vector<Cell> plan{cell("", "noise-block1", 0.1), cell("", "noise-fc", 0.1), cell("input", "", 0.1),
                               cell("output", "", 0.1)};
  const auto data = load(settings(""), plan);
  EXPECT_THAT(loaded_, SizeIs(3));
  EXPECT_EQ(&data.images(plan[0]), &data.images(plan[1]));
  EXPECT_NE(data.images(plan[2]).pixels, data.images(plan[3]).pixels);
}

TEST_F(TargetDataTest, LabelsAreTheModelsOutputsAndEachNoteIsSaidOnce) {
  auto names = data::load_dataset(data::parse_dataset_spec("synthetic:?part=target&n=40")).class_names;
  const std::vector<Cell> plan{cell("input", "", 0.1), cell("output", "", 0.1)};
  const auto plain = load(settings(""), plan);
  std::ranges::reverse(names);
  std::vector<std::string> said;
  const TargetData data(
      settings(""), plan, [](const std::string&) {}, {.outputs = 10, .names = names},
      [&](const std::string& note) { said.push_back(note); });
  EXPECT_THAT(said, testing::ElementsAre(HasSubstr("labels are set by the class names: 10 of 10 classes, in another order")));
  EXPECT_EQ(data.images(plan[0]).labels[0], 9 - plain.images(plan[0]).labels[0]);
  const auto fewer = [&] { TargetData(settings(""), plan, [](const std::string&) {}, {.outputs = 9, .names = {}}); };
  EXPECT_THAT(test::message_of<data::DataError>(fewer), HasSubstr("the model has 9 outputs"));
}

TEST_F(TargetDataTest, WhatASmallerValidationLeavesIsTested) {
  const std::vector<Cell> plan{cell("input", "", 0.1)};
  auto s = settings("");
  const auto paper = load(s, plan).split(plan[0]);
  s.sweep.val_size = 0.05;  // of 40
  const auto split = load(s, plan).split(plan[0]);
  EXPECT_EQ(split.train, paper.train);
  EXPECT_THAT(split.val, SizeIs(2));
  EXPECT_THAT(split.test, SizeIs(paper.test.size() + paper.val.size() - 2));
  std::set<std::int64_t> all(split.test.begin(), split.test.end());
  all.insert(split.val.begin(), split.val.end());
  all.insert(split.train.begin(), split.train.end());
  EXPECT_EQ(all.size(), split.train.size() + split.val.size() + split.test.size()) << "no image stands in two parts";
}

TEST_F(TargetDataTest, ImagesOfTrainPathAreTunedOnAndNeverTested) {
  const std::vector<Cell> plan{cell("", "noise-fc", 0.5), cell("", "noise-fc", 0.25)};
  auto s = settings("synthetic:?part=train&n=60");
  s.sweep.train_sizes = {0.5, 0.25};
  const auto data = load(s, plan);
  EXPECT_EQ(data.images(plan[0]).size(), 100);
  const auto half = data.split(plan[0]);
  const auto quarter = data.split(plan[1]);
  EXPECT_THAT(half.train, SizeIs(30));
  EXPECT_THAT(half.train, Each(Ge(40)));
  EXPECT_EQ(std::set<std::int64_t>(half.train.begin(), half.train.end()).size(), 30U);
  // The smaller part is the head of the larger one, and both are tested on the same images.
  EXPECT_TRUE(std::equal(quarter.train.begin(), quarter.train.end(), half.train.begin()));
  EXPECT_THAT(half.test, SizeIs(6));
  EXPECT_EQ(half.test, quarter.test);
  EXPECT_EQ(half.val, quarter.val);
  for (const auto index : half.test) EXPECT_LT(index, 40);
}

TEST_F(TargetDataTest, ImagesThatWouldBeTestedAreRefusedForTraining) {
  const std::vector<Cell> plan{cell("", "noise-fc", 0.5)};
  EXPECT_THAT(test::message_of<data::DataError>([&] { load(settings("synthetic:?part=target&n=40"), plan); }),
              HasSubstr("40 of the 40 images of data.train_path are in data.path, too"));
}

// The first set has no class "a": its label 0 is "b", which a flip makes the last, where the other set's "b" becomes the
// middle.
TEST_F(TargetDataTest, SetsOfOtherClassesCannotShareADriftOfLabels) {
  const test::TemporaryFolder folder;
  const auto add = [&](const std::string& set, const std::string& name) {
    for (int i = 0; i < 8; ++i)
      test::write_file(folder / (set + "/" + name + "/" + std::to_string(i) + ".png"),
                       test::encoded(".png", 32, 32, {10 * i, name[0], set[1]}));
  };
  for (const char* name : {"b", "c"}) add("test", name);
  for (const char* name : {"a", "b", "c"}) add("train", name);
  Settings s = settings("imagefolder:" + (folder / "train").string());
  s.data.dataset = "cifar-flip";
  s.data.path = "imagefolder:" + (folder / "test").string();
  const auto begin = [&](const std::string& drift) {
    return TargetData(s, {cell(drift, "", 0.5)}, [](const std::string&) {}, {.outputs = 3, .names = {"a", "b", "c"}});
  };
  EXPECT_EQ(begin("input").images(cell("input", "", 0.5)).size(), 40);
  EXPECT_THAT(test::message_of<data::DataError>([&] { begin("output"); }),
              HasSubstr("data.train_path has 3 classes and data.path 2"));
}

}  // namespace
}  // namespace tbft
