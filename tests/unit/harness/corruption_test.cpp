#include "harness/data/corruption/corruption.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <numeric>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "harness/data/corruption/distributions.h"
#include "harness/data/npy.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace tbft::data {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

Images load(const std::string& spec) {
  return load_dataset(parse_dataset_spec(spec));
}

double mean_change(const Pixels& a, const Pixels& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(int{a[i]} - int{b[i]});
  return sum / static_cast<double>(a.size());
}

// One test a corruption.
class EachCorruption : public testing::TestWithParam<int> {
 protected:
  const Corruption& corruption() const { return corruptions()[static_cast<std::size_t>(GetParam())]; }
  std::vector<std::uint8_t> at(int severity, const Images& images, std::uint64_t seed = 1) const {
    return corrupt(images, {&corruption(), severity}, seed, frost_);
  }
  Images clean_ = load("synthetic:?n=60");
  Frost frost_ = Frost::procedural(1);
};

TEST_P(EachCorruption, DependsOnTheSeedAloneAndOnlyWhereItIsStochastic) {
  for (int severity = 1; severity <= severities; ++severity) {
    const auto once = at(severity, clean_);
    EXPECT_EQ(once, at(severity, clean_)) << severity;
    EXPECT_EQ(once != at(severity, clean_, 2), corruption().stochastic) << severity;
    EXPECT_NE(once, clean_.pixels) << severity;
  }
}

TEST_P(EachCorruption, MakesImageIWithoutRegardToTheNumberOfImagesAndThreads) {
  const auto all = at(3, clean_);
  auto few = load("synthetic:?n=10");
  ASSERT_TRUE(std::equal(few.pixels.begin(), few.pixels.end(), clean_.pixels.begin()));
  few.pixels = at(3, few);
  EXPECT_TRUE(std::equal(few.pixels.begin(), few.pixels.end(), all.begin()));
  const int threads = cv::getNumThreads();
  cv::setNumThreads(1);
  const auto alone = at(3, clean_);
  cv::setNumThreads(threads);
  const auto together = at(3, clean_);
  EXPECT_EQ(alone, together);
}

TEST_P(EachCorruption, GivesEveryImageNumbersOfItsOwn) {
  auto same = clean_;
  for (std::size_t i = 0; i < same.pixels.size(); ++i) same.pixels.owned()[i] = clean_.pixels[i % 3072];
  const auto pixels = at(2, same);
  EXPECT_EQ(!std::equal(pixels.begin(), pixels.begin() + 3072, pixels.begin() + 3072), corruption().stochastic);
}

TEST_P(EachCorruption, ChangesMoreFromTheFirstSeverityToTheLast) {
  // Elastic transform is the exception by its parameters: less affine jitter is made up for by finer displacement.
  if (corruption().name == "elastic_transform") return;
  EXPECT_GT(mean_change(at(5, clean_), clean_.pixels), 1.2 * mean_change(at(1, clean_), clean_.pixels));
}

INSTANTIATE_TEST_SUITE_P(Corruptions, EachCorruption, testing::Range(0, 15), [](const auto& parameter) {
  return std::string(corruptions()[static_cast<std::size_t>(parameter.param)].name);
});

TEST(Corruptions, ArePublishedOnesInThePapersOrder) {
  std::vector<std::string_view> names;
  for (const auto& corruption : corruptions()) names.push_back(corruption.name);
  EXPECT_THAT(names, ElementsAre("shot_noise", "motion_blur", "snow", "pixelate", "gaussian_noise", "defocus_blur",
                                 "brightness", "fog", "zoom_blur", "frost", "glass_blur", "impulse_noise", "contrast",
                                 "jpeg_compression", "elastic_transform"));
  EXPECT_EQ(condition_names().size(), 75U);
  EXPECT_EQ(condition_names(severities)[2], "snow-5");
  EXPECT_EQ(parse_condition("glass_blur-4")->severity, 4);
  EXPECT_EQ(parse_condition("glass_blur-4")->corruption->name, "glass_blur");
  for (const auto* name : {"fog", "fog-0", "fog-6", "fog-5 ", "-5", "fog-05"}) EXPECT_FALSE(parse_condition(name)) << name;
  EXPECT_EQ(message_of<BadDatasetSpec>([] { find_corruption("gausian_noise"); }),
            "unknown corruption 'gausian_noise'; did you mean 'gaussian_noise'?");
}

