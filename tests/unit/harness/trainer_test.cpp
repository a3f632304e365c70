// The trainer against the paper's protocol in Python PyTorch (paper_protocol.py), and what it must not do.
#include "harness/training/trainer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "harness/adaptive/diagnosed.h"
#include "harness/data/dataset.h"
#include "harness/training/compute.h"
#include "models/checkpoint/state_dict.h"
#include "models/cost.h"
#include "models/families/family.h"
#include "tests/support/message_of.h"
#include "tests/unit/models/files.h"

namespace tbft {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

struct SilentObserver : PhaseObserver {
  void begin(Phase phase) override { open.push_back(phase), ++count[phase]; }
  void end(Phase phase) override {
    ASSERT_FALSE(open.empty());
    EXPECT_EQ(open.back(), phase) << "phases nest";
    open.pop_back();
  }
  void stepped(std::int64_t, std::int64_t) override { ++steps; }
  void evaluated(std::int64_t, std::int64_t) override {}
  std::vector<Phase> open;
  std::map<Phase, int> count;
  int steps = 0;
};

// Shared by all tests: a folder with images and a base model that Python wrote.
class TrainerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string pattern = (fs::temp_directory_path() / "tbft-trainer-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern;
    set_compute({1, "onednn"});
    images = data::load_dataset(data::parse_dataset_spec("synthetic:?part=target&drift=input&n=1600"));
    split = data::paper_split(images.size(), 0.2);
    split.val.resize(80);    // of 240, and
    split.test.resize(100);  // of 1,040: each run goes through them
    std::ofstream(folder / "pixels.bin", std::ios::binary)
        .write(reinterpret_cast<const char*>(images.pixels.data()), static_cast<std::streamsize>(images.pixels.size()));
    std::ofstream(folder / "labels.bin", std::ios::binary)
        .write(reinterpret_cast<const char*>(images.labels.data()),
               static_cast<std::streamsize>(images.labels.size() * sizeof(std::int64_t)));
    ASSERT_EQ(python("prepare"), 0) << "python3-torch is needed";
  }
  static void TearDownTestSuite() { fs::remove_all(folder); }

  static int python(const std::string& command) {
    return std::system(
        fmt::format("/usr/bin/python3 {}/tests/unit/harness/paper_protocol.py {} {}", TBFT_SOURCE_DIR, command, folder.string())
            .c_str());
  }
  static TrainSettings settings() { return {.batch = 16, .epochs = 1, .seed = 3}; }
  static TrainResult run(Trainer& trainer, const char* strategy, const TrainSettings& s, const data::Split& parts = split) {
    SilentObserver observer;
    return trainer.run(find_strategy(strategy), images, parts, s, observer);
  }

  static inline fs::path folder;
  static inline data::Images images;
  static inline data::Split split;
};

TEST_F(TrainerTest, TwentyStepsEqualThePublishedProtocolInLossWeightsAndBatchnormState) {
  Trainer trainer(folder / "base.pth");
  nlohmann::json cases = {{"split", {{"train", split.train}, {"val", split.val}}}, {"cases", nlohmann::json::array()}};
  const auto add = [&](const char* strategy, const TrainSettings& s) {
    const auto result = run(trainer, strategy, s);
    EXPECT_EQ(result.steps, 20 * s.epochs);
    const auto file = fmt::format("{}-{}-{}-{}.pth", strategy, s.optimizer, s.layout, s.epochs);
    trainer.save(folder / file);
    cases["cases"].push_back({{"strategy", strategy},
                              {"optimizer", s.optimizer},
                              {"lr", s.lr},
                              {"seed", s.seed},
                              {"batch", s.batch},
                              {"epochs", s.epochs},
                              {"file", file},
                              {"layout", s.layout},
                              {"val_loss", result.val_loss}});
  };
  for (const char* layout : {"channels_last", "contiguous"})
    for (const char* strategy : {"full", "block1", "block2", "block3", "fc", "bn-stats", "bn-affine", "l1-sp", "auto-rgn"}) {
      auto s = settings();
      s.layout = layout;
      if (std::string_view(strategy) == "fc") s.lr = 1e-2;
      add(strategy, s);
    }
  auto adam = settings();
  adam.layout = "contiguous";
  add("tent", adam);  // Adam's steps are as large for a gradient near zero: only the same floats take the same
  adam.optimizer = "adam";
  add("fc", adam);
  auto epochs = settings();
  epochs.layout = "contiguous";
  epochs.epochs = 2;
  epochs.lr = 1e-2;
  add("auto-rgn", epochs);  // other rates in its second epoch
  std::ofstream(folder / "cases.json") << cases.dump();
  EXPECT_EQ(python("compare"), 0);
}

