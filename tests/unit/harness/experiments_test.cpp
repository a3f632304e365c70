// The experiments that are compiled in, what their settings are called, and names that were mistyped.
#include "harness/experiment/experiments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "harness/data/dataset.h"
#include "harness/data/split.h"
#include "harness/experiment/setting_texts.h"
#include "harness/experiment/settings.h"
#include "harness/host/edit_distance.h"
#include "harness/host/usage_error.h"
#include "results/files.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace tbft {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(BuiltInExperiments, AreTheFilesOfTheFolder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(TBFT_SOURCE_DIR "/experiments"))
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  ASSERT_GT(files.size(), 10U);
  EXPECT_EQ(experiments().size(), files.size());
  for (const auto& file : files) {
    const Experiment* experiment = find_experiment(fs::path(file).stem().string());
    ASSERT_NE(experiment, nullptr) << file;
    EXPECT_EQ(experiment->toml, results::read_file(file, 1U << 20U));
    // The settings that every experiment needs from its user.
    const auto settings = parse_settings(experiment->toml, file,
                                         {"model.checkpoint=x.pth", "model.reference=x.json", "data.path='synthetic:?n=100'",
                                          "data.dataset=synthetic", "data.conditions=[]"});
    EXPECT_EQ(settings.description, experiment->description);
    EXPECT_EQ(settings.protocol, experiment->protocol);
    EXPECT_NE(settings.description, "");
  }
}

// Steps that a cell of the built-in experiment trains, if none of its epochs is left out.
std::int64_t steps_of(const char* name, std::int64_t images) {
  const auto settings =
      parse_settings(find_experiment(name)->toml, name, {"model.checkpoint=x.pth", "data.path='synthetic:?n=10'"});
  const auto train = static_cast<std::int64_t>(data::paper_split(images, settings.sweep.train_sizes.at(0)).train.size());
  return settings.train.epochs * ((train + settings.train.batch - 1) / settings.train.batch);
}

TEST(BuiltInExperiments, TheQuickOneTrainsAsManyStepsAsThePaper) {
  const auto quickstart = parse_settings(find_experiment("quickstart")->toml, "quickstart", {"model.checkpoint=x.pth"});
  const auto images = std::stoll(data::parse_dataset_spec(quickstart.data.path).params.at("n"));
  EXPECT_EQ(steps_of("cifar-flip", 10'000), 80);
  EXPECT_EQ(steps_of("quickstart", images), 80);
}

TEST(BuiltInExperiments, StandBackForAFileOfTheirName) {
  const test::TemporaryFolder folder;
  const auto before = fs::current_path();
  fs::current_path(folder.path());
  const auto built_in = read_experiment("quickstart");
  EXPECT_TRUE(built_in.origin.built_in);
  EXPECT_EQ(built_in.origin.text(), "built-in experiment quickstart");
  fs::create_directory("quickstart");  // a folder is no experiment
  EXPECT_TRUE(read_experiment("quickstart").origin.built_in);
  fs::remove("quickstart");
  std::ofstream("quickstart") << "name = \"mine\"\n";
  const auto mine = read_experiment("quickstart");
  fs::current_path(before);
  EXPECT_FALSE(mine.origin.built_in);
  EXPECT_EQ(mine.origin.text(), "quickstart");
  EXPECT_EQ(mine.toml, "name = \"mine\"\n");
}

TEST(BuiltInExperiments, ANameThatIsNearOneIsSuggested) {
  EXPECT_THAT(test::message_of<UsageError>([] { read_experiment("quickstrat"); }),
              AllOf(HasSubstr("quickstrat"), HasSubstr("did you mean 'quickstart'? `tbft experiments` lists")));
  EXPECT_THAT(test::message_of<UsageError>([] { read_experiment("/nowhere/of/this/long/name/e.toml"); }),
              Not(HasSubstr("did you mean")));
}

TEST(SettingTexts, GiveTypeDefaultAndMeaningOfEverySetting) {
  std::map<std::string, SettingText> texts;
  for (auto& text : setting_texts()) {
    EXPECT_NE(text.meaning, "") << text.name;
    EXPECT_NE(text.type, "") << text.name;
    texts.emplace(text.name, text);
  }
  EXPECT_EQ(texts.size(), setting_keys().size());
  EXPECT_EQ(texts.at("protocol").default_value, "\"paper\"");
  EXPECT_EQ(texts.at("train.lr").default_value, "{ default = 0.001, fc = 0.01 }");
  EXPECT_EQ(texts.at("train.lr").type, "table of numbers");
  EXPECT_EQ(texts.at("sweep.train_sizes").type, "list of numbers");
  EXPECT_EQ(texts.at("data.conditions").type, "list of strings");
  EXPECT_EQ(texts.at("data.conditions").default_value, "[]");
  EXPECT_EQ(texts.at("threads").type, "whole number");
  EXPECT_EQ(texts.at("warmup").default_value, "true");
}

// What the document shows as a default is what the setting takes.
TEST(SettingTexts, DefaultsAreToml) {
  const std::string needed =
      "name = \"x\"\ndata.dataset = \"synthetic\"\ndata.path = \"synthetic:?n=100\"\nmodel.checkpoint = \"x.pth\"\n";
  const auto usual = to_json(parse_settings(needed, "e.toml", {}));
  for (const auto& text : setting_texts()) {
    if (needed.find(std::string(text.name) + " =") != std::string::npos) continue;
    const auto set = std::string(text.name) + "=" + text.default_value;
    EXPECT_EQ(to_json(parse_settings(needed, "e.toml", {set})), usual) << set;
  }
}

TEST(NearestName, IsTheFirstOfThoseWithTheFewestDifferences) {
  const std::vector<std::string> names{"measure", "merge", "meters"};
  EXPECT_EQ(*nearest_to("mesure", names), "measure");
  EXPECT_EQ(*nearest_to("mrge", names), "merge");
  EXPECT_EQ(*nearest_to("", names), "merge");
}

TEST(NearestName, IsNearWithFewDifferencesOrAsItsBeginning) {
  EXPECT_TRUE(is_near("mesure", "measure"));
  EXPECT_TRUE(is_near("--rep", "--repetitions"));
  EXPECT_TRUE(is_near("--idel", "--idle"));
  EXPECT_FALSE(is_near("xyz", "measure"));
  EXPECT_FALSE(is_near("", "measure"));
  EXPECT_FALSE(is_near("fc", "block1"));
}

}  // namespace
}  // namespace tbft
