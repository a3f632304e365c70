#include "harness/adaptive/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "harness/adaptive/layer_model.h"
#include "harness/data/rng.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace tbft::adaptive {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::int64_t classes = 5;
constexpr std::int64_t channels = 3;

// A made-up network: two front layers and a rear one. New content moves the images of each class in a way of their own, a
// corruption all alike.
struct World {
  double accuracy = 0.9;
  double certainty = 4;  // the greatest logit
  double corruption = 0, novelty = 0;
  std::vector<std::int64_t> names{0, 1, 2, 3, 4};
  double wrong_labels = 0;
  std::int64_t labels = classes;  // 0 .. labels-1 occur
};

Observation observe(std::int64_t n, std::uint64_t seed, const World& world = {}) {
  data::Rng rng(seed);
  Observation seen{.classes = classes, .logits = {}, .labels = {}, .layers = {}};
  for (const auto& [name, block] : {std::pair{"layer1.0.bn1", 0}, {"layer1.1.bn1", 0}, {"bn", -1}})
    seen.layers.push_back({name, channels, {}, {}, std::vector<float>(channels), std::vector<float>(channels, 1), block});
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t truth = rng.below(static_cast<int>(world.labels));
    const std::int64_t predicted = rng.uniform() < world.accuracy ? truth : rng.below(classes);
    for (std::int64_t c = 0; c < classes; ++c)
      seen.logits.push_back(static_cast<float>(c == predicted ? world.certainty + rng.normal() / 2 : 0));
    seen.labels.push_back(rng.uniform() < world.wrong_labels ? rng.below(classes)
                                                             : world.names[static_cast<std::size_t>(truth)]);
    for (auto& layer : seen.layers) {
      const bool rear = layer.name == "bn";
      const double own = rear ? 2.0 : 0.3;  // how far classes lie apart
      for (std::int64_t c = 0; c < channels; ++c) {
        const double of_class = own * static_cast<double>((truth * (c + 2)) % classes) / classes;
        const double of_content = static_cast<double>((truth * 2 + c) % classes) - (classes - 1) / 2.0;  // 0 in the mean
        const double mean =
            of_class + rng.normal() + world.corruption * (rear ? 0.3 : 1) + world.novelty * of_content * (rear ? 1 : 0.3);
        layer.mean.push_back(static_cast<float>(mean));
        layer.mean_square.push_back(static_cast<float>(mean * mean + 1 + 0.1 * rng.uniform()));
      }
    }
  }
  return seen;
}

const Reference& reference() {
  static const Reference made = calibrate(observe(1500, 1), {10, 20, 50, 100}, 1);
  return made;
}
Diagnosis diagnosed(std::int64_t n, const World& world, std::uint64_t seed = 2) {
  return diagnose(reference(), observe(n, seed, world), 1);
}

TEST(Diagnosis, UndriftedImagesAreNoneAndFalseAlarmsAreFew) {
  int alarms = 0;
  for (std::uint64_t seed = 100; seed < 140; ++seed) alarms += diagnosed(100, {}, seed).level == Level::none ? 0 : 1;
  EXPECT_LE(alarms, 4);
  EXPECT_GT(diagnosed(100, {}).confidence, 0.8);
}

TEST(Diagnosis, AMovedFrontIsInputLevel) {
  const auto diagnosis = diagnosed(100, {.accuracy = 0.6, .corruption = 1});
  EXPECT_EQ(diagnosis.level, Level::input);
  EXPECT_GT(diagnosis.confidence, 0.99);
  EXPECT_EQ(suggested_strategy(diagnosis), "block1");
}

TEST(Diagnosis, RenamedLabelsAreOutputLevel) {
  EXPECT_EQ(diagnosed(100, {.names = {4, 3, 2, 1, 0}}).level, Level::output);
  EXPECT_TRUE(diagnosed(100, {.names = {4, 3, 2, 1, 0}}).one_to_one);
  EXPECT_EQ(diagnosed(100, {.names = {1, 0, 2, 3, 4}}).level, Level::output);
  const auto merged = diagnosed(100, {.names = {0, 0, 0, 3, 4}});
  EXPECT_EQ(merged.level, Level::output);
  EXPECT_FALSE(merged.one_to_one);
  EXPECT_THAT(merged.doubts, testing::Contains(HasSubstr("merges")));
}