TEST_F(TrainerTest, EveryRunStartsFromTheBaseModel) {
  Trainer trainer(folder / "base.pth");
  const auto first = run(trainer, "block2", settings());
  run(trainer, "full", settings());
  const auto again = run(trainer, "block2", settings());
  EXPECT_EQ(first.val_loss, again.val_loss);
  EXPECT_EQ(first.correct_by_image, again.correct_by_image);
}

TEST_F(TrainerTest, AnotherSeedDrawsOtherBatches) {
  Trainer trainer(folder / "base.pth");
  const auto first = run(trainer, "full", settings());
  auto other = settings();
  other.seed = 4;
  EXPECT_NE(first.val_loss, run(trainer, "full", other).val_loss);
}

// Autograd keeps an activation only for what it will differentiate: were a frozen block part of the graph, its activations
// would stay alive, and these would not be so far apart.
TEST_F(TrainerTest, FrozenBlocksAreNotDifferentiated) {
  Trainer trainer(folder / "base.pth");
  std::map<std::string, double> kept;
  for (const char* strategy : {"fc", "block3", "block2", "block1", "full"})
    kept[strategy] = run(trainer, strategy, settings()).saved_act_MiB;
  EXPECT_LT(kept["fc"], 0.02 * kept["full"]);
  EXPECT_LT(kept["block3"], 0.3 * kept["full"]);
  EXPECT_LT(kept["block2"], 0.6 * kept["full"]);
  EXPECT_LE(kept["block1"], kept["full"]);
  EXPECT_GT(kept["fc"], 0);
}

TEST_F(TrainerTest, AChoiceTrainsAsItsBlocksWouldAndCountsWhatItCost) {
  Trainer trainer(folder / "base.pth");
  auto s = settings();
  s.batchnorm = "frozen-eval";
  for (const char* cache : {"off", "fp32"}) {
    s.cache = cache;
    for (const char* strategy : {"rgn-top1", "elastic"}) {
      const auto chosen = run(trainer, strategy, s);
      ASSERT_FALSE(chosen.tuned.blocks.empty());
      const Strategy same("same", "", chosen.tuned);
      SilentObserver observer;
      const auto fixed = trainer.run(same, images, split, s, observer);
      EXPECT_EQ(chosen.val_loss, fixed.val_loss) << strategy << " picked " << blocks_text(chosen.tuned);
      EXPECT_EQ(chosen.correct_by_image, fixed.correct_by_image);
      EXPECT_EQ(chosen.trainable_params, fixed.trainable_params);
      const double a_pass =
          5.0 * 16 * static_cast<double>(models::training_macs(models::describe({}), {.blocks = {}, .everything = true}));
      EXPECT_DOUBLE_EQ(chosen.macs_train - fixed.macs_train, (std::string_view(strategy) == "elastic" ? 2 : 1) * a_pass);
    }
  }
}

// Labels that are the base model's own predictions, renamed: all wrong before, all right after.
TEST_F(TrainerTest, RelabelUndoesARenamingOfTheLabels) {
  Trainer trainer(folder / "base.pth");
  data::Split all;
  for (std::int64_t i = 0; i < 300; ++i) all.test.push_back(i);
  all.train = all.val = all.test;
  auto renamed = images;
  SilentObserver observer;
  const auto predicted = trainer.observe(images, all.test, std::nullopt).predicted();
  for (std::size_t i = 0; i < predicted.size(); ++i) renamed.labels[i] = (predicted[i] + 3) % 10;
  EXPECT_EQ(trainer.run(find_strategy("none"), renamed, all, settings(), observer).correct, 0);
  const auto repaired = trainer.run(find_strategy("relabel"), renamed, all, settings(), observer);
  EXPECT_EQ(repaired.correct, 300);
  EXPECT_EQ(repaired.steps, 0);
  EXPECT_EQ(observer.count[Phase::train], 1) << "its pass over the training images is energy spent on adapting";
}

