#include "harness/data/dataset.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "harness/data/summary.h"
#include "tests/support/files.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace tbft::data {
namespace {

using test::message_of;
using test::TemporaryFolder;
using test::write_file;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::size_t record_bytes = 3073;

// A batch of 10,000 records: label i % 10; red, green and blue of pixel k are i, k and i + k modulo 256.
std::string cifar_batch() {
  std::string bytes(record_bytes * 10'000, '\0');
  for (std::size_t i = 0; i < 10'000; ++i) {
    char* record = bytes.data() + i * record_bytes;
    record[0] = static_cast<char>(i % 10);
    for (std::size_t k = 0; k < 1024; ++k) {
      record[1 + k] = static_cast<char>(i);
      record[1 + 1024 + k] = static_cast<char>(k);
      record[1 + 2048 + k] = static_cast<char>(i + k);
    }
  }
  return bytes;
}

Images load(const std::string& spec) {
  return load_dataset(parse_dataset_spec(spec));
}

TEST(DatasetSpec, HasANameAPathAndParameters) {
  const auto spec = parse_dataset_spec("imagefolder:photos/a:b/test?limit=3&x=");
  EXPECT_EQ(spec.name, "imagefolder");
  EXPECT_EQ(spec.path, "photos/a:b/test");
  EXPECT_THAT(spec.params, ElementsAre(std::pair("limit", "3"), std::pair("x", "")));
  EXPECT_EQ(to_string(spec), "imagefolder:photos/a:b/test?limit=3&x=");
}

TEST(DatasetSpec, IsAPlainPathWithoutAName) {
  for (const auto* text : {"/data/x", "./synthetic", "photos", "../A:b/c"}) {
    const auto spec = parse_dataset_spec(text);
    EXPECT_EQ(spec.name, "") << text;
    EXPECT_EQ(spec.path, text);
    EXPECT_EQ(to_string(spec), text);
  }
}

TEST(DatasetSpec, IsTheDataSetItselfWhenOnlyAKnownNameIsGiven) {
  EXPECT_EQ(parse_dataset_spec("synthetic").name, "synthetic");
  const auto spec = parse_dataset_spec("synthetic?n=20");
  EXPECT_EQ(spec.name, "synthetic");
  EXPECT_EQ(spec.path, "");
  EXPECT_EQ(to_string(spec), "synthetic:?n=20");
}

TEST(DatasetSpec, APathWithAQuestionMarkIsWrittenInPercent) {
  const auto spec = parse_dataset_spec("imagefolder:what%3F/100%?limit=3&frost=a%26b");
  EXPECT_EQ(folder_of(spec), "what?/100%");
  EXPECT_EQ(spec.params.at("frost"), "a&b");
  EXPECT_EQ(to_string(spec), "imagefolder:what%3F/100%?frost=a%26b&limit=3");
  try {
    parse_dataset_spec("imagefolder:what?/test");
    FAIL();
  } catch (const BadDatasetSpec& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("write ? in a path as %3F"));
  }
}

TEST(DatasetSpec, RefusesWhatIsNotKeyValue) {
  EXPECT_THAT(message_of<BadDatasetSpec>([] { parse_dataset_spec("synthetic:?n"); }), HasSubstr("'n' is not key=value"));
  EXPECT_THAT(message_of<BadDatasetSpec>([] { parse_dataset_spec("synthetic:?=3"); }), HasSubstr("'=3' is not key=value"));
  EXPECT_THAT(message_of<BadDatasetSpec>([] { parse_dataset_spec("synthetic:?n=1&n=2"); }), HasSubstr("'n' is given twice"));
  EXPECT_THAT(message_of<BadDatasetSpec>([] { parse_dataset_spec(""); }), HasSubstr("neither a name nor a path"));
}

TEST(Datasets, ListTheKnownOnesWhenANameIsUnknown) {
  EXPECT_THAT(
      message_of<BadDatasetSpec>([] { load("cifar11:x"); }),
      AllOf(HasSubstr("'cifar11'"), HasSubstr("synthetic, cifar10, cifar10-c, cifar10-c-like, cifar-flip, imagefolder")));
}

TEST(Datasets, RefuseUnknownParametersAndMissingPaths) {
  EXPECT_THAT(message_of<BadDatasetSpec>([] { load("imagefolder:x?lmit=3"); }), AllOf(HasSubstr("'lmit'"), HasSubstr("limit")));
  EXPECT_THAT(message_of<BadDatasetSpec>([] { load("imagefolder:x?limit=0"); }), HasSubstr("limit=0 is not a whole number"));
  EXPECT_THAT(message_of<BadDatasetSpec>([] { load("cifar10:x?part=val"); }), HasSubstr("part=val is not one of train, test"));
  for (const auto* name : {"cifar10:", "cifar-flip:", "imagefolder:"}) EXPECT_THROW(load(name), BadDatasetSpec) << name;
  EXPECT_THAT(message_of<DataError>([] { load("/no/such/folder"); }), HasSubstr("/no/such/folder: no such folder"));
}

TEST(Cifar10, InterleavesThePlanesAndKeepsTheOrderOfTheFile) {
  const TemporaryFolder folder;
  write_file(folder.path() / "test_batch.bin", cifar_batch());
  const auto images = load("cifar10:" + folder.path().string());
  EXPECT_EQ(images.size(), 10'000);
  EXPECT_EQ(images.height, 32);
  EXPECT_EQ(images.width, 32);
  EXPECT_EQ(images.class_names[9], "truck");
  EXPECT_EQ(images.labels[9'999], 9);
  const auto image = images.image(258);  // 2 modulo 256
  EXPECT_EQ(image.size(), 3072U);
  const auto pixel = image.subspan(99, 3);  // pixel 33: second row, second column
  EXPECT_THAT(std::vector<int>(pixel.begin(), pixel.end()), ElementsAre(2, 33, 35));
}

TEST(Cifar10, ReadsTheFiveTrainingFilesAndTheInnerFolderOfTheArchive) {
  const TemporaryFolder folder;
  auto batch = cifar_batch();
  for (int i = 1; i <= 5; ++i) {
    batch[1] = static_cast<char>(i);  // red of the first pixel tells the files apart
    write_file(folder.path() / "cifar-10-batches-bin" / fmt::format("data_batch_{}.bin", i), batch);
  }
  const auto images = load("cifar10:" + folder.path().string() + "?part=train");
  ASSERT_EQ(images.size(), 50'000);
  for (std::int64_t i = 0; i < 5; ++i) EXPECT_EQ(images.image(10'000 * i)[0], i + 1);
}

TEST(Cifar10, NamesTheFileAndTheOfficialPageWhenAFileIsNotAsPublished) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "test_batch.bin";
  const auto spec = "cifar10:" + folder.path().string();
  const auto error = [&] { return message_of<DataError>([&] { load(spec); }); };
  const auto page = HasSubstr("https://www.cs.toronto.edu/~kriz/cifar.html");
  EXPECT_THAT(error(), AllOf(HasSubstr(file.string() + ": no such file"), page));

  auto batch = cifar_batch();
  write_file(file, std::string_view(batch).substr(1));
  EXPECT_THAT(error(), AllOf(HasSubstr("30729999 bytes, a CIFAR-10 batch has 30730000"), page));
  write_file(file, batch + "x");
  EXPECT_THAT(error(), HasSubstr("30730001 bytes"));

  batch[7 * record_bytes] = 10;
  write_file(file, batch);
  EXPECT_THAT(error(), AllOf(HasSubstr("record 7 has label 10"), page));
}

TEST(CifarFlip, TurnsLabelsAroundAndLeavesPixelsAlone) {
  const TemporaryFolder folder;
  write_file(folder.path() / "test_batch.bin", cifar_batch());
  const auto plain = load(folder.path().string()), flipped = load("cifar-flip:" + folder.path().string());
  EXPECT_EQ(flipped.pixels, plain.pixels);
  for (std::size_t i = 0; i < plain.labels.size(); ++i) ASSERT_EQ(flipped.labels[i], 9 - plain.labels[i]);
}

TEST(Datasets, RecogniseACifarFolderAndTakeOthersForImageFolders) {
  const TemporaryFolder folder;
  EXPECT_EQ(resolve_dataset(parse_dataset_spec(folder.path().string())).name, "imagefolder");
  write_file(folder.path() / "test_batch.bin", "");
  EXPECT_EQ(resolve_dataset(parse_dataset_spec(folder.path().string())).name, "cifar10");
}

TEST(Summary, CountsAveragesAndDigestsPixelsThenLabels) {
  Images images{.height = 1, .width = 2, .pixels = {0, 10, 7, 100, 20, 7}, .labels = {1}, .class_names = {"a", "b"}};
  const auto summary = summarize(images);
  EXPECT_THAT(summary.images_a_class, ElementsAre(0, 1));
  EXPECT_THAT(summary.mean, ElementsAre(50, 15, 7));
  EXPECT_THAT(summary.deviation, ElementsAre(50, 5, 0));
  // printf '\000\012\007\144\024\007\001' | sha256sum
  EXPECT_EQ(summary.sha256, "0ea84ae10ef0bd93953e984432bb59ad961eca7efa63cfbe6984aae98dd70556");
  images.labels = {2};
  EXPECT_THAT(message_of<DataError>([&] { summarize(images); }), HasSubstr("label 2"));
}

TEST(Summary, TakesFourBytesALabelWhereOneIsOver255) {
  Images images{.height = 1, .width = 2, .pixels = {0, 10, 7, 100, 20, 7}, .labels = {299}};
  for (int i = 0; i < 300; ++i) images.class_names.push_back(std::to_string(i));
  const auto summary = summarize(images);
  EXPECT_EQ(summary.images_a_class[299], 1);
  // printf '\000\012\007\144\024\007\053\001\000\000' | sha256sum
  EXPECT_EQ(summary.sha256, "93f01b603a85295d84e7e7e28fcb964c35c4a525efb8db549c635d5e0522249e");
}

}  // namespace
}  // namespace tbft::data
