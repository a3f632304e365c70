// What a folder of data allows to be reproduced, and what is said of the rest.
#include "harness/paper/reproduction_plan.h"
#include "harness/host/usage_error.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace tbft {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

class ReproductionPlanTest : public testing::Test {
 protected:
  void put(const std::string& path) const { test::write_file(folder_.path() / path, "x"); }
  void cifar10_tree() const {
    for (const char* part : {"train", "test"})
      for (const char* name : {"airplane", "cat", "truck"}) put(std::string("images/") + part + "/" + name + "/0.jpg");
  }
  Material material() const { return find_material(folder_.path()); }
  ReproductionRequest request() const {
    ReproductionRequest r;
    r.data = folder_.path();
    r.output = folder_.path() / "run";
    return r;
  }
  static std::vector<std::string> names(const ReproductionPlan& plan) {
    std::vector<std::string> result;
    for (const auto& job : plan.jobs) result.push_back(job.name);
    return result;
  }
  test::TemporaryFolder folder_;
};

TEST_F(ReproductionPlanTest, MaterialIsFoundByNameTwoFoldersDown) {
  cifar10_tree();
  put("more/CIFAR-10-C/gaussian_noise.npy");
  put("more/CIFAR-10-C/labels.npy");
  put("more/imagenet/train/n01631663/1.JPEG");
  put("more/imagenet/val/n01631663/1.JPEG");
  put("checkpoints/resnet26_cifar10_jpeg.pth");
  put("checkpoints/resnet26_cifar10_tbft.pth");
  put("checkpoints/resnet26_living17_tbft.pth");
  const auto m = material();
  EXPECT_EQ(m.cifar10_test, "imagefolder:" + (folder_.path() / "images/test").string());
  EXPECT_EQ(m.cifar10_train, "imagefolder:" + (folder_.path() / "images/train").string());
  EXPECT_EQ(m.cifar10_c, (folder_.path() / "more/CIFAR-10-C").string());
  EXPECT_EQ(m.imagenet, (folder_.path() / "more/imagenet").string());
  EXPECT_EQ(m.cifar10_base.filename(), "resnet26_cifar10_jpeg.pth");
  EXPECT_EQ(m.cifar10_lossless_base.filename(), "resnet26_cifar10_tbft.pth") << "CIFAR-10-C was made from lossless images";
  EXPECT_EQ(m.living17_base.filename(), "resnet26_living17_tbft.pth");
  EXPECT_EQ(m.cifar100, "");
}

TEST_F(ReproductionPlanTest, LosslessImagesGetTheBaseModelThatIsNotOfJpegs) {
  put("cifar-10-batches-bin/test_batch.bin");
  put("resnet26_cifar10_jpeg.pth");
  put("resnet26_cifar10_tbft.pth");
  const auto m = material();
  EXPECT_THAT(m.cifar10_test, HasSubstr("?part=test"));
  EXPECT_EQ(m.cifar10_base.filename(), "resnet26_cifar10_tbft.pth");
}

TEST_F(ReproductionPlanTest, AnEmptyFolderAllowsTheStepCostAloneAndSaysWhatEachTableNeedsAndWhere) {
  const auto plan = plan_reproduction(request(), material());
  EXPECT_TRUE(plan.step_cost);
  EXPECT_THAT(plan.jobs, IsEmpty());
  for (const char* table : {"cifar-flip", "cifar10-c", "living17", "block-noise"})
    EXPECT_THAT(plan.missing, Contains(Field(&results::Missing::table, table))) << table;
  EXPECT_THAT(plan.missing, Contains(Field(&results::Missing::where, HasSubstr("image-net.org"))));
  for (const auto& missing : plan.missing) {
    EXPECT_NE(missing.what, "");
    EXPECT_NE(missing.where, "");
  }
}

TEST_F(ReproductionPlanTest, StandInsAreMadeWhereTheirOriginalsAreNot) {
  cifar10_tree();
  put("resnet26_cifar10_jpeg.pth");
  EXPECT_THAT(names(plan_reproduction(request(), material())),
              ElementsAre("cifar-flip", "cifar10-c-like", "cifar10-pairs", "block-noise"));
  put("CIFAR-10-C/gaussian_noise.npy");
  put("CIFAR-10-C/labels.npy");
  put("imagenet/val/n01631663/1.JPEG");
  put("imagenet/train/n01631663/1.JPEG");
  EXPECT_THAT(names(plan_reproduction(request(), material())),
              ElementsAre("cifar-flip", "cifar10-c", "living17", "block-noise"));
  auto asked = request();
  asked.tables = {"cifar10-pairs", "cifar10-c"};
  const auto plan = plan_reproduction(asked, material());
  EXPECT_THAT(names(plan), ElementsAre("cifar10-c", "cifar10-pairs"));
  EXPECT_FALSE(plan.step_cost);
}