// Renamed labels on drifted pixels: BatchNorm follows the pixels, the renaming the labels.
TEST_F(TrainerTest, BnRelabelRefreshesBatchnormBeforeItRenames) {
  Trainer trainer(folder / "base.pth");
  data::Split all;
  for (std::int64_t i = 0; i < 200; ++i) all.test.push_back(i);
  all.train = all.val = all.test;
  SilentObserver observer;
  auto s = settings();
  const auto refreshed = trainer.run(find_strategy("bn-stats"), images, all, s, observer);  // one epoch: the best of both
  trainer.save(folder / "refreshed.pth");
  // What the refreshed model predicts, renamed.
  Trainer adapted(folder / "refreshed.pth");
  auto renamed = images;
  const auto predicted = adapted.observe(images, all.test, std::nullopt).predicted();
  for (std::size_t i = 0; i < predicted.size(); ++i) renamed.labels[i] = (predicted[i] + 3) % 10;
  const auto alone = trainer.run(find_strategy("relabel"), renamed, all, s, observer);
  const auto both = trainer.run(find_strategy("bn-relabel"), renamed, all, s, observer);
  EXPECT_EQ(both.steps, refreshed.steps);
  EXPECT_EQ(both.samples_seen, (both.epochs + 2) * 200) << "two looks at the labels and the epochs between them";
  EXPECT_GT(both.correct, alone.correct);
  EXPECT_EQ(both.correct, 200);
}

TEST_F(TrainerTest, AnObserverThatHasEnoughEndsTrainingBehindTheEpoch) {
  struct Enough : SilentObserver {
    bool enough() override { return ++asked == 2; }
    int asked = 0;
  } observer;
  Trainer trainer(folder / "base.pth");
  auto s = settings();
  s.epochs = s.patience = 5;
  const auto result = trainer.run(find_strategy("fc"), images, split, s, observer);
  EXPECT_EQ(result.epochs, 2);
  EXPECT_GT(result.n_test, 0) << "what it has is tested";
}

// A reference of the base's own images: nothing drifted, or the labels did.
TEST_F(TrainerTest, DiagnosedBecomesTheStrategyThatTheLevelCallsFor) {
  Trainer trainer(folder / "base.pth");
  const auto sample = [&](std::int64_t begin, std::int64_t n) {
    std::vector<std::int64_t> list(static_cast<std::size_t>(n));
    std::iota(list.begin(), list.end(), begin);
    return list;
  };
  // Labels are the base's own predictions, so that it is right on everything.
  auto known = images;
  const auto seen = trainer.observe(images, sample(0, images.size()), std::nullopt);
  known.labels = seen.predicted();
  Diagnosing diagnosing{adaptive::calibrate(trainer.observe(known, sample(0, 1000), std::nullopt), {100}, 1),
                        {{"default", 1e-3}, {"fc", 1e-2}}};
  auto s = settings();
  s.diagnosed = diagnosed(std::make_shared<const Diagnosing>(diagnosing));
  const data::Split parts{.train = sample(1000, 80), .val = sample(1080, 20), .test = sample(1100, 300)};
  SilentObserver observer;
  const auto undrifted = trainer.run(find_strategy("diagnosed"), known, parts, s, observer);
  EXPECT_EQ(undrifted.chosen, "none");
  EXPECT_EQ(undrifted.correct, 300);
  EXPECT_EQ(observer.count[Phase::train], 1) << "looking is energy spent on adapting";
  EXPECT_DOUBLE_EQ(undrifted.macs_train, 100.0 * static_cast<double>(models::forward_macs(models::describe({}))));
  EXPECT_EQ(nlohmann::json::parse(undrifted.diagnosis).at("level"), "none");

  auto renamed = known;
  for (auto& label : renamed.labels) label = (label + 1) % 10;
  const auto repaired = trainer.run(find_strategy("diagnosed"), renamed, parts, s, observer);
  EXPECT_EQ(repaired.chosen, "relabel");
  EXPECT_EQ(nlohmann::json::parse(repaired.diagnosis).at("level"), "output");
  EXPECT_GT(repaired.correct, 250);

  s.diagnosed = {};
  EXPECT_THROW(trainer.run(find_strategy("diagnosed"), known, parts, s, observer), std::invalid_argument);
}