TEST(Diagnosis, ErrorsOnNewContentAreFeatureLevel) {
  const auto diagnosis = diagnosed(100, {.accuracy = 0.5, .novelty = 1});
  EXPECT_EQ(diagnosis.level, Level::feature);
  EXPECT_EQ(suggested_strategy(diagnosis), "block3");
}

TEST(Diagnosis, NewContentMovesTheFrontTooButEachLabelInItsOwnWay) {
  const auto content = diagnosed(100, {.accuracy = 0.5, .novelty = 1});
  EXPECT_LT(content.of("label_shift").p_high, 0.01);
  EXPECT_GT(content.of("front_common").p_high, 0.01);
  EXPECT_NE(content.level, Level::input);
  const auto corruption = diagnosed(100, {.accuracy = 0.5, .corruption = 0.5});
  EXPECT_GT(corruption.common_share, 0.8);
  EXPECT_EQ(corruption.level, Level::input);
}

TEST(Diagnosis, NewContentThatCostsNothingIsNone) {
  int none = 0;
  for (std::uint64_t seed = 100; seed < 120; ++seed)
    none += diagnosed(100, {.novelty = 0.5}, seed).level == Level::none ? 1 : 0;
  EXPECT_GE(none, 16) << "of 20: in one of ten the accuracy is low by chance";
}

TEST(Diagnosis, DivergenceIsTestedBeforeTheGapAndBothAreAMixture) {
  const auto diagnosis = diagnosed(100, {.corruption = 1, .names = {4, 3, 2, 1, 0}});
  EXPECT_EQ(diagnosis.level, Level::mixture);
  EXPECT_THAT(diagnosis.parts, testing::ElementsAre(Level::input, Level::output));
}

TEST(Diagnosis, WrongLabelsAreNoDrift) {
  const auto diagnosis = diagnosed(100, {.wrong_labels = 0.3});
  EXPECT_EQ(diagnosis.level, Level::unsure);
  EXPECT_THAT(diagnosis.doubts, testing::Contains(HasSubstr("labels may be wrong")));
}

TEST(Diagnosis, FewerImagesLeaveMoreDoubt) {
  const auto width = [](const Diagnosis& d) { return d.of("accuracy").high - d.of("accuracy").low; };
  const auto many = diagnosed(100, {});
  const auto few = diagnosed(20, {});
  EXPECT_LT(width(many), width(few));
  EXPECT_THAT(few.doubts, Not(IsEmpty()));
  const auto ten = diagnosed(10, {});
  EXPECT_EQ(ten.level, Level::unsure);
  EXPECT_EQ(ten.n, 10);
  EXPECT_THAT(ten.doubts, Not(IsEmpty()));
}

TEST(Diagnosis, DegenerateSamplesAreAnsweredWithDoubt) {
  for (const std::int64_t n : {0, 1, 9}) {
    const auto diagnosis = diagnosed(n, {});
    EXPECT_EQ(diagnosis.level, Level::unsure);
    EXPECT_THAT(diagnosis.doubts, Not(IsEmpty()));
  }
  const auto single = diagnosed(100, {.labels = 1});
  EXPECT_EQ(single.level, Level::unsure);
  EXPECT_THAT(single.doubts, testing::Contains(HasSubstr("1 of 5 classes")));
  const auto missing = diagnosed(100, {.labels = 4});
  EXPECT_EQ(missing.level, Level::none);
  EXPECT_THAT(missing.doubts, testing::Contains(HasSubstr("4 of 5 classes")));
}

TEST(Diagnosis, ASizeWithoutSourceSamplesUsesTheNextSmallerOne) {
  const auto diagnosis = diagnosed(70, {});
  EXPECT_EQ(diagnosis.n, 50);
  EXPECT_THAT(diagnosis.doubts, testing::Contains(HasSubstr("50 of 70 images")));
}

TEST(Reference, SurvivesItsFile) {
  const auto again = reference_from_json(nlohmann::json::parse(to_json(reference()).dump()));
  const auto target = observe(100, 7, {.corruption = 0.3});
  const auto a = diagnose(reference(), target, 1);
  const auto b = diagnose(again, target, 1);
  EXPECT_EQ(a.level, b.level);
  for (std::size_t i = 0; i < a.evidence.size(); ++i) EXPECT_EQ(a.evidence[i].value, b.evidence[i].value);
}

