#include "harness/training/label_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "harness/data/rng.h"

namespace tbft::adaptive {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Gt;
using Labels = std::vector<std::int64_t>;

constexpr std::int64_t classes = 10;

// Predictions that are right in four of five images, else any class.
Labels predictions(const Labels& truth, std::uint64_t seed = 1) {
  data::Rng rng(seed);
  Labels predicted;
  for (const auto label : truth) predicted.push_back(rng.uniform() < 0.8 ? label : rng.below(classes));
  return predicted;
}
Labels balanced(std::int64_t n) {
  Labels labels;
  for (std::int64_t i = 0; i < n; ++i) labels.push_back(i % classes);
  return labels;
}
Labels renamed(Labels labels, const Labels& names) {
  for (auto& label : labels) label = names[static_cast<std::size_t>(label)];
  return labels;
}

TEST(LabelMap, AOneToOneMapFindsTheAssignmentOfMostAgreement) {
  // Greedily 0 -> 0 (3 images) would leave 1 -> 1 with none: 3 in all. 0 -> 1, 1 -> 0 has 2 + 2.
  const Labels predicted{0, 0, 0, 0, 0, 1, 1};
  const Labels labels{0, 0, 0, 1, 1, 0, 0};
  EXPECT_THAT(estimate_label_map(predicted, labels, 2, MapKind::one_to_one), ElementsAre(1, 0));
}

TEST(LabelMap, ItAgreesWithEveryPermutationTried) {
  data::Rng rng(3);
  for (int trial = 0; trial < 50; ++trial) {
    Labels predicted(30);
    Labels labels(30);
    for (auto& label : predicted) label = rng.below(5);
    for (auto& label : labels) label = rng.below(5);
    const auto agreement = [&](const Labels& map) {
      std::int64_t sum = 0;
      for (std::size_t i = 0; i < labels.size(); ++i) sum += map[static_cast<std::size_t>(predicted[i])] == labels[i] ? 1 : 0;
      return sum;
    };
    Labels map{0, 1, 2, 3, 4};
    std::int64_t most = 0;
    do most = std::max(most, agreement(map));
    while (std::ranges::next_permutation(map).found);
    EXPECT_EQ(agreement(estimate_label_map(predicted, labels, 5, MapKind::one_to_one)), most);
  }
}

TEST(LabelMap, WithoutEvidenceAClassKeepsItsLabel) {
  EXPECT_THAT(estimate_label_map(Labels{}, Labels{}, 3, MapKind::one_to_one), ElementsAre(0, 1, 2));
  EXPECT_THAT(estimate_label_map(Labels{}, Labels{}, 3, MapKind::free), ElementsAre(0, 1, 2));
}

TEST(LabelMap, OnlyAFreeMapMergesLabels) {
  const Labels predicted{0, 0, 1, 1, 2, 2};
  const Labels labels{0, 0, 0, 0, 2, 2};
  EXPECT_THAT(estimate_label_map(predicted, labels, 3, MapKind::free), ElementsAre(0, 0, 2));
  EXPECT_THAT(estimate_label_map(predicted, labels, 3, MapKind::one_to_one), ElementsAre(0, 1, 2));
}

TEST(LabelMap, ACrossFittedMapGainsNothingWhereNothingWasRenamed) {
  const auto truth = balanced(100);
  const auto fit = cross_fit(predictions(truth), truth, classes, MapKind::one_to_one, 1);
  EXPECT_LE(fit.gain(), 0.01);
  // Scored on its own images any map gains: predictions without a meaning show whether halves are kept apart.
  data::Rng rng(5);
  Labels noise(100);
  for (auto& label : noise) label = rng.below(classes);
  EXPECT_LT(cross_fit(noise, truth, classes, MapKind::free, 1).z, 2.5);
}

TEST(LabelMap, ASwapOfTwoLabelsIsWorthThreeStandardErrors) {
  const auto truth = balanced(100);
  const auto fit =
      cross_fit(predictions(truth), renamed(truth, {0, 1, 2, 5, 4, 3, 6, 7, 8, 9}), classes, MapKind::one_to_one, 1);
  EXPECT_GT(fit.gain(), 0.1);
  EXPECT_GT(fit.z, 3);
}

TEST(Relabel, RenamedLabelsAreRepairedWithoutAGradient) {
  const Labels names{3, 4, 5, 6, 7, 8, 9, 0, 1, 2};
  const auto truth = balanced(100);
  const auto result = find_relabelling(predictions(truth), renamed(truth, names), classes, 1);
  EXPECT_EQ(result.kind, MapKind::one_to_one);
  EXPECT_EQ(result.label_of, names);
  EXPECT_LT(result.expected.accuracy, 0.1);
  EXPECT_GT(result.expected.purity, 0.7);
  EXPECT_THAT(result.confidence, Each(Gt(0.9)));
  EXPECT_GT(result.gain_confidence, 0.99);
}

TEST(Relabel, MergedLabelsNeedAFreeMap) {
  const auto truth = balanced(100);
  const auto result = find_relabelling(predictions(truth), renamed(truth, {0, 0, 0, 3, 4, 5, 6, 7, 8, 9}), classes, 1);
  EXPECT_EQ(result.kind, MapKind::free);
  EXPECT_THAT(result.label_of, ElementsAre(0, 0, 0, 3, 4, 5, 6, 7, 8, 9));
}

TEST(Relabel, FewImagesLeaveDoubt) {
  const auto truth = balanced(10);
  const auto few = find_relabelling(predictions(truth, 2), renamed(truth, {1, 0, 2, 3, 4, 5, 6, 7, 8, 9}), classes, 1);
  EXPECT_LT(std::ranges::min(few.confidence), 0.9);
  const auto none = find_relabelling(Labels{}, Labels{}, classes, 1);
  EXPECT_EQ(none.gain_confidence, 0);
  EXPECT_THAT(none.confidence, Each(0));
}

TEST(LabelMap, LabelsOutsideOfTheClassesAreRefused) {
  EXPECT_THROW(estimate_label_map(Labels{0}, Labels{3}, 3, MapKind::free), std::invalid_argument);
  EXPECT_THROW(cross_fit(Labels{-1}, Labels{0}, 3, MapKind::free, 1), std::invalid_argument);
  EXPECT_THROW(find_relabelling(Labels{0, 1}, Labels{0}, 3, 1), std::invalid_argument);
}

}  // namespace
}  // namespace tbft::adaptive