TEST_F(TrainerTest, KeepsTheActivationsThatTheCostModelSays) {
  Trainer trainer(folder / "base.pth");
  for (const char* strategy : {"fc", "block3", "block2", "block1", "bn-affine", "full"}) {
    const double kept = run(trainer, strategy, settings()).saved_act_MiB;
    const auto bytes = models::saved_activation_bytes(models::describe({}), find_strategy(strategy).tuned);
    // The images, which conv1's weights want, were there before the forward pass.
    const std::int64_t images_kept =
        std::string_view(strategy) == "full" || std::string_view(strategy) == "block1" ? 4 * 3 * 32 * 32 : 0;
    const double predicted = static_cast<double>((bytes - images_kept) * settings().batch) / (1024 * 1024);
    // Beside them: statistics, the loss and its input.
    EXPECT_GE(kept, predicted) << strategy;
    EXPECT_LT(kept, 1.01 * predicted + 0.03) << strategy;
  }
}

// The largest difference of two checkpoints in a parameter; statistics are not compared.
double largest_difference(const fs::path& a, const fs::path& b) {
  const auto first = models::read_state_dict(a);
  const auto second = models::read_state_dict(b);
  double largest = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (first[i].dtype != models::DType::float32 || first[i].name.find("running") != std::string::npos) continue;
    for (std::size_t k = 0; k < first[i].bytes.size(); k += sizeof(float)) {
      float x = 0, y = 0;
      std::memcpy(&x, &first[i].bytes[k], sizeof(x));
      std::memcpy(&y, &second[i].bytes[k], sizeof(y));
      largest = std::max(largest, static_cast<double>(std::abs(x - y)));
    }
  }
  return largest;
}

TEST_F(TrainerTest, ACachedPrefixChangesNothingButTheWork) {
  // Thirty runs, so a small network; under random weights rounding grows too fast.
  Trainer fresh(models::NetworkSpec{.depth = 8}, 3);
  run(fresh, "full", {.lr = 0.05, .batch = 16, .epochs = 2, .seed = 1});
  fresh.save(folder / "small.pth");
  Trainer trainer(folder / "small.pth");
  auto parts = split;
  parts.test = data::paper_split(images.size(), 0.2).test;
  parts.test.resize(400);  // enough for half a point
  for (const char* layout : {"channels_last", "contiguous"})
    for (const char* strategy : {"block2", "block3", "fc"})
      for (const bool refresh : {false, true}) {
        if (refresh && layout == std::string_view("contiguous")) continue;  // the layout decides how the maps are kept, no more
        SCOPED_TRACE(std::string(strategy) + " " + layout + (refresh ? " refreshed" : ""));
        auto s = settings();
        s.layout = layout;
        s.epochs = 2;
        s.batchnorm = "frozen-eval";
        s.refresh_bn = refresh;
        const auto plain = run(trainer, strategy, s, parts);
        trainer.save(folder / "plain.pth");
        s.cache = "fp32";
        const auto cached = run(trainer, strategy, s, parts);
        trainer.save(folder / "cached.pth");
        EXPECT_NEAR(cached.val_loss, plain.val_loss, 1e-3 * plain.val_loss);
        EXPECT_LT(largest_difference(folder / "plain.pth", folder / "cached.pth"), 5e-4);
        EXPECT_EQ(cached.correct, plain.correct);
        EXPECT_EQ(cached.steps, plain.steps);
        EXPECT_LT(cached.macs_train, plain.macs_train);
        EXPECT_NEAR(cached.saved_act_MiB, plain.saved_act_MiB, 0.01 * plain.saved_act_MiB);
        if (refresh) continue;    // where and how the cache is kept does not know of it
        s.cache_limit_bytes = 0;  // all of it in a file
        EXPECT_EQ(run(trainer, strategy, s, parts).val_loss, cached.val_loss);
        s.cache = "bf16";
        const double points = 100.0 / static_cast<double>(plain.n_test);
        EXPECT_NEAR(static_cast<double>(run(trainer, strategy, s, parts).correct) * points,
                    static_cast<double>(plain.correct) * points, 0.5);
      }
}

