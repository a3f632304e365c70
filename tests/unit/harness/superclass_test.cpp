// cifar10-pairs, cifar100-super and cifar100: superclasses over the CIFAR sets.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "harness/data/dataset.h"
#include "harness/experiment/settings.h"
#include "tests/support/files.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/harness/encoded_image.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;
using test::encoded;
using test::message_of;
using test::TemporaryFolder;
using test::write_file;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

Images load(const std::string& spec) {
  return load_dataset(parse_dataset_spec(spec));
}

std::string error_of(const std::string& spec) {
  return message_of<DataError>([&] { load(spec); });
}

std::vector<int> reds(const Images& images) {
  std::vector<int> values;
  for (std::int64_t i = 0; i < images.size(); ++i) values.push_back(images.image(i)[0]);
  return values;
}

constexpr std::array cifar10_names{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};

// CIFAR-10 as a folder of files: one image of 1 x 1 a class and one more of each, red = 10 x class + number.
class Cifar10Pairs : public testing::Test {
 protected:
  Cifar10Pairs() {
    for (int label = 0; label < 10; ++label) {
      for (int k = 0; k < 2; ++k) {
        write_file(folder_.path() / "test" / cifar10_names[static_cast<std::size_t>(label)] / fmt::format("{}.png", k),
                   encoded(".png", 1, 1, {10 * label + k, 0, 0}));
      }
    }
  }
  std::string test() const { return (folder_.path() / "test").string(); }
  const fs::path& folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

TEST_F(Cifar10Pairs, KeepTheFourClassesOfTheirPart) {
  const auto target = load("cifar10-pairs:imagefolder:" + test() + "?part=target");
  EXPECT_THAT(target.class_names, ElementsAre("cat/dog", "automobile/truck", "deer/horse", "airplane/ship"));
  // In the order of the base: dog, horse, ship, truck.
  EXPECT_THAT(reds(target), ElementsAre(50, 51, 70, 71, 80, 81, 90, 91));
  EXPECT_THAT(target.labels, ElementsAre(0, 0, 2, 2, 3, 3, 1, 1));
  const auto source = load("cifar10-pairs:" + test() + "?part=source");
  EXPECT_THAT(reds(source), ElementsAre(0, 1, 10, 11, 30, 31, 40, 41));
  EXPECT_THAT(source.labels, ElementsAre(3, 3, 1, 1, 0, 0, 2, 2));
  EXPECT_EQ(load("cifar10-pairs:" + test()).pixels, target.pixels);
}

TEST_F(Cifar10Pairs, ParametersThatAreNotTheirOwnGoToTheBase) {
  EXPECT_THAT(reds(load("cifar10-pairs:imagefolder:" + test() + "?part=source&limit=1")), ElementsAre(0, 10, 30, 40));
  EXPECT_THAT(reds(load("cifar10-pairs:cifar10:" + test() + "?limit=1")), ElementsAre(50, 70, 80, 90));
  EXPECT_THAT(reds(load("cifar10-pairs:cifar10:imagefolder:" + test() + "?limit=1")), ElementsAre(50, 70, 80, 90));
  EXPECT_THAT(error_of("cifar10-pairs:" + test() + "?lmit=1"), HasSubstr("unknown parameter 'lmit'; known: limit"));
  EXPECT_THAT(error_of("cifar10-pairs:" + test() + "?part=test"), HasSubstr("part=test is not one of target, source"));
  EXPECT_THAT(error_of("cifar10-pairs:" + test() + "?split=train"), HasSubstr("name the folder, such as DIR/train"));
  // As data.path of an experiment says it: the base with a parameter of its own.
  const DatasetSpec spec{.name = "cifar10-pairs", .path = "imagefolder:" + test() + "?limit=1", .params = {{"part", "source"}}};
  EXPECT_THAT(reds(load_dataset(spec)), ElementsAre(0, 10, 30, 40));
}

TEST_F(Cifar10Pairs, NameTheClassesThatTheBaseLacks) {
  fs::remove_all(folder() / "test" / "dog");
  fs::remove_all(folder() / "test" / "ship");
  EXPECT_THAT(error_of("cifar10-pairs:" + test()),
              AllOf(HasSubstr(test() + ": no class named dog, ship; "), HasSubstr("this has airplane, automobile, bird")));
  EXPECT_EQ(load("cifar10-pairs:" + test() + "?part=source").size(), 8);
  EXPECT_THAT(error_of("cifar10-pairs"), HasSubstr("needs a folder"));
}

TEST_F(Cifar10Pairs, SplitChoosesTheFilesOfTheBinaryVersion) {
  // Every image of the training files is a cat, every one of the test file a dog.
  for (const auto* name : {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"}) {
    std::string batch(30'730'000, '\0');
    for (std::size_t i = 0; i < 10'000; ++i) batch[i * 3073] = std::string_view(name) == "test_batch" ? 5 : 3;
    write_file(folder() / "binary" / fmt::format("{}.bin", name), batch);
  }
  const auto binary = (folder() / "binary").string();
  EXPECT_EQ(load("cifar10-pairs:" + binary).size(), 10'000);
  EXPECT_EQ(load("cifar10-pairs:" + binary + "?split=train").size(), 0);
  EXPECT_EQ(load("cifar10-pairs:cifar10:" + binary + "?part=source&split=train").size(), 50'000);
  EXPECT_EQ(load("cifar10-pairs:cifar10:" + binary + "?part=source&split=test").size(), 0);
}

// The superclass of each of the 100 classes in the published numbers: test and table were written from different sources.
constexpr std::array<int, 100> superclass_of{4,  1,  14, 8,  0,  6,  7,  7,  18, 3,  3,  14, 9,  18, 7,  11, 3,  9,  7,  11,
                                             6,  11, 5,  10, 7,  6,  13, 15, 3,  15, 0,  11, 1,  10, 12, 14, 16, 9,  11, 5,
                                             5,  19, 8,  8,  15, 13, 14, 17, 18, 10, 16, 4,  17, 4,  2,  0,  17, 4,  18, 17,
                                             10, 3,  2,  12, 12, 16, 12, 1,  9,  19, 2,  10, 0,  1,  16, 12, 9,  13, 15, 13,
                                             16, 19, 2,  4,  6,  19, 5,  5,  8,  19, 18, 1,  2,  15, 6,  0,  17, 8,  14, 13};
constexpr std::size_t record_bytes = 3074;

// Records of the classes 0..99 in turn; the red of every pixel is the class, green 1, blue 2.
std::string records(std::size_t count) {
  std::string bytes(record_bytes * count, '\0');
  for (std::size_t i = 0; i < count; ++i) {
    char* record = bytes.data() + i * record_bytes;
    record[0] = static_cast<char>(superclass_of[i % 100]);
    record[1] = static_cast<char>(i % 100);
    std::fill_n(record + 2, 1024, static_cast<char>(i % 100));
    std::fill_n(record + 2 + 1024, 1024, '\1');
    std::fill_n(record + 2 + 2048, 1024, '\2');
  }
  return bytes;
}

class Cifar100Super : public testing::Test {
 protected:
  void write(std::string_view bytes, const std::string& name = "test.bin") { write_file(folder_.path() / name, bytes); }
  Images load_part(const std::string& params) const { return load(spec() + params); }
  std::string spec() const { return "cifar100-super:" + folder(); }
  std::string folder() const { return folder_.path().string(); }
  std::string error() const { return error_of(spec()); }

 private:
  TemporaryFolder folder_;
};

// The classes that make each superclass.
std::map<std::int64_t, std::set<int>> classes_of(const Images& images) {
  std::map<std::int64_t, std::set<int>> classes;
  const auto numbers = reds(images);
  for (std::size_t i = 0; i < numbers.size(); ++i) classes[images.labels[i]].insert(numbers[i]);
  return classes;
}

TEST_F(Cifar100Super, TwoClassesOfEachSuperclassAreSourceAndTwoOthersTarget) {
  write(records(10'000));
  const auto target = load_part(""), source = load_part("?part=source&split=test");
  for (const auto* images : {&target, &source}) {
    EXPECT_EQ(images->size(), 4'000);
    EXPECT_EQ(images->height, 32);
    EXPECT_EQ(images->class_names.size(), 20U);
    const auto pixel = images->image(17).subspan(99, 3);
    EXPECT_THAT(std::vector<int>(pixel.begin() + 1, pixel.end()), ElementsAre(1, 2));
  }
  const auto of_target = classes_of(target), of_source = classes_of(source);
  ASSERT_EQ(of_target.size(), 20U);
  ASSERT_EQ(of_source.size(), 20U);
  for (std::int64_t superclass = 0; superclass < 20; ++superclass) {
    std::set<int> both = of_target.at(superclass);
    EXPECT_EQ(both.size(), 2U);
    both.insert(of_source.at(superclass).begin(), of_source.at(superclass).end());
    EXPECT_EQ(both.size(), 4U) << superclass;
    for (const int number : both) EXPECT_EQ(superclass_of[static_cast<std::size_t>(number)], superclass);
  }
}

TEST_F(Cifar100Super, ClassNamesSayWhichClassesWereDrawn) {
  write(records(10'000));
  const auto images = load_part("");
  // Alphabetical numbers: aquarium_fish 1, flatfish 32, ray 67, shark 73, trout 91.
  const std::map<int, std::string> fish{{1, "aquarium_fish"}, {32, "flatfish"}, {67, "ray"}, {73, "shark"}, {91, "trout"}};
  const auto drawn = classes_of(images).at(1);
  EXPECT_EQ(images.class_names[1], fmt::format("fish: {}, {}", fish.at(*drawn.begin()), fish.at(*drawn.rbegin())));
}

TEST_F(Cifar100Super, TheDrawIsTheSameOnEveryMachineAndFollowsTheSeed) {
  write(records(10'000));
  const auto first = load_part("");
  // Seed 1. SplitMix64 keyed by (1, 100, superclass), Fisher-Yates from the top; computed once in Python.
  EXPECT_THAT(std::vector(first.class_names.begin(), first.class_names.begin() + 3),
              ElementsAre("aquatic_mammals: beaver, seal", "fish: flatfish, ray", "flowers: poppy, sunflower"));
  EXPECT_EQ(load_part("?seed=1").pixels, first.pixels);
  EXPECT_NE(load_part("?seed=2").class_names, first.class_names);
}

TEST_F(Cifar100Super, SourceIsTheTrainingFileUnlessTheSplitIsNamed) {
  write(records(50'000), "cifar-100-binary/train.bin");  // the archive's own folder inside
  EXPECT_EQ(load_part("?part=source").size(), 20'000);
  EXPECT_EQ(load_part("?split=train").size(), 20'000);
  EXPECT_THAT(error(), HasSubstr("cifar-100-binary/test.bin: no such file"));
}

TEST_F(Cifar100Super, NamesTheFileAndTheOfficialPageWhenAFileIsNotAsPublished) {
  const auto page = HasSubstr("https://www.cs.toronto.edu/~kriz/cifar.html");
  EXPECT_THAT(error(), AllOf(HasSubstr("test.bin: no such file"), page));
  auto bytes = records(10'000);
  write(std::string_view(bytes).substr(1));
  EXPECT_THAT(error(), AllOf(HasSubstr("30739999 bytes, CIFAR-100's test.bin has 30740000"), page));
  bytes[7 * record_bytes] = 20;
  write(bytes);
  EXPECT_THAT(error(), AllOf(HasSubstr("record 7 has superclass 20, there are 0 to 19"), page));
  bytes[7 * record_bytes] = static_cast<char>(superclass_of[7]);
  bytes[7 * record_bytes + 1] = 100;
  write(bytes);
  EXPECT_THAT(error(), AllOf(HasSubstr("record 7 has class 100, there are 0 to 99"), page));
  bytes[7 * record_bytes + 1] = 8;
  write(bytes);
  EXPECT_THAT(error(), HasSubstr("record 7 has class 8 (bicycle) in superclass 7 (insects); it belongs to 18 (vehicles_1)"));
}

TEST_F(Cifar100Super, TheHundredClassesAreADataSetOfTheirOwn) {
  write(records(10'000));
  const auto spec = "cifar100:" + folder();
  const auto images = load(spec);
  ASSERT_EQ(images.size(), 10'000);
  ASSERT_EQ(images.class_names.size(), 100U);
  EXPECT_EQ(images.class_names[0], "apple");
  EXPECT_EQ(images.class_names[99], "worm");
  for (const std::int64_t i : {0, 32, 9'999}) {
    EXPECT_EQ(images.labels[static_cast<std::size_t>(i)], i % 100);
    EXPECT_EQ(images.image(i)[0], i % 100);
  }
  EXPECT_THAT(error_of(spec + "?part=train"), HasSubstr("train.bin: no such file"));
  EXPECT_THAT(error_of(spec + "?part=target"), HasSubstr("part=target is not one of train, test"));
}

TEST_F(Cifar100Super, TheShippedTableFitsTheHundredClasses) {
  write(records(10'000));
  const auto source = load("subpopulation:cifar100:" + folder() + "?map=cifar100&part=source");
  const auto target = load("subpopulation:cifar100:" + folder() + "?map=cifar100");
  ASSERT_EQ(source.class_names, target.class_names);
  EXPECT_EQ(source.class_names.size(), 16U);
  const auto of_source = classes_of(source), of_target = classes_of(target);
  ASSERT_EQ(of_source.size(), 16U);
  ASSERT_EQ(of_target.size(), 16U);
  EXPECT_EQ(source.class_names[0], "fish");
  EXPECT_THAT(of_source.at(0), UnorderedElementsAre(1, 32));   // aquarium_fish, flatfish
  EXPECT_THAT(of_target.at(0), UnorderedElementsAre(73, 91));  // shark, trout
}

TEST(FeatureDriftExperiments, AreReadable) {
  for (const auto* name : {"living17", "cifar10-pairs", "cifar100-super"}) {
    const auto settings = read_settings(fmt::format("{}/experiments/{}.toml", TBFT_SOURCE_DIR, name),
                                        {"data.path=somewhere", "model.checkpoint=base.pth"});
    EXPECT_EQ(settings.data.dataset, name);
    EXPECT_EQ(find_dataset(settings.data.dataset).drift, "feature");
    EXPECT_EQ(settings.sweep.strategies.size(), 7U);
  }
}

TEST(FeatureDriftExperiments, TinyImageNetIsReadable) {
  const auto settings =
      read_settings(std::string(TBFT_SOURCE_DIR) + "/experiments/tinyimagenet.toml",
                    {"data.path=subpopulation:tinyimagenet:DIR?map=tinyimagenet&split=train", "model.checkpoint=base.pth"});
  EXPECT_EQ(settings.data.dataset, "subpopulation");
  EXPECT_EQ(settings.sweep.strategies.size(), 7U);
}

TEST(FeatureDriftExperiments, Living17IsThePapersProtocol) {
  const auto settings = read_settings(fmt::format("{}/experiments/living17.toml", TBFT_SOURCE_DIR),
                                      {"data.path=somewhere", "model.checkpoint=base.pth"});
  EXPECT_EQ(settings.train.optimizer, "adam");
  EXPECT_EQ(settings.lr_of("full"), 1e-3);
  EXPECT_EQ(settings.lr_of("fc"), 1e-2);
  EXPECT_EQ(settings.train.batch, 128);
  EXPECT_EQ(settings.train.epochs, 10);
  EXPECT_EQ(settings.sweep.repetitions, 4);
  EXPECT_THAT(settings.sweep.train_sizes, ElementsAre(0.1, 0.2, 0.3));
}

}  // namespace
}  // namespace tbft::data