TEST(Corruptions, AreForImagesOf32Pixels) {
  const Images large{
      .height = 64, .width = 64, .pixels = std::vector<std::uint8_t>(64 * 64 * 3), .labels = {0}, .class_names = {"a"}};
  EXPECT_THAT(message_of<DataError>([&] { corrupt(large, *parse_condition("fog-1"), 0, Frost::procedural(0)); }),
              HasSubstr("64x64 px; corruptions are defined for 32x32"));
}

TEST(Corruptions, ImpulseNoiseIsSaltAndPepperInTheStatedShare) {
  const Images grey{.height = 32,
                    .width = 32,
                    .pixels = std::vector<std::uint8_t>(3072 * 100, 100),
                    .labels = std::vector<std::int64_t>(100),
                    .class_names = {"a"}};
  const auto pixels = corrupt(grey, *parse_condition("impulse_noise-4"), 0, Frost::procedural(0));
  const auto n = static_cast<double>(pixels.size());
  EXPECT_NEAR(static_cast<double>(std::ranges::count(pixels, 0)) / n, 0.025, 0.0015);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(pixels, 255)) / n, 0.025, 0.0015);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(pixels, 100)) / n, 0.95, 0.002);
}

TEST(Corruptions, TruncateAsThePublishedOnesWereCast) {
  // Contrast 0.75 about the mean of 0, 0, ..., 1: (1 - m) 0.75 + m is below 1.
  Images image{.height = 32, .width = 32, .pixels = std::vector<std::uint8_t>(3072, 0), .labels = {0}, .class_names = {"a"}};
  image.pixels.owned()[0] = 1;
  EXPECT_EQ(corrupt(image, *parse_condition("contrast-1"), 0, Frost::procedural(0))[0], 0);
  // What is whole stays whole: brightness .2 adds 51.
  image.pixels = std::vector<std::uint8_t>(3072, 100);
  EXPECT_THAT(corrupt(image, *parse_condition("brightness-4"), 0, Frost::procedural(0)), testing::Each(151));
}

TEST(Distributions, HaveTheirMomentsAndTails) {
  Rng rng(5);
  Normal normal(rng);
  constexpr int n = 400'000;
  double sum = 0, squares = 0;
  int beyond = 0;
  for (int i = 0; i < n; ++i) {
    const double x = normal();
    sum += x;
    squares += x * x;
    beyond += std::abs(x) > 3 ? 1 : 0;
  }
  EXPECT_NEAR(sum / n, 0, 0.007);
  EXPECT_NEAR(squares / n, 1, 0.01);
  EXPECT_NEAR(beyond, 0.0026998 * n, 5 * std::sqrt(0.0026998 * n));  // twelve uniforms would give 0.0022

  const PoissonTable poisson(7.3, 1000);
  sum = squares = 0;
  int none = 0;
  for (int i = 0; i < n; ++i) {
    const double k = poisson(rng);
    sum += k;
    squares += k * k;
    none += k == 0 ? 1 : 0;
  }
  EXPECT_NEAR(sum / n, 7.3, 0.02);
  EXPECT_NEAR(squares / n - sum / n * (sum / n), 7.3, 0.08);
  EXPECT_NEAR(none, std::exp(-7.3) * n, 5 * std::sqrt(std::exp(-7.3) * n));
}

TEST(FrostPictures, AreTakenFromAFolderAndCut) {
  const TemporaryFolder folder;
  EXPECT_THAT(message_of<DataError>([&] { Frost::from_folder(folder.path()); }), HasSubstr("no pictures of frost"));
  cv::imwrite((folder.path() / "a.png").string(), cv::Mat(200, 400, CV_8UC3, cv::Scalar(30, 20, 10)));  // BGR
  const auto frost = Frost::from_folder(folder.path());
  EXPECT_EQ(frost.kind(), "pictures");
  EXPECT_EQ(frost.pictures()[0].rows, 40);
  EXPECT_EQ(frost.pictures()[0].cols, 80);
  Images image{.height = 32, .width = 32, .pixels = std::vector<std::uint8_t>(3072, 100), .labels = {0}, .class_names = {"a"}};
  const auto pixels = corrupt(image, *parse_condition("frost-3"), 0, frost);  // .9 x + .4 frost
  EXPECT_THAT(std::vector<int>(pixels.begin(), pixels.begin() + 3), ElementsAre(94, 98, 102));
  cv::imwrite((folder.path() / "b.png").string(), cv::Mat(31, 400, CV_8UC3));
  EXPECT_THAT(message_of<DataError>([&] { Frost::from_folder(folder.path()); }),
              HasSubstr("b.png: 400x31 pixels; a picture of"));
}