TEST_F(TrainerTest, RefreshedStatisticsAreTheTargetSAndThenStandStill) {
  Trainer trainer(folder / "base.pth");
  auto s = settings();
  s.batchnorm = "frozen-eval";
  s.refresh_bn = true;
  run(trainer, "fc", s);
  trainer.save(folder / "refreshed.pth");
  const auto before = models::read_state_dict(folder / "base.pth");
  const auto after = models::read_state_dict(folder / "refreshed.pth");
  for (std::size_t i = 0; i < before.size(); ++i) {
    const bool statistic = before[i].name.find("running") != std::string::npos;
    if (statistic) {
      EXPECT_NE(before[i].bytes, after[i].bytes) << before[i].name;
    }
    if (!before[i].name.ends_with("tracked")) continue;
    std::int64_t was = 0, is = 0;
    std::memcpy(&was, before[i].bytes.data(), sizeof(was));
    std::memcpy(&is, after[i].bytes.data(), sizeof(is));
    EXPECT_EQ(is - was, 20) << before[i].name << ": one pass over the training batches";
  }
}

TEST_F(TrainerTest, OnlyTunedParametersChangeAndBatchnormStatisticsDoEverywhere) {
  Trainer trainer(folder / "base.pth");
  run(trainer, "block2", settings());
  trainer.save(folder / "tuned.pth");
  const auto before = models::read_state_dict(folder / "base.pth");
  const auto after = models::read_state_dict(folder / "tuned.pth");
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    ASSERT_EQ(before[i].name, after[i].name);
    const bool statistic = before[i].name.find("running") != std::string::npos || before[i].name.ends_with("tracked");
    const bool tuned = before[i].name.starts_with("layer2.");
    EXPECT_EQ(before[i].bytes != after[i].bytes, statistic || tuned) << before[i].name;
  }
}

TEST_F(TrainerTest, FrozenEvalLeavesTheStatisticsOfFrozenBlocksAlone) {
  Trainer trainer(folder / "base.pth");
  auto s = settings();
  s.batchnorm = "frozen-eval";
  run(trainer, "block2", s);
  trainer.save(folder / "tuned.pth");
  const auto before = models::read_state_dict(folder / "base.pth");
  const auto after = models::read_state_dict(folder / "tuned.pth");
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_EQ(before[i].bytes != after[i].bytes, before[i].name.starts_with("layer2.")) << before[i].name;
}

