// Base models: an interrupt loses nothing, and what is not the same training is not gone on with.
#include "harness/training/pretrain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "harness/host/console.h"
#include "harness/host/interrupted.h"
#include "harness/training/compute.h"
#include "harness/training/pretrain_progress.h"
#include "models/checkpoint/state_dict.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace tbft {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

struct Watcher : PretrainObserver {
  void begin(Phase) override {}
  void end(Phase) override {}
  void stepped(std::int64_t step, std::int64_t) override {
    if (step == stop_at) throw Interrupted("stop");
  }
  void evaluated(std::int64_t, std::int64_t) override {}
  void resumed(std::int64_t epochs_done) override { resumed_behind = epochs_done; }
  void epoch_done(const EpochReport& report) override { epochs.push_back(report); }
  std::int64_t stop_at = -1, resumed_behind = -1;
  std::vector<EpochReport> epochs;
};

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Pretrain : public testing::TestWithParam<const char*> {
 protected:
  Pretrain() { set_compute({1, "onednn"}); }
  PretrainSettings settings() const {
    return {.optimizer = GetParam(), .schedule = "one-cycle", .lr = 0.02, .batch = 20, .epochs = 4, .network = {.depth = 8}};
  }
  EpochReport train(const fs::path& out, const PretrainSettings& s, bool resume, Watcher& watcher) const {
    return pretrain(images, val, s, out, resume, watcher);
  }
  test::TemporaryFolder folder_;
  data::Images images = data::load_dataset(data::parse_dataset_spec("synthetic:?part=train&n=100"));
  data::Images val = data::load_dataset(data::parse_dataset_spec("synthetic:?part=test&n=40"));
};

TEST_P(Pretrain, RateMomentumAndWeightDecayReachTheOptimiser) {
  const auto loss = [&](auto change) {
    auto s = settings();
    s.epochs = 1;
    change(s);
    Watcher watcher;
    return train(folder_.path() / "out.pth", s, false, watcher).val_loss;
  };
  const double usual = loss([](auto&) {});
  EXPECT_EQ(loss([](auto&) {}), usual);
  EXPECT_NE(loss([](auto& s) { s.lr /= 2; }), usual);
  EXPECT_NE(loss([](auto& s) { s.weight_decay += 0.1; }), usual);
  if (settings().optimizer == "sgd") {
    EXPECT_NE(loss([](auto& s) { s.momentum /= 2; }), usual);
  }
}

TEST_P(Pretrain, ResumedInTheMiddleOfAnEpochItEndsWithTheSameWeights) {
  Watcher whole;
  const auto best = train(folder_.path() / "whole.pth", settings(), false, whole);
  EXPECT_EQ(whole.epochs.size(), 4U);
  EXPECT_FALSE(fs::exists(resume_file(folder_.path() / "whole.pth")));

  Watcher stopped;
  stopped.stop_at = 13;  // of 5 steps an epoch: the third epoch is lost
  EXPECT_THROW(train(folder_.path() / "two.pth", settings(), false, stopped), Interrupted);
  ASSERT_TRUE(fs::exists(resume_file(folder_.path() / "two.pth")));
  Watcher resumed;
  const auto again = train(folder_.path() / "two.pth", settings(), true, resumed);
  EXPECT_EQ(resumed.resumed_behind, 2);
  EXPECT_EQ(resumed.epochs.size(), 2U);
  EXPECT_EQ(again.epoch, best.epoch);
  EXPECT_EQ(again.val_loss, best.val_loss);
  EXPECT_EQ(resumed.epochs.back().train_loss, whole.epochs.back().train_loss);
  EXPECT_EQ(bytes_of(folder_.path() / "two.pth"), bytes_of(folder_.path() / "whole.pth"));
}

TEST_P(Pretrain, AnotherTrainingIsNotGoneOnWith) {
  Watcher stopped;
  stopped.stop_at = 7;
  EXPECT_THROW(train(folder_.path() / "base.pth", settings(), false, stopped), Interrupted);
  auto other = settings();
  other.lr = 0.05;
  Watcher watcher;
  EXPECT_THROW(train(folder_.path() / "base.pth", other, true, watcher), OtherTraining);
  val.labels[0] = (val.labels[0] + 1) % 10;
  EXPECT_THROW(train(folder_.path() / "base.pth", settings(), true, watcher), OtherTraining);
}

TEST_P(Pretrain, WithoutTheBestWeightsSoFarItIsNotGoneOnWith) {
  const auto out = folder_.path() / "base.pth";
  Watcher stopped;
  stopped.stop_at = 7;
  EXPECT_THROW(train(out, settings(), false, stopped), Interrupted);
  fs::rename(out, folder_.path() / "elsewhere.pth");
  Watcher watcher;
  EXPECT_THAT(test::message_of<models::CheckpointError>([&] { train(out, settings(), true, watcher); }),
              AllOf(HasSubstr("base.pth: missing"), HasSubstr("epoch 1"), HasSubstr("base.pth.resume")));
  EXPECT_TRUE(fs::exists(resume_file(out)));
}

// At 32 pixels the maps of its last layer have one pixel.
TEST_P(Pretrain, ALastBatchOfOneImageIsRefusedWhereItHasNoStatistics) {
  auto s = settings();
  s.network = {.depth = 18, .family = "resnet", .variant = "large-stem"};
  s.batch = 33;
  Watcher watcher;
  EXPECT_THAT(test::message_of<std::invalid_argument>([&] { train(folder_.path() / "base.pth", s, false, watcher); }),
              AllOf(HasSubstr("100 training images"), HasSubstr("--batch")));
}

TEST_P(Pretrain, ATornResumeFileIsRefused) {
  Watcher stopped;
  stopped.stop_at = 7;
  EXPECT_THROW(train(folder_.path() / "base.pth", settings(), false, stopped), Interrupted);
  const auto file = resume_file(folder_.path() / "base.pth");
  fs::resize_file(file, fs::file_size(file) / 2);
  Watcher watcher;
  EXPECT_THROW(train(folder_.path() / "base.pth", settings(), true, watcher), models::CheckpointError);
}

INSTANTIATE_TEST_SUITE_P(Optimizer, Pretrain, testing::Values("sgd", "adam"),
                         [](const auto& of) { return std::string(of.param); });

// What the user reads at Ctrl-C.
TEST(PretrainProgress, PromisesToResumeOnlyWhatIsWritten) {
  Console console(stderr, false);
  const std::atomic<bool> stop = true;
  const auto message = [](PretrainProgress& progress) {
    return test::message_of<Interrupted>([&] { progress.stepped(1, 20); });
  };
  PretrainProgress first(console, stop, 4);
  EXPECT_THAT(message(first), HasSubstr("nothing is written"));
  first.epoch_done({.epoch = 1, .best = true});
  EXPECT_THAT(message(first), HasSubstr("the best weights are written, --resume continues"));
  PretrainProgress resumed(console, stop, 4);
  resumed.resumed(2);
  EXPECT_THAT(message(resumed), HasSubstr("--resume continues"));
}

TEST(Recipes, AreFoundByName) {
  EXPECT_EQ(find_recipe("paper").settings.epochs, 300);
  EXPECT_EQ(find_recipe("living17").settings.optimizer, "adam");
  EXPECT_THROW(find_recipe("papr"), std::invalid_argument);
}

}  // namespace
}  // namespace tbft
