#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <opencv2/core.hpp>
#include <set>

#include "harness/data/corruption/corruption.h"
#include "harness/data/kinds.h"
#include "harness/data/split.h"
#include "harness/experiment/plan.h"
#include "harness/experiment/settings.h"
#include "harness/host/usage_error.h"
#include "harness/sweep/target_data.h"
#include "tests/support/files.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/harness/encoded_image.h"

namespace tbft::data {
namespace {

using test::message_of;
using test::TemporaryFolder;
using test::write_file;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

using Labels = std::vector<std::int64_t>;

Images load(const std::string& spec) {
  return load_dataset(parse_dataset_spec(spec));
}

// Ten classes, label i % 10.
Images shapes(const std::string& condition, const std::string& more = "") {
  return load("drifted:synthetic:?n=20&condition=" + condition + more);
}

Labels first_labels(const std::string& condition) {
  const auto images = shapes(condition);
  return {images.labels.begin(), images.labels.begin() + 10};
}

// A folder of images: one picture a class, classes c0, c1, ... ; rows of RGB pixels.
class Pictures {
 public:
  void add(int rows, const std::vector<cv::Vec3b>& rgb) {
    cv::Mat_<cv::Vec3b> bgr(rows, static_cast<int>(rgb.size()) / rows);
    std::transform(rgb.begin(), rgb.end(), bgr.begin(), [](const cv::Vec3b& p) { return cv::Vec3b(p[2], p[1], p[0]); });
    write_file(folder_.path() / fmt::format("c{}", classes_++) / "picture.png", test::encoded(".png", bgr));
  }
  std::string base() const { return "imagefolder:" + folder_.path().string(); }
  Images drifted(const std::string& condition) const { return load("drifted:" + base() + "?condition=" + condition); }