TEST_F(TrainerTest, NoiseChangesEveryParameterOfItsBlockAndNothingElse) {
  Trainer trainer(folder / "base.pth");
  auto s = settings();
  s.noise = BlockNoise{"block3", 0.1, 7};
  run(trainer, "none", s);
  trainer.save(folder / "noised.pth");
  const auto before = models::read_state_dict(folder / "base.pth");
  const auto after = models::read_state_dict(folder / "noised.pth");
  double sum = 0, squares = 0;
  std::size_t n = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const bool parameter = before[i].name.find("running") == std::string::npos && !before[i].name.ends_with("tracked");
    EXPECT_EQ(before[i].bytes != after[i].bytes, parameter && before[i].name.starts_with("layer3.")) << before[i].name;
    if (!parameter) continue;
    for (std::size_t k = 0; k + sizeof(float) <= before[i].bytes.size() && before[i].name.starts_with("layer3.");
         k += sizeof(float), ++n) {
      float was = 0, is = 0;
      std::memcpy(&was, &before[i].bytes[k], sizeof(was));
      std::memcpy(&is, &after[i].bytes[k], sizeof(is));
      sum += static_cast<double>(is) - static_cast<double>(was);
      squares += std::pow(static_cast<double>(is) - static_cast<double>(was), 2);
    }
  }
  ASSERT_EQ(n, 277'440U);  // parameters of Block 3
  EXPECT_NEAR(sum / static_cast<double>(n), 0, 4 * 0.1 / std::sqrt(static_cast<double>(n)));
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(n)), 0.1, 0.001);

  // The next run starts from the base model again, another seed draws other noise, and both layouts get the same.
  const auto many = data::paper_split(images.size(), 0.2).val;
  const auto right = [&](const std::optional<BlockNoise>& noise, const char* layout) {
    SilentObserver observer;
    return trainer.correct(images, many, layout, noise, observer);
  };
  const auto base = right(std::nullopt, "channels_last");
  const auto noised = right(s.noise, "channels_last");
  EXPECT_EQ(right(s.noise, "contiguous"), noised);
  EXPECT_EQ(right(std::nullopt, "channels_last"), base);
  EXPECT_NE(noised, base);
}

TEST_F(TrainerTest, AugmentationChangesWhatIsTrainedOnAndNotWhatIsTested) {
  Trainer trainer(folder / "base.pth");
  auto s = settings();
  const auto plain = run(trainer, "fc", s);
  const auto none = run(trainer, "none", s);
  s.augment = true;
  const auto augmented = run(trainer, "fc", s);
  EXPECT_NE(plain.val_loss, augmented.val_loss);
  EXPECT_EQ(none.correct_by_image, run(trainer, "none", s).correct_by_image);
  EXPECT_EQ(augmented.val_loss, run(trainer, "fc", s).val_loss) << "the same seed draws the same crops";
}

TEST_F(TrainerTest, NoneTrainsNothingAndOpensNoTrainPhase) {
  Trainer trainer(folder / "base.pth");
  SilentObserver observer;
  const auto result = trainer.run(find_strategy("none"), images, split, settings(), observer);
  EXPECT_EQ(result.steps, 0);
  EXPECT_EQ(result.macs_train, 0);
  EXPECT_EQ(observer.count[Phase::train], 0);
  EXPECT_EQ(observer.count[Phase::test], 1);
  EXPECT_EQ(result.n_test, static_cast<std::int64_t>(split.test.size()));
}

TEST_F(TrainerTest, ValidationAndTestStandOutsideTheTrainPhase) {
  Trainer trainer(folder / "base.pth");
  struct Order : SilentObserver {
    void begin(Phase phase) override {
      if (phase == Phase::validate || phase == Phase::test) {
        EXPECT_THAT(open, testing::IsEmpty());
      }
      SilentObserver::begin(phase);
    }
  } observer;
  auto s = settings();
  s.epochs = 2;
  trainer.run(find_strategy("fc"), images, split, s, observer);
  EXPECT_EQ(observer.count[Phase::train], 2);
  EXPECT_EQ(observer.count[Phase::validate], 2);
  EXPECT_EQ(observer.count[Phase::backward], 40);
}

TEST_F(TrainerTest, StopsAfterPatienceEpochsWithoutABetterLossAndTestsTheBestWeights) {
  Trainer trainer(folder / "base.pth");
  auto s = settings();
  s.lr = 1.0;  // the first epoch is as good as it gets
  s.epochs = 12;
  s.patience = 3;
  const auto result = run(trainer, "fc", s);
  s.epochs = result.epochs - (result.diverged ? 1 : s.patience);
  const auto best = run(trainer, "fc", s);
  EXPECT_LT(result.epochs, 12);
  EXPECT_EQ(result.val_loss, best.val_loss);
  EXPECT_EQ(result.correct_by_image, best.correct_by_image);
}