// The whitening of 2,048 channels, as a ResNet-50 has them at its rear, is more than a file may have.
TEST(Reference, WhatCouldNotBeReadIsNotWritten) {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "reference.json";
  auto made = reference();
  made.checkpoint_sha256 = "abc";
  write_reference(file, made);
  EXPECT_EQ(read_reference(file, "abc").layers.size(), made.layers.size());
  std::filesystem::remove(file);
  made.layers.back().channels = 2048;
  made.layers.back().whitening.assign(most_reference_bytes / 16, 1.0 / 3);  // 19 bytes each
  EXPECT_THAT(test::message_of<ReferenceError>([&] { write_reference(file, made); }),
              testing::AllOf(HasSubstr("reference.json: not written"), HasSubstr("2048 channels (bn)"), HasSubstr("67 MB"),
                             HasSubstr("--source")));
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(Reference, AFileThatDoesNotFitTogetherIsRefused) {
  const auto sound = to_json(reference());
  for (const char* key : {"format", "confusion", "layers", "ranges", "classes"}) {
    auto broken = sound;
    broken.erase(key);
    EXPECT_THROW(reference_from_json(broken), ReferenceError) << key;
  }
  auto broken = sound;
  broken["layers"][0]["whitening"].erase(0);
  EXPECT_THROW(reference_from_json(broken), ReferenceError);
  broken = sound;
  broken["ranges"][0]["certainty"] = nlohmann::json::array();
  EXPECT_THROW(reference_from_json(broken), ReferenceError);
}

TEST(Reference, TooFewSourceImagesAreRefused) {
  EXPECT_THROW(calibrate(observe(150, 1), {10}, 1), ReferenceError);
  EXPECT_THROW(calibrate(observe(250, 1), {100}, 1), ReferenceError);
}

TEST(LayerModel, ResidualsOfWhatWasFittedAreWhiteAndItsShiftIsUnbiased) {
  const auto seen = observe(1000, 4);
  const auto predicted = seen.predicted();
  const auto model = fit_layer(seen.layers[0], predicted, classes);
  const auto r = residuals(model, seen.layers[0], predicted);
  const double squares = std::inner_product(r.begin(), r.end(), r.begin(), 0.0) / static_cast<double>(r.size());
  EXPECT_NEAR(squares, 1, 0.05);
  std::vector<std::int64_t> images(20);
  double mean = 0;
  for (std::int64_t start = 0; start < 1000; start += 20) {
    std::iota(images.begin(), images.end(), start);
    mean += shift(r, 2 * channels, images) / 50;
  }
  EXPECT_NEAR(mean, 0, 0.01);
}

TEST(LayerModel, AShiftIsCommonWhereAllLabelsShareIt) {
  // Two labels, one dimension: both moved by 2, then each in its own direction, then one alone.
  const std::vector<std::int64_t> all{0, 1, 2, 3};
  const std::vector<std::int64_t> labels{0, 0, 1, 1};
  const auto both = [&](const std::vector<double>& r) { return std::pair{shift(r, 1, all), common_shift(r, 1, all, labels)}; };
  EXPECT_THAT(both({2, 2, 2, 2}), testing::Pair(testing::DoubleEq(4), testing::DoubleEq(4)));
  // Pairs: 4 within labels (product 4), 8 across (-4): their mean, and the mean of the 8.
  EXPECT_THAT(both({2, 2, -2, -2}), testing::Pair(testing::DoubleEq(-4.0 / 3), testing::DoubleEq(-4)));
  EXPECT_THAT(both({2, 2, 0, 0}), testing::Pair(testing::DoubleEq(4.0 * 2 / 12), testing::DoubleEq(0)));
  const std::vector<std::int64_t> one{0, 0, 0, 0};
  EXPECT_EQ(common_shift(std::vector<double>{2, 2, 2, 2}, 1, all, one), 0) << "one label cannot tell";
}

TEST(LayerModel, DivergenceIsThatOfTwoGaussians) {
  // Batch N(2, 4) beside running N(1, 9): (ln(9/4) + (4 + 1) / 9 - 1) / 2.
  const LayerMoments layer{"layer1.0.bn1", 1, {1, 3}, {4, 12}, {1}, {9}};
  const std::vector<std::int64_t> both{0, 1};
  EXPECT_NEAR(divergence(layer, both), 0.5 * (std::log(9.0 / 4) + 5.0 / 9 - 1), 1e-9);
}

}  // namespace
}  // namespace tbft::adaptive