TEST(FrostPictures, OfThePublishedSixTheLastIsNeverDrawn) {
  const TemporaryFolder folder;
  const auto add = [&](const std::string& name, int level) {
    cv::imwrite((folder.path() / name).string(), cv::Mat(40, 40, CV_8UC3, cv::Scalar(level, level, level)));
  };
  const auto levels = [&] {
    std::vector<int> all;
    const auto frost = Frost::from_folder(folder.path());
    for (const auto& picture : frost.pictures()) all.push_back(picture(0, 0)[0]);
    return all;
  };
  for (const auto* name : {"frost1.png", "frost2.png", "frost3.png", "frost4.jpg"}) add(name, 100);
  add("frost6.jpg", 0);
  EXPECT_THAT(levels(), ElementsAre(100, 100, 100, 100, 0)) << "not the published six";
  add("frost5.jpg", 100);
  EXPECT_THAT(levels(), ElementsAre(100, 100, 100, 100, 100));
  add("more.png", 50);
  EXPECT_THAT(levels(), ElementsAre(100, 100, 100, 100, 100, 50));
}

TEST(Cifar10C, ReadsTheBlockOfTheSeverityAndItsLabels) {
  const TemporaryFolder folder;
  const std::vector<std::uint8_t> image(3072);
  {
    NpyWriter fog(folder.path() / "fog.npy", {50'000, 32, 32, 3}), labels(folder.path() / "labels.npy", {50'000});
    for (int i = 0; i < 50'000; ++i) {
      fog.append(std::vector<std::uint8_t>(3072, static_cast<std::uint8_t>(10 * (i / 10'000) + i % 10)));
      labels.append(std::vector<std::uint8_t>{static_cast<std::uint8_t>(i % 10)});
    }
    fog.commit();
    labels.commit();
  }
  const auto path = folder.path().string();
  const auto images = load("cifar10-c:" + path + "?condition=fog-3");
  ASSERT_EQ(images.size(), 10'000);
  EXPECT_EQ(images.image(7)[0], 27);
  EXPECT_EQ(images.image(9'999)[3071], 29);
  EXPECT_EQ(images.labels[7], 7);
  EXPECT_EQ(images.class_names[9], "truck");

  const auto error = [&](const std::string& spec) { return message_of<DataError>([&] { load(spec); }); };
  EXPECT_THAT(error("cifar10-c:" + path + "?condition=snow-1"),
              EndsWith("snow.npy: no such file; fetch CIFAR-10-C.tar from https://zenodo.org/record/2535967"));
  EXPECT_THAT(error("cifar10-c:" + path), HasSubstr("needs condition=CORRUPTION-SEVERITY"));
  EXPECT_THAT(error("cifar10-c:" + path + "?condition=fog-9"),
              HasSubstr("'fog-9' is none of the 75 conditions of cifar10-c, CORRUPTION-SEVERITY such as shot_noise-5; did you "
                        "mean 'fog-1'?"));
  NpyWriter small(folder.path() / "snow.npy", {10, 32, 32, 3});
  for (int i = 0; i < 10; ++i) small.append(image);
  small.commit();
  EXPECT_THAT(error("cifar10-c:" + path + "?condition=snow-1"),
              EndsWith("snow.npy: its shape is (10, 32, 32, 3), expected (50000, 32, 32, 3); fetch CIFAR-10-C.tar from "
                       "https://zenodo.org/record/2535967"));
}

TEST(Cifar10CLike, CorruptsACleanSetWhenItIsLoaded) {
  const auto clean = load("synthetic:?n=20");
  const auto like = load("cifar10-c-like:synthetic:?n=20&condition=snow-4&seed=3");
  EXPECT_EQ(like.labels, clean.labels);
  EXPECT_EQ(like.class_names, clean.class_names);
  EXPECT_EQ(like.pixels, corrupt(clean, *parse_condition("snow-4"), 3, Frost::procedural(3)));
  // As an experiment passes it: the path has parameters of its own.
  const auto nested = load_dataset({"cifar10-c-like", "synthetic:?n=20", {{"condition", "snow-4"}, {"seed", "3"}}});
  EXPECT_EQ(nested.pixels, like.pixels);
  EXPECT_THROW(load("cifar10-c-like:synthetic:?n=20&condition=snow-4&sed=3"), BadDatasetSpec);
  // A folder of `tbft data corrupt` has its seed.
  const test::TemporaryFolder made;
  std::ofstream(made / "corruptions.json") << "{}";
  EXPECT_THROW(load_dataset({"cifar10-c-like", made.path().string() + "?seed=7", {{"condition", "snow-4"}}}), BadDatasetSpec);
}

}  // namespace
}  // namespace tbft::data