 private:
  TemporaryFolder folder_;
  int classes_ = 0;
};

TEST(Drifted, OutputPartsChangeLabelsAlone) {
  EXPECT_EQ(first_labels("flip"), (Labels{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(first_labels("swap-0-3"), (Labels{3, 1, 2, 0, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(first_labels("swap-8-9"), (Labels{0, 1, 2, 3, 4, 5, 6, 7, 9, 8}));
  EXPECT_EQ(first_labels("merged-4"), (Labels{0, 0, 0, 0, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(first_labels("merged-10"), Labels(10, 0));
  EXPECT_EQ(first_labels("permutation-7"), permutation(10, 7));
  EXPECT_EQ(first_labels("permutation-4294967295"), permutation(10, 4294967295));
  const auto clean = load("synthetic:?n=20");
  for (const auto* condition : {"flip", "swap-0-3", "merged-4", "permutation-7"}) {
    EXPECT_EQ(shapes(condition).pixels, clean.pixels) << condition;
    EXPECT_EQ(shapes(condition).class_names, clean.class_names) << condition;
  }
}

TEST(Drifted, APermutationThatMovesNothingIsDrawnAgainWithTheNextSeed) {
  Pictures two;
  for (int i = 0; i < 2; ++i) two.add(1, {{0, 0, 0}});
  std::set<bool> moves;
  for (std::uint32_t seed = 0; seed < 8; ++seed) {
    moves.insert(permutation(2, seed) != Labels{0, 1});
    EXPECT_THAT(two.drifted(fmt::format("permutation-{}", seed)).labels, ElementsAre(1, 0)) << seed;
  }
  EXPECT_EQ(moves.size(), 2U) << "all of these seeds move the labels";
  Pictures three;
  for (int i = 0; i < 3; ++i) three.add(1, {{0, 0, 0}});
  std::uint32_t seed = 0;
  while (permutation(3, seed) != Labels{0, 1, 2} || permutation(3, seed + 1) == Labels{0, 1, 2}) ++seed;
  EXPECT_EQ(three.drifted(fmt::format("permutation-{}", seed)).labels, permutation(3, seed + 1));
}

TEST(Drifted, CorruptionsGiveThePixelsOfCifar10CLike) {
  for (const auto* condition : {"gaussian_noise-5", "frost-2", "contrast-1"}) {
    const auto like = load(fmt::format("cifar10-c-like:synthetic:?n=20&condition={}&seed=3", condition));
    EXPECT_EQ(shapes(condition, "&seed=3").pixels, like.pixels) << condition;
    EXPECT_EQ(shapes(condition, "&seed=3").labels, like.labels) << condition;
  }
  EXPECT_NE(shapes("gaussian_noise-5").pixels, shapes("gaussian_noise-5", "&seed=3").pixels);
  EXPECT_EQ(shapes("gaussian_noise-5").pixels, shapes("gaussian_noise-5", "&seed=0").pixels);
}

TEST(Drifted, InputPartsAreAppliedInTheOrderWritten) {
  auto foggy = load("synthetic:?n=20");
  foggy.pixels = corrupt(foggy, *parse_condition("fog-3"), 0, Frost::procedural(0));
  EXPECT_EQ(shapes("fog-3+pixelate-4").pixels, corrupt(foggy, *parse_condition("pixelate-4"), 0, Frost::procedural(0)));
  EXPECT_NE(shapes("fog-3+pixelate-4").pixels, shapes("pixelate-4+fog-3").pixels);
}

TEST(Drifted, AMixtureHasThePixelsOfOnePartAndTheLabelsOfTheOther) {
  for (const auto* condition : {"rotation-30+flip", "flip+rotation-30"}) {
    EXPECT_EQ(shapes(condition).pixels, shapes("rotation-30").pixels) << condition;
    EXPECT_EQ(shapes(condition).labels, shapes("flip").labels) << condition;
  }
  EXPECT_EQ(shapes("rotation-30").labels, shapes("none").labels);
}

TEST(Drifted, NoneIsTheBaseAsItIs) {
  const auto clean = load("synthetic:?n=20");
  EXPECT_EQ(shapes("none").pixels, clean.pixels);
  EXPECT_EQ(shapes("none").labels, clean.labels);
  EXPECT_EQ(load("drifted:synthetic:?n=20").pixels, clean.pixels);
  EXPECT_EQ(load("drifted:synthetic:?n=20").labels, clean.labels);
}

TEST(Drifted, ARotationBy180DegreesReversesRowsAndColumns) {
  const auto clean = shapes("none"), turned = shapes("rotation-180");
  for (std::int64_t i = 0; i < clean.size(); ++i) {
    const auto before = clean.image(i), after = turned.image(i);
    for (std::size_t pixel = 0; pixel < 1024; ++pixel)
      for (std::size_t c = 0; c < 3; ++c)
        ASSERT_LE(std::abs(after[pixel * 3 + c] - before[(1023 - pixel) * 3 + c]), 1) << i << " " << pixel;
  }
}

TEST(Drifted, ARotationIsCounterClockwiseAboutTheCentreAndBlackOutside) {
  Pictures pictures;
  const cv::Vec3b red{255, 0, 0}, white{255, 255, 255}, black{0, 0, 0};
  pictures.add(3, {red, white, white, white, white, white, white, white, white});  // red at the upper left
  const auto turned = pictures.drifted("rotation-90");
  const auto pixel = [](const Images& images, std::size_t i) {
    return cv::Vec3b(images.pixels[i * 3], images.pixels[i * 3 + 1], images.pixels[i * 3 + 2]);
  };
  EXPECT_EQ(pixel(turned, 6), red);  // at the lower left
  EXPECT_EQ(std::ranges::count(turned.pixels, 0), 2);
  Pictures wide;
  wide.add(1, std::vector<cv::Vec3b>(5, white));
  const auto upright = wide.drifted("rotation-90");
  EXPECT_EQ(upright.width, 5);
  EXPECT_EQ(pixel(upright, 0), black);
  EXPECT_EQ(pixel(upright, 2), white);
  EXPECT_EQ(pixel(upright, 4), black);
}

TEST(Drifted, AHueIsTurnedAndGreyStays) {
  Pictures pictures;
  pictures.add(1, {{255, 0, 0}, {255, 0, 255}, {128, 128, 128}, {0, 0, 0}});
  using Bytes = std::vector<std::uint8_t>;
  EXPECT_EQ(pictures.drifted("hue-120").pixels, (Bytes{0, 255, 0, 255, 255, 0, 128, 128, 128, 0, 0, 0}));
  EXPECT_EQ(pictures.drifted("hue-240").pixels, (Bytes{0, 0, 255, 0, 255, 255, 128, 128, 128, 0, 0, 0}));
  EXPECT_EQ(pictures.drifted("hue-1").pixels, (Bytes{255, 4, 0, 255, 0, 251, 128, 128, 128, 0, 0, 0}));
}

std::string reason(const std::string& condition) {
  return condition_error(find_dataset("drifted"), condition);
}

TEST(Drifted, EveryFormIsACondition) {
  for (const auto* condition : {"none", "fog-1", "impulse_noise-5", "rotation-1", "rotation-359", "hue-1", "hue-359", "flip",
                                "permutation-0", "permutation-4294967295", "swap-0-1", "swap-9-10", "merged-2", "fog-3+fog-5",
                                "fog-3+rotation-30+hue-10+flip", "swap-0-1+frost-2"})
    EXPECT_EQ(reason(condition), "") << condition;
}

TEST(Drifted, AnUnknownPartNamesTheNearestOrAllForms) {
  const std::string all =
      "; the forms are none, CORRUPTION-SEVERITY, rotation-DEG, hue-DEG, flip, permutation-S, swap-A-B, merged-K, joined by "
      "'+'";
  EXPECT_EQ(reason("gausian_noise-5"), "'gausian_noise-5' is not a drift; did you mean 'gaussian_noise-5'?");
  EXPECT_EQ(reason("flip+rotate-90"), "'rotate-90' is not a drift; did you mean 'rotation-90'?");
  EXPECT_EQ(reason("Flip"), "'Flip' is not a drift; did you mean 'flip'?");
  EXPECT_EQ(reason("nne"), "'nne' is not a drift; did you mean 'none'?");
  EXPECT_EQ(reason("fgg-9"), "'fgg-9' is not a drift; did you mean fog-SEVERITY?");
  EXPECT_EQ(reason("swp"), "'swp' is not a drift; did you mean swap-A-B?");
  EXPECT_EQ(reason("flp-2"), "'flp-2' is not a drift" + all);
  EXPECT_EQ(reason("upside-down"), "'upside-down' is not a drift" + all);
  EXPECT_EQ(reason("-5"), "'-5' is not a drift" + all);
}

TEST(Drifted, AWrongNumberSaysWhatTheFormTakes) {
  const std::map<std::string, std::vector<std::string>> wrong{
      {"CORRUPTION-SEVERITY takes a severity from 1 to 5", {"fog-9", "fog-0", "fog", "fog-3-3", "fog-", "fog-03", "fog-x"}},
      {"rotation-DEG takes whole degrees from 1 to 359", {"rotation-0", "rotation-360", "rotation-1.5", "rotation--5"}},
      {"hue-DEG takes whole degrees from 1 to 359", {"hue", "hue-360", "hue-99999999999999999999"}},
      {"flip takes no number", {"flip-1", "flip-"}},
      {"permutation-S takes a seed from 0 to 4294967295", {"permutation", "permutation-4294967296", "permutation--1"}},
      {"swap-A-B takes two classes by index, A < B", {"swap-3-3", "swap-3-1", "swap-1", "swap-1-2-3", "swap-0-1000001"}},
      {"merged-K takes the number of first classes that become one, from 2", {"merged-1", "merged-0", "merged"}},
  };
  for (const auto& [text, conditions] : wrong)
    for (const auto& condition : conditions) EXPECT_EQ(reason(condition), fmt::format("'{}': {}", condition, text));
}

TEST(Drifted, PartsThatDoNotGoTogetherAreRefused) {
  EXPECT_EQ(reason("none+fog-3"), "'none+fog-3': none cannot be combined with another drift");
  EXPECT_EQ(reason("fog-3+none"), "'fog-3+none': none cannot be combined with another drift");
  EXPECT_EQ(reason("fog-3+flip+fog-3"), "'fog-3+flip+fog-3' has fog-3 twice");
  EXPECT_EQ(reason("flip+flip"), "'flip+flip' has flip twice");
  EXPECT_EQ(reason("flip+fog-3+swap-0-1"),
            "'flip+fog-3+swap-0-1': flip and swap-0-1 both change the labels; write one of them");
  EXPECT_EQ(reason(""), "'' has an empty part; write PART or PART+PART");
  EXPECT_EQ(reason("fog-3+"), "'fog-3+' has an empty part; write PART or PART+PART");
  EXPECT_EQ(reason("+fog-3"), "'+fog-3' has an empty part; write PART or PART+PART");
}

TEST(Drifted, ABadConditionIsNamedWithItsDataSetWhenLoaded) {
  const auto error = [](const std::string& spec) { return message_of<BadDatasetSpec>([&] { load(spec); }); };
  EXPECT_EQ(error("drifted:synthetic:?n=20&condition=fog-9"),
            "drifted:synthetic:?condition=fog-9&n=20: 'fog-9': CORRUPTION-SEVERITY takes a severity from 1 to 5");
  EXPECT_THAT(error("drifted:synthetic:?n=20&condition=fog-3&sed=3"), HasSubstr("unknown parameter 'sed'"));
  EXPECT_THAT(error("drifted:synthetic:?condition=fog-3&seed=x"), HasSubstr("seed=x is not a whole number"));
  EXPECT_THAT(error("drifted:?condition=fog-3"), HasSubstr("needs a folder"));
}

TEST(Drifted, AClassThatTheDataSetHasNotIsRefusedWhenLoaded) {
  Pictures pictures;
  for (int i = 0; i < 3; ++i) pictures.add(1, {{0, 0, 0}});
  const auto error = [&](const std::string& condition) {
    return message_of<BadDatasetSpec>([&] { pictures.drifted(condition); });
  };
  EXPECT_EQ(error("swap-0-3"), fmt::format("drifted:{}?condition=swap-0-3: 'swap-0-3' means class 3, the data set has 3 "
                                           "classes, 0 to 2",
                                           pictures.base()));
  EXPECT_THAT(error("merged-4"), EndsWith("'merged-4' means class 3, the data set has 3 classes, 0 to 2"));
  EXPECT_THAT(pictures.drifted("swap-0-2").labels, ElementsAre(2, 1, 0));
  EXPECT_THAT(pictures.drifted("merged-3").labels, ElementsAre(0, 0, 0));
  EXPECT_THAT(message_of<DataError>([&] { pictures.drifted("fog-3"); }), HasSubstr("corruptions are defined for 32x32"));
  Pictures one;
  one.add(1, {{0, 0, 0}});
  EXPECT_THAT(message_of<BadDatasetSpec>([&] { one.drifted("permutation-1"); }), HasSubstr("the data set has 1 classes"));
}

TEST(Drifted, TheDriftIsThatOfBaseAndConditionTogether) {
  const auto drift = [](const std::string& path, const std::string& condition) {
    return drift_of(find_dataset("drifted"), dataset_at("drifted", path), condition);
  };
  const std::string plain = "drifted:imagefolder:DIR", pairs = "drifted:cifar10-pairs:imagefolder:DIR";
  EXPECT_EQ(drift(plain, "none"), "");
  EXPECT_EQ(drift("DIR/test", "none"), "");
  EXPECT_EQ(drift(plain, "fog-3"), "input");
  EXPECT_EQ(drift(plain, "rotation-30+hue-5"), "input");
  EXPECT_EQ(drift(plain, "merged-2"), "output");
  EXPECT_EQ(drift(plain, "flip+fog-3"), "input+output");
  EXPECT_EQ(drift(pairs, "none"), "feature");
  EXPECT_EQ(drift(pairs + "?part=target", "flip"), "feature+output");
  EXPECT_EQ(drift(pairs, "fog-3"), "input+feature");
  EXPECT_EQ(drift(pairs, "fog-3+flip"), "input+feature+output");
  EXPECT_EQ(drift(pairs + "?part=source", "fog-3"), "input");
  EXPECT_EQ(drift("cifar10-pairs:DIR?part=source", "flip"), "output");
  EXPECT_EQ(drift("cifar10-pairs:DIR?part=target", "flip"), "feature+output");
  EXPECT_EQ(drift("living17:DIR", "none"), "feature");
  EXPECT_EQ(drift("cifar10-c-like:DIR?condition=fog-3", "flip"), "input+output");
  EXPECT_EQ(drift("cifar-flip:cifar10-pairs:DIR", "none"), "feature+output");
  EXPECT_EQ(drift("cifar-flip:cifar10-pairs:DIR?part=source", "none"), "output");
  EXPECT_EQ(drift("cifar-flip:drifted:DIR?condition=fog-3", "none"), "input+output");
  EXPECT_EQ(drift("synthetic:?drift=feature", "fog-3"), "input+feature");
  EXPECT_EQ(drift("synthetic:?drift=none", "none"), "");
  EXPECT_THROW(drift("drifted:cifar11:DIR", "none"), BadDatasetSpec);
  EXPECT_EQ(drift_of(find_dataset("cifar-flip"), dataset_at("cifar-flip", "cifar10-pairs:DIR"), ""), "output");
}

class DriftedExperiment : public testing::Test {
 protected:
  Settings parse(const std::string& path, const std::string& conditions, const std::string& more = "") const {
    write_file(folder_.path() / "base.pth", "weights");
    return parse_settings(fmt::format("name = 'n'\ndata.dataset = 'drifted'\ndata.path = '{}'\n{}{}\n"
                                      "sweep.strategies = ['fc']\nsweep.repetitions = 1\nsweep.train_sizes = [0.5]\n"
                                      "model.checkpoint = '{}'\n",
                                      path, conditions.empty() ? "" : "data.conditions = " + conditions, more,
                                      (folder_.path() / "base.pth").string()),
                          "e.toml", {});
  }
  std::string error(const std::string& path, const std::string& conditions, const std::string& more = "") const {
    return message_of<UsageError>([&] { parse(path, conditions, more); });
  }
  std::map<std::string, Cell> plan(const Settings& settings) const {
    const auto s = effective(settings, 1);
    std::map<std::string, Cell> cells;
    for (const auto& cell : make_plan(s, identify(s))) cells[cell.condition] = cell;
    return cells;
  }
  TemporaryFolder folder_;
};

TEST_F(DriftedExperiment, IsOfNoDriftWithoutConditions) {
  EXPECT_THAT(effective(parse("DIR", ""), 1).data.conditions, ElementsAre("none"));
}

TEST_F(DriftedExperiment, ItsConditionsAreCheckedBeforeAnythingIsLoaded) {
  EXPECT_EQ(error("DIR", "['fog-3', 'gausian_noise-5']"),
            "data.conditions: 'gausian_noise-5' is not a drift; did you mean 'gaussian_noise-5'?");
  EXPECT_EQ(error("DIR", "['swap-3-3']"), "data.conditions: 'swap-3-3': swap-A-B takes two classes by index, A < B");
  EXPECT_EQ(error("DIR", "['none+fog-3']"), "data.conditions: 'none+fog-3': none cannot be combined with another drift");
  EXPECT_EQ(error("DIR", "['flip', 'flip']"), "data.conditions: flip is listed twice");
  EXPECT_EQ(error("drifted:DIR?condition=fog-3", "['flip']"),
            "data.path: must not contain condition=; list it in data.conditions");
  EXPECT_EQ(error("DIR", "['flip']", "\ndata.train_path = 'drifted:DIR2?condition=fog-3'"),
            "data.train_path: must not contain condition=; list it in data.conditions");
  EXPECT_THAT(error("drifted:cifar11:DIR", "['flip']"), StartsWith("data.path: unknown data set 'cifar11'; known: "));
  EXPECT_THAT(error("drifted", "['flip']"), AllOf(StartsWith("data.path: "), HasSubstr("needs a folder")));
}

TEST_F(DriftedExperiment, CellsHaveTheDriftOfTheirConditionAndKeepIt) {
  const auto cells = plan(parse("cifar10-pairs:DIR", "['none', 'fog-3', 'flip', 'rotation-30+merged-2', 'noise-block2']"));
  ASSERT_EQ(cells.size(), 5U);
  EXPECT_EQ(cells.at("none").drift, "feature");
  EXPECT_EQ(cells.at("fog-3").drift, "input+feature");
  EXPECT_EQ(cells.at("flip").drift, "feature+output");
  EXPECT_EQ(cells.at("rotation-30+merged-2").drift, "input+feature+output");
  EXPECT_EQ(cells.at("noise-block2").drift, "feature");
  const auto plain = plan(parse("drifted:DIR", "['none', 'flip', 'noise-fc']"));
  EXPECT_EQ(plain.at("none").drift, "");
  EXPECT_EQ(plain.at("none").drift_text(), "none");
  EXPECT_EQ(plain.at("flip").drift_text(), "output/flip");
  EXPECT_EQ(plain.at("noise-fc").drift, "");
}

TEST_F(DriftedExperiment, EachConditionHasItsImages) {
  for (const std::string path : {"drifted:synthetic:?part=target&n=40", "synthetic:?part=target&n=40"}) {
    const auto settings = effective(parse(path, "['none', 'fog-3', 'flip', 'rotation-30+flip', 'noise-fc']"), 1);
    const auto cells = plan(settings);
    std::vector<Cell> list;
    list.reserve(cells.size());
    for (const auto& [condition, cell] : cells) list.push_back(cell);
    std::vector<std::string> loaded;
    const TargetData data(settings, list, [&](const std::string& name) { loaded.push_back(name); });
    EXPECT_THAT(loaded, Each(AllOf(StartsWith("drifted:synthetic:"), Not(HasSubstr("drift=")))));
    const auto images = [&](const std::string& condition) -> const Images& { return data.images(cells.at(condition)); };
    const auto clean = load("synthetic:?part=target&n=40");
    for (const auto* condition : {"none", "flip", "noise-fc"}) EXPECT_EQ(images(condition).pixels, clean.pixels) << condition;
    for (const auto* condition : {"none", "fog-3", "noise-fc"}) EXPECT_EQ(images(condition).labels, clean.labels) << condition;
    EXPECT_EQ(images("fog-3").pixels, corrupt(clean, *parse_condition("fog-3"), 0, Frost::procedural(0)));
    EXPECT_NE(images("rotation-30+flip").pixels, clean.pixels);
    EXPECT_EQ(images("rotation-30+flip").labels, images("flip").labels);
    EXPECT_EQ(images("flip").labels[0], 9);
  }
}

}  // namespace
}  // namespace tbft::data