TEST_F(TrainerTest, AnObserverThatThrowsStopsTheWorkAndClosesItsPhases) {
  Trainer trainer(folder / "base.pth");
  struct Stop : SilentObserver {
    void stepped(std::int64_t step, std::int64_t) override {
      if (step == 2) throw std::runtime_error("stop");
    }
  } observer;
  EXPECT_THROW(trainer.run(find_strategy("fc"), images, split, settings(), observer), std::runtime_error);
  EXPECT_THAT(observer.open, testing::IsEmpty());
}

// A parameter of a TorchScript file, whose gradient stays undefined.
TEST_F(TrainerTest, AParameterThatTheLossDoesNotReachStaysAsItIs) {
  models::testing::run_python(
      {TBFT_SOURCE_DIR "/tests/unit/models/scripts.py", "one", "Spare", (folder / "spare.pt").string()});
  Trainer trainer(models::NetworkFile{.path = folder / "spare.pt",
                                      .network = std::string(models::torchscript_network),
                                      .blocks = {{"block1", {"conv1.*", "layer1.*"}},
                                                 {"block2", {"layer2.*"}},
                                                 {"block3", {"layer3.*", "spare.*"}},
                                                 {"none", {"bn.*"}},
                                                 {"fc", {"fc.*"}}},
                                      .allow_script = true});
  auto parts = split;
  parts.train.resize(64);
  const auto spare_after = [&](const char* strategy) {
    run(trainer, strategy, settings(), parts);
    trainer.save(folder / "tuned.pth");
    auto state = models::read_state_dict(folder / "tuned.pth");
    std::erase_if(state, [](const auto& tensor) { return !tensor.name.starts_with("spare."); });
    std::vector<std::vector<std::byte>> bytes;
    for (const auto& tensor : state) bytes.push_back(tensor.bytes);
    return bytes;
  };
  const auto before = spare_after("none");
  ASSERT_EQ(before.size(), 2U);
  for (const char* strategy : {"full", "block3", "l1-sp", "auto-rgn", "rgn-top1", "elastic"})
    EXPECT_EQ(spare_after(strategy), before) << strategy;
}

// At 32 pixels the maps of its last layer have one pixel.
TEST_F(TrainerTest, ALastBatchOfOneImageIsRefusedWhereItHasNoStatistics) {
  Trainer trainer(models::NetworkSpec{.depth = 18, .classes = 10, .pixels = 32, .family = "resnet", .variant = "large-stem"},
                  3);
  auto parts = split;
  parts.train.resize(17);
  auto s = settings();
  SilentObserver observer;
  const auto refusal = [&](const char* strategy) {
    return test::message_of<std::invalid_argument>([&] { trainer.run(find_strategy(strategy), images, parts, s, observer); });
  };
  const auto says_why = AllOf(HasSubstr("17 training images"), HasSubstr("layer4.0.bn1"), HasSubstr("train.batch"));
  EXPECT_THAT(refusal("fc"), says_why);
  s.batchnorm = "frozen-eval";
  EXPECT_THAT(refusal("block4"), says_why);
  EXPECT_THAT(refusal("bn-stats"), says_why);
  s.refresh_bn = true;
  EXPECT_THAT(refusal("fc"), says_why);
  EXPECT_EQ(observer.steps, 0);
  s.refresh_bn = false;
  EXPECT_EQ(run(trainer, "fc", s, parts).steps, 2) << "no BatchNorm trains";
  s.batchnorm = "train";
  s.batch = 17;
  EXPECT_EQ(run(trainer, "fc", s, parts).steps, 1);
}

TEST_F(TrainerTest, ImagesOfAnotherSizeOrLabelAreRefused) {
  Trainer trainer(folder / "base.pth");
  SilentObserver observer;
  auto wrong = images;
  wrong.labels[0] = 10;
  EXPECT_THROW(trainer.run(find_strategy("fc"), wrong, split, settings(), observer), data::DataError);
  wrong = images;
  wrong.width = 16;
  wrong.height = 64;
  EXPECT_THROW(trainer.run(find_strategy("fc"), wrong, split, settings(), observer), data::DataError);
}

}  // namespace
}  // namespace tbft