TEST_F(ReproductionPlanTest, TheTablesHaveThePapersSettings) {
  cifar10_tree();
  put("resnet26_cifar10_jpeg.pth");
  const auto plan = plan_reproduction(request(), material());
  ASSERT_EQ(plan.jobs.size(), 4U);
  const auto& flip = plan.jobs[0].settings;
  EXPECT_THAT(flip.sweep.train_sizes, ElementsAre(0.1, 0.2, 0.3));
  EXPECT_EQ(flip.data.dataset, "cifar-flip");
  EXPECT_EQ(flip.model.checkpoint, (folder_.path() / "resnet26_cifar10_jpeg.pth").string());
  const auto& like = plan.jobs[1].settings;
  EXPECT_EQ(effective(like, 1).data.conditions.size(), 15U);
  ASSERT_TRUE(plan.jobs[2].base);
  EXPECT_EQ(plan.jobs[2].settings.model.checkpoint, (folder_.path() / "run/base/cifar10-pairs-short-16.pth").string());
  const auto& noise = plan.jobs[3].settings;
  EXPECT_EQ(noise.train.epochs, 50);
  EXPECT_EQ(noise.train.patience, 20);
  EXPECT_TRUE(noise.train.augment);
  EXPECT_THAT(noise.data.train_path, HasSubstr("train"));
}

TEST_F(ReproductionPlanTest, APathMayHaveAnApostrophe) {
  put("it's \"mine\"/cifar-10-batches-bin/test_batch.bin");
  put("it's \"mine\"/resnet26_cifar10_tbft.pth");
  auto r = request();
  r.tables = {"cifar-flip"};
  const auto plan = plan_reproduction(r, material());
  ASSERT_EQ(plan.jobs.size(), 1U);
  const auto& settings = plan.jobs[0].settings;
  EXPECT_EQ(settings.model.checkpoint, (folder_.path() / "it's \"mine\"/resnet26_cifar10_tbft.pth").string());
  EXPECT_EQ(settings.data.path, "cifar10:" + (folder_.path() / "it's \"mine\"").string() + "?part=test");
}

TEST_F(ReproductionPlanTest, OptionsReachTheTableThatTheyName) {
  cifar10_tree();
  put("resnet26_cifar10_jpeg.pth");
  auto r = request();
  r.quick = true;
  r.set = {"train.epochs=3", "block-noise/train.epochs=2"};
  for (const auto& job : plan_reproduction(r, material()).jobs) {
    EXPECT_EQ(job.settings.train.epochs, job.name == "block-noise" ? 2 : 3) << job.name;
    EXPECT_EQ(job.settings.sweep.repetitions, 1);
    EXPECT_EQ(job.settings.sweep.train_sizes.size(), 1U);
  }
  r.set = {"cifar10-c/train.epochs=3"};  // its stand-in is made
  EXPECT_THAT(test::message_of<UsageError>([&] { plan_reproduction(r, material()); }),
              HasSubstr("cifar10-c is not a table that is made here"));
  r.set = {"cifar-flop/train.epochs=3"};
  EXPECT_THAT(test::message_of<UsageError>([&] { plan_reproduction(r, material()); }), HasSubstr("cifar-flip"));
  r.set = {"cifar-flip/train.epoch=3"};
  EXPECT_THAT(test::message_of<UsageError>([&] { plan_reproduction(r, material()); }), HasSubstr("train.epochs"));
}

TEST_F(ReproductionPlanTest, WhatStandsInIsMissedOnlyWhereNothingDoes) {
  cifar10_tree();
  put("resnet26_cifar10_jpeg.pth");
  std::vector<std::string> missed;
  for (const auto& missing : plan_reproduction(request(), material()).missing) missed.push_back(missing.table);
  EXPECT_THAT(missed, ElementsAre("cifar10-c", "living17"));
}

TEST_F(ReproductionPlanTest, ABaseModelOfAnotherRecipeIsAnotherFile) {
  cifar10_tree();
  put("resnet26_cifar10_jpeg.pth");
  auto r = request();
  r.tables = {"cifar10-pairs"};
  const auto whole = plan_reproduction(r, material());
  r.quick = true;
  const auto quick = plan_reproduction(r, material());
  EXPECT_NE(whole.jobs.at(0).settings.model.checkpoint, quick.jobs.at(0).settings.model.checkpoint);
  EXPECT_THAT(quick.notes, Contains(HasSubstr("not comparable")));
  EXPECT_THAT(whole.notes, Contains(HasSubstr("recipe short, 16 epochs")));
}

TEST(Material, AFolderThatIsNoneIsAnError) {
  EXPECT_THAT(test::message_of<std::runtime_error>([] { find_material("/nowhere/at/all"); }), HasSubstr("/nowhere/at/all"));
}

}  // namespace
}  // namespace tbft
