#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/data/dataset.h"
#include "harness/data/rng.h"
#include "harness/data/shapes.h"
#include "harness/data/summary.h"
#include "tests/support/message_of.h"

namespace tbft::data {
namespace {

using test::message_of;
using testing::AllOf;
using testing::Each;
using testing::HasSubstr;

Images load(const std::string& params) {
  return load_dataset(parse_dataset_spec("synthetic:?" + params));
}

std::set<std::string> distinct(const Images& images) {
  std::set<std::string> all;
  for (std::int64_t i = 0; i < images.size(); ++i) all.emplace(images.image(i).begin(), images.image(i).end());
  return all;
}

double mean_difference(const Images& a, const Images& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / static_cast<double>(a.pixels.size());
}

// Any change here changes what earlier runs were trained on: it needs a reason.
TEST(Synthetic, IsTheSameBytesEverywhere) {
  EXPECT_EQ(summarize(load("part=train&n=100")).sha256, "d2f3ed2ceb6e8bd9bac9e65146988a7a8e0de8caf8e16c31842189a875987dc4");
  EXPECT_EQ(summarize(load("drift=input&n=100")).sha256, "d6fecdc210a9c4ea8c811862697ff9d3be0dc6b21a476c552352be75a47cb06e");
  EXPECT_EQ(summarize(load("drift=feature&n=100")).sha256, "05540912ebd32da639efa3775d51c58dfb9d360e4a9b6f10270b0e1cdbe2104f");
}

TEST(Synthetic, BeginsTheSameHoweverManyImagesAreMade) {
  const auto few = load("n=20"), many = load("n=200");
  EXPECT_TRUE(std::ranges::equal(few.pixels, std::span(many.pixels).first(few.pixels.size())));
}

TEST(Synthetic, IsBalanced) {
  const auto images = load("n=4000");
  EXPECT_EQ(images.class_names.size(), 10U);
  EXPECT_THAT(summarize(images).images_a_class, Each(400));
}

TEST(Synthetic, PartsAndSeedsShareNoImage) {
  std::set<std::string> all;
  for (const auto* params : {"part=train&n=300", "part=test&n=300", "part=target&n=300", "part=train&n=300&seed=2"}) {
    all.merge(distinct(load(params)));
  }
  EXPECT_EQ(all.size(), 1200U);
}

TEST(Synthetic, DefaultsToSourceTestsAndToTheTargetWhereADriftIsNamed) {
  EXPECT_EQ(load("n=50").pixels, load("n=50&part=test&drift=none&seed=1&severity=1").pixels);
  EXPECT_EQ(load("n=50&drift=input").pixels, load("n=50&part=target&drift=input").pixels);
}

TEST(Synthetic, InputDriftChangesPixelsAndKeepsLabels) {
  const auto clean = load("n=100&part=target"), mild = load("n=100&drift=input&severity=0.3"), full = load("n=100&drift=input");
  EXPECT_EQ(full.labels, clean.labels);
  EXPECT_GT(mean_difference(clean, mild), 3);
  EXPECT_GT(mean_difference(clean, full), 2 * mean_difference(clean, mild));
  EXPECT_EQ(load("n=100&drift=input&severity=0").pixels, clean.pixels);
}

TEST(Synthetic, FeatureDriftRedrawsTheShapeAndKeepsTheScene) {
  const auto clean = load("n=100&part=target"), drifted = load("n=100&drift=feature");
  EXPECT_EQ(drifted.labels, clean.labels);
  std::size_t same = 0;
  for (std::size_t i = 0; i < clean.pixels.size(); ++i) same += clean.pixels[i] == drifted.pixels[i];
  EXPECT_GT(static_cast<double>(same), 0.6 * static_cast<double>(clean.pixels.size()));
  for (std::int64_t i = 0; i < 100; ++i) EXPECT_FALSE(std::ranges::equal(clean.image(i), drifted.image(i))) << i;
  EXPECT_EQ(load("n=100&drift=feature&severity=0").pixels, clean.pixels);
}

TEST(Synthetic, OutputDriftChangesLabelsAndKeepsPixels) {
  const auto clean = load("n=100&part=target"), flipped = load("n=100&drift=output");
  EXPECT_EQ(flipped.pixels, clean.pixels);
  for (std::size_t i = 0; i < 100; ++i) ASSERT_EQ(flipped.labels[i], 9 - clean.labels[i]);
  const auto mild = load("n=100&drift=output&severity=0.4");  // two of five pairs
  EXPECT_EQ(mild.labels[1], 8);
  EXPECT_EQ(mild.labels[2], 2);
  EXPECT_EQ(mild.labels[9], 0);
}

TEST(Synthetic, RefusesWhatItCannotMake) {
  const auto error = [](const std::string& params) { return message_of<BadDatasetSpec>([&] { load(params); }); };
  EXPECT_THAT(error("drift=label"), HasSubstr("drift=label is not one of none, input, feature, output"));
  EXPECT_THAT(error("part=train&drift=input"), AllOf(HasSubstr("part=train"), HasSubstr("part=target")));
  EXPECT_THAT(error("n=1e9"), HasSubstr("n=1e9 is not a whole number"));
  EXPECT_THAT(error("n=9999999999"), HasSubstr("between 10 and 1000000"));
  EXPECT_THAT(error("severity=nan"), HasSubstr("severity=nan is not a number between 0 and 1"));
  EXPECT_THAT(error("noise=1"), HasSubstr("unknown parameter 'noise'"));
  EXPECT_THAT(message_of<BadDatasetSpec>([] { load_dataset(parse_dataset_spec("synthetic:dir")); }),
              HasSubstr("takes no path"));
}

TEST(SignedDistance, IsNegativeInsideAndTheDistanceToTheEdgeOutside) {
  const std::vector<Point> square{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}};
  EXPECT_DOUBLE_EQ(signed_distance(square, {0, 0.25}), -0.75);
  EXPECT_DOUBLE_EQ(signed_distance(square, {3, 0}), 2);
  EXPECT_DOUBLE_EQ(signed_distance(square, {4, 5}), 5);
}

TEST(Shapes, StayWithinTheUnitSquareAndContainSomething) {
  for (const auto& shape : shapes()) {
    int inside = 0;
    for (int y = 0; y < 20; ++y) {
      for (int x = 0; x < 20; ++x) inside += signed_distance(shape.outline, {x / 10.0 - 0.95, y / 10.0 - 0.95}) < 0;
    }
    EXPECT_GT(inside, 40) << shape.name;
    for (const auto& point : shape.outline) EXPECT_LE(std::max(std::abs(point.x), std::abs(point.y)), 1) << shape.name;
  }
}

TEST(Rng, IsSplitMix64) {
  // First outputs for state 1234567 in the reference implementation's published test vector.
  Rng rng(1234567);
  EXPECT_EQ(rng.next(), 6457827717110365317U);
  EXPECT_EQ(rng.next(), 3203168211198807973U);
  EXPECT_EQ(rng.next(), 9817491932198370423U);
}

TEST(Rng, HasTheMomentsOfItsDistributions) {
  Rng rng(1, 2, 3);
  double sum = 0, squares = 0, uniform = 0;
  constexpr int n = 20'000;
  for (int i = 0; i < n; ++i) {
    const double x = rng.normal();
    sum += x;
    squares += x * x;
    uniform += rng.uniform(2, 4);
  }
  EXPECT_NEAR(sum / n, 0, 0.03);
  EXPECT_NEAR(squares / n, 1, 0.04);
  EXPECT_NEAR(uniform / n, 3, 0.02);
}

}  // namespace
}  // namespace tbft::data
