#include "harness/experiment/settings.h"
#include "harness/host/usage_error.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/support/files.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace tbft {
namespace {

using test::message_of;
using test::TemporaryFolder;
using test::write_file;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

using Options = std::vector<std::string>;

// What no experiment can do without; on lines 1 to 4 of the file.
constexpr std::string_view needed = R"(name = "n"
data.dataset = "synthetic"
data.path = "synthetic:?part=target"
model.checkpoint = "base.pth"
)";

class SettingsFile : public testing::Test {
 protected:
  Settings read(std::string_view text, const Options& set = {}) { return read_whole(fmt::format("{}{}", needed, text), set); }
  Settings read_whole(std::string_view text, const Options& set = {}) {
    write_file(path(), text);
    return read_settings(path().string(), set);
  }
  Settings with(const Options& set) { return read("", set); }
  // The message of a file whose line 5 is `line`.
  std::string error_of(const std::string& line) {
    return message_of<UsageError>([&] { read(line); });
  }
  std::string error_of_set(const std::string& option) {
    return message_of<UsageError>([&] { with({option}); });
  }
  std::filesystem::path path() const { return folder_.path() / "my experiment.toml"; }
  std::string at_line(int line) const { return fmt::format("{}:{}: ", path().string(), line); }

 private:
  TemporaryFolder folder_;
};

TEST_F(SettingsFile, ADiagnosisWantsItsReferenceAndTakesNoSearchedRate) {
  const Options diagnosed{R"(sweep.strategies=["none","diagnosed"])", "model.reference=base.json"};
  EXPECT_NO_THROW(with(diagnosed));
  EXPECT_THAT(message_of<UsageError>([&] { with({diagnosed[0]}); }),
              StartsWith("model.reference: strategy diagnosed needs it"));
  EXPECT_THAT(message_of<UsageError>([&] {
                with({diagnosed[0], diagnosed[1], "train.lr_search=[0.5,2]"});
              }),
              StartsWith("train.lr_search: no rate can be searched for strategy diagnosed"));
}

TEST_F(SettingsFile, EveryKeyOfAFileReachesTheSettings) {
  const auto settings = read_whole(R"(
name = "all"
description = "a line"
protocol = "efficient"
threads = 3
backend = "native"
layout = "contiguous"
memory_limit = "1GiB"
warmup = false
trace_steps = true
[data]
dataset = "synthetic"
path = "synthetic:?n=9"
train_path = "synthetic:?n=8"
conditions = ["output", "input"]
[model]
checkpoint = "x.pth"
noise_sigma = { fc = 4.5 }
key = "ema"
reference = "base.json"
network = "torchscript"
pixels = 64
mean = [0.25, 0.5, 0.75]
std = [0.5, 0.25, 1]
[model.blocks]
block1 = ["conv*"]
fc = ["fc.*"]
[sweep]
train_sizes = [0.5, 0.25]
strategies = ["fc", "none"]
repetitions = 4
seed = 5
split_seed = 6
val_size = 0.125
threads = [1, 2]
batch = [8]
governor = ["powersave"]
max_kHz = [600000]
until = "train_s 3 %"
[train]
optimizer = "adam"
lr = { default = 0.5, fc = 0.25, full = 0.125 }
momentum = 0.75
weight_decay = 0.0625
batch = 7
epochs = 8
patience = 9
augment = true
lr_search = [0.5, 2]
batchnorm = "eval"
cache = "off"
cache_limit_MiB = 77
refresh_bn = true
[meter]
uri = "estimate://"
also = ["rapl://package-0"]
interval_s = 0.5
marker = "train=pinctrl-rp1:17"
trace = "cells"
realtime = "off"
[idle]
seconds = 1.5
[cooldown]
max_C = 50
timeout_s = 60
)");
  const auto expected = nlohmann::json::parse(R"({
    "name": "all", "description": "a line", "protocol": "efficient", "threads": 3, "backend": "native",
    "layout": "contiguous", "memory_limit": "1GiB", "warmup": false, "trace_steps": true,
    "data.dataset": "synthetic", "data.path": "synthetic:?n=9", "data.train_path": "synthetic:?n=8", "data.conditions": ["output", "input"],
    "model.checkpoint": "x.pth", "model.key": "ema", "model.network": "torchscript",
    "model.blocks": {"block1": ["conv*"], "fc": ["fc.*"]}, "model.pixels": 64, "model.mean": [0.25, 0.5, 0.75], "model.std": [0.5, 0.25, 1.0], "model.noise_sigma": {"fc": 4.5}, "model.reference": "base.json",
    "sweep.train_sizes": [0.5, 0.25], "sweep.strategies": ["fc", "none"], "sweep.repetitions": 4, "sweep.seed": 5,
    "sweep.split_seed": 6, "sweep.val_size": 0.125,
    "sweep.threads": [1, 2], "sweep.batch": [8], "sweep.governor": ["powersave"], "sweep.max_kHz": [600000], "sweep.until": "train_s 3 %",
    "train.optimizer": "adam", "train.lr": {"default": 0.5, "fc": 0.25, "full": 0.125}, "train.momentum": 0.75,
    "train.weight_decay": 0.0625, "train.batch": 7, "train.epochs": 8, "train.patience": 9, "train.augment": true, "train.lr_search": [0.5, 2.0], "train.batchnorm": "eval", "train.cache": "off", "train.cache_limit_MiB": 77, "train.refresh_bn": true,
    "meter.uri": "estimate://", "meter.also": ["rapl://package-0"], "meter.interval_s": 0.5, "meter.marker": "train=pinctrl-rp1:17",
    "meter.trace": "cells", "meter.realtime": "off",
    "idle.seconds": 1.5, "cooldown.max_C": 50.0,
    "cooldown.timeout_s": 60.0
  })");
  EXPECT_EQ(nlohmann::json::parse(to_json(settings)), expected);
  // The file above leaves no key out, and none at its default.
  const auto defaults = nlohmann::json::parse(to_json(Settings{}));
  for (const auto& key : setting_keys()) {
    ASSERT_TRUE(expected.contains(key.name)) << key.name;
    EXPECT_NE(expected[std::string(key.name)], defaults[std::string(key.name)]) << key.name;
    EXPECT_NE(key.help, "") << key.name;
  }
  EXPECT_EQ(expected.size(), setting_keys().size());
}

TEST_F(SettingsFile, RemembersWhichKeysWereGivenAValue) {
  const auto settings = read("[train]\nbatch = 128\n", {"train.lr.fc=0.02", "memory_limit=2GB"});
  EXPECT_THAT(settings.declared, testing::IsSupersetOf({"name", "train.batch", "train.lr", "memory_limit"}));
  EXPECT_FALSE(settings.declared.contains("train.epochs"));
  EXPECT_EQ(memory_limit_bytes(settings), 2'000'000'000);
  EXPECT_EQ(memory_limit_bytes(read("")), std::nullopt);
  EXPECT_EQ(error_of("memory_limit = \"512\""), "memory_limit: '512' is no size; write it like 512MiB or 2GB");
}

TEST_F(SettingsFile, ATorchScriptFileNeedsATableOfBlocks) {
  const std::string script = "model.network = \"torchscript\"\n";
  EXPECT_THAT(error_of(script), StartsWith("model.blocks: required for a TorchScript file"));
  EXPECT_THAT(error_of(script + "model.blocks = { block1 = [\"a*\"], block3 = [\"b*\"], fc = [\"c*\"] }"),
              StartsWith("model.blocks: block3 cannot follow 1 blocks"));
  EXPECT_THAT(error_of(script + "model.blocks = { block1 = \"a*\" }"), HasSubstr("model.blocks.block1: expects a list"));
  EXPECT_THAT(error_of("model.blocks = { block1 = [\"a*\"], fc = [\"c*\"] }"),
              StartsWith("model.blocks: only a TorchScript file"));
  EXPECT_THAT(error_of("model.network = \"resnet\""), StartsWith("model.network: 'resnet' is none of torchscript"));
  EXPECT_THAT(error_of("model.mean = [0.5, 0.5]"), StartsWith("model.mean: has 2 numbers"));
  EXPECT_THAT(error_of("model.std = [0.5, 0, 0.5]"), StartsWith("model.std: 0 is outside"));
  EXPECT_THAT(error_of("model.allow_script = true"), HasSubstr("unknown key 'model.allow_script'"));
}

TEST_F(SettingsFile, DefaultsAreThePublishedProtocol) {
  const auto settings = read("");
  EXPECT_EQ(settings.train.optimizer, "sgd");
  EXPECT_EQ(settings.train.momentum, 0.9);
  EXPECT_EQ(settings.train.weight_decay, 5e-4);
  EXPECT_EQ(settings.train.batch, 128);
  EXPECT_EQ(settings.sweep.split_seed, 42);
  EXPECT_EQ(settings.lr_of("full"), 1e-3);
  EXPECT_EQ(settings.lr_of("fc"), 1e-2);
}

TEST_F(SettingsFile, AnUnknownKeyIsNamedWithItsLineAndTheNearestKey) {
  EXPECT_EQ(error_of("sweep.repetition = 2"), at_line(5) + "unknown key 'sweep.repetition'; did you mean 'sweep.repetitions'?");
  EXPECT_EQ(error_of("\n[train]\nbatch = 8\nmomentun = 0.9"),
            at_line(8) + "unknown key 'train.momentun'; did you mean 'train.momentum'?");
  EXPECT_EQ(error_of_set("train.epoch=3"), "--set train.epoch=3: unknown key 'train.epoch'; did you mean 'train.epochs'?");
}

TEST_F(SettingsFile, ARemovedKeyIsNamedWithWhatStandsInItsPlace) {
  EXPECT_THAT(error_of("model.noise_accuracy_pct = 20"),
              AllOf(StartsWith(at_line(5) + "'model.noise_accuracy_pct' was removed"), HasSubstr("model.noise_sigma")));
}

TEST_F(SettingsFile, AMisspeltSectionIsNamedByItsFirstKey) {
  EXPECT_EQ(error_of("[swep]\nseed = 2"), at_line(6) + "unknown key 'swep.seed'; did you mean 'sweep.seed'?");
  EXPECT_THAT(error_of("[swep]"), StartsWith(at_line(5) + "unknown key 'swep'"));
  EXPECT_NO_THROW(read("[sweep]"));
}

TEST_F(SettingsFile, AValueOfAnotherTypeIsRefusedWithWhatIsExpected) {
  const std::pair<const char*, const char*> cases[] = {
      {"protocol = 1", "protocol: expects a string in quotes"},
      {"warmup = 1", "warmup: expects true or false"},
      {"threads = 2.0", "threads: expects a whole number"},
      {"train.momentum = \"0.9\"", "train.momentum: expects a number"},
      {"train.momentum = nan", "train.momentum: expects a finite number"},
      {"sweep.train_sizes = 0.1", "sweep.train_sizes: expects a list in [ ]"},
      {"sweep.train_sizes = [0.1, \"0.2\"]", "sweep.train_sizes: expects a number"},
      {"sweep.strategies = [1]", "sweep.strategies: expects a string in quotes"},
      {"train.lr = 0.1", "train.lr: expects a table such as { default = 1e-3, fc = 1e-2 }"},
      {"train.lr.fc = \"0.1\"", "train.lr.fc: expects a number"},
      {"sweep = 5", "unknown key 'sweep'"},
  };
  for (const auto& [line, message] : cases) EXPECT_THAT(error_of(line), StartsWith(at_line(5) + message)) << line;
}

TEST_F(SettingsFile, AWholeNumberServesAsAReal) {
  EXPECT_EQ(read("train.momentum = 1").train.momentum, 1.0);
  // 2^63 - 1 has no double of its own; it is out of range, not undefined.
  EXPECT_THAT(error_of("cooldown.max_C = 9223372036854775807"), HasSubstr("9.223372036854776e+18 is outside 0..200"));
}

TEST_F(SettingsFile, AnOptionWinsOverTheFileAndTheLastOptionOverTheFirst) {
  EXPECT_EQ(read("train.epochs = 3", {"train.epochs=4"}).train.epochs, 4);
  EXPECT_EQ(with({"train.epochs=4", "train.epochs=5"}).train.epochs, 5);
  EXPECT_THAT(read("sweep.train_sizes = [0.5]", {"sweep.train_sizes=[0.1,0.2]"}).sweep.train_sizes, ElementsAre(0.1, 0.2));
}

TEST_F(SettingsFile, ABareWordOrAPathOfAnOptionIsAString) {
  EXPECT_EQ(with({"protocol=efficient"}).protocol, "efficient");
  EXPECT_EQ(with({"model.checkpoint=/a b/c-1.pth"}).model.checkpoint, "/a b/c-1.pth");
  EXPECT_EQ(with({"data.path=synthetic:?part=target&n=60"}).data.path, "synthetic:?part=target&n=60");
  EXPECT_EQ(with({"meter.uri=ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1"}).meter.uri,
            "ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1");
  EXPECT_EQ(with({"name=\"quoted\""}).name, "quoted");
  EXPECT_EQ(read("train.batchnorm = \"eval\"", {"train.batchnorm="}).train.batchnorm, "");
}

TEST_F(SettingsFile, AnyTextCanBeAnOption) {
  for (const std::string uri : {"ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1",
                                "exec://jq '.a[0]' | sed \"s/\\\\{x\\\\}//\"?unit=V,A", "replay://a\\b#c"})
    EXPECT_EQ(with({string_option("meter.uri", uri)}).meter.uri, uri);
  const std::vector<std::string> two{"ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1", "exec://echo '\"5\"'?unit=W"};
  EXPECT_EQ(with({string_option("meter.also", two)}).meter.also, two);
  EXPECT_EQ(string_option("meter.uri", "auto"), "meter.uri=auto") << "run.json shows it as a user would type it";
}

TEST_F(SettingsFile, ALearningRateOfOneStrategyLeavesTheOthersAlone) {
  const auto settings = read("train.lr.full = 0.5", {"train.lr.fc=0.02"});
  EXPECT_EQ(settings.lr_of("fc"), 0.02);
  EXPECT_EQ(settings.lr_of("full"), 0.5);
  EXPECT_EQ(settings.lr_of("block1"), 1e-3);
  EXPECT_EQ(with({"train.lr.default=0.1"}).lr_of("block1"), 0.1);
}

TEST_F(SettingsFile, AnOptionThatIsNoKeyAndValueIsRefused) {
  EXPECT_EQ(error_of_set("train.epochs"), "--set train.epochs: expects key=value");
  EXPECT_EQ(error_of_set("=3"), "--set =3: expects key=value");
  EXPECT_THAT(error_of_set("sweep.train_sizes=[0.1"), StartsWith("--set sweep.train_sizes=[0.1: the value is not TOML"));
  EXPECT_THAT(error_of_set("train epochs=3"), StartsWith("--set train epochs=3"));
}

TEST_F(SettingsFile, AValueOutOfRangeIsRefused) {
  for (const auto* option : {"threads=-1", "threads=1025", "train.batch=0", "train.epochs=0", "train.patience=0",
                             "train.momentum=1.1", "train.momentum=-0.1", "train.weight_decay=-1", "sweep.repetitions=0",
                             "sweep.repetitions=10001", "sweep.seed=-1", "sweep.split_seed=4294967296", "meter.interval_s=61",
                             "idle.seconds=-2", "idle.seconds=3601", "cooldown.max_C=201", "cooldown.timeout_s=-1"}) {
    const std::string text = option;
    EXPECT_THAT(error_of_set(text), AllOf(StartsWith(text.substr(0, text.find('='))), HasSubstr("is outside"))) << text;
  }
  EXPECT_NO_THROW(with({"idle.seconds=-1", "train.momentum=0", "sweep.split_seed=4294967295"}));
}

TEST_F(SettingsFile, ANameBeginsAFolderOfRuns) {
  for (const std::string name : {"../../x", "/etc/x", "a/b", "a\\nb"})
    EXPECT_THAT(error_of_set("name=\"" + name + "\""), HasSubstr("cannot begin a folder's name")) << name;
  EXPECT_THAT(error_of_set("name=" + std::string(300, 'a')), HasSubstr("at most 200"));
  EXPECT_NO_THROW(with({"name=\"..x (2) é\""}));
}

TEST_F(SettingsFile, ATrainingSizeLeavesRoomForTheTest) {
  for (const auto* size : {"0", "-0.1", "0.71"})
    EXPECT_THAT(error_of_set(fmt::format("sweep.train_sizes=[{}]", size)), HasSubstr("is outside (0, 0.7]")) << size;
  EXPECT_NO_THROW(with({"sweep.train_sizes=[0.7]"}));
}

TEST_F(SettingsFile, AMarkerNamesPhasesAndLines) {
  EXPECT_THAT(error_of_set("meter.marker=train"), HasSubstr("CHIP:OFFSET"));
  EXPECT_THAT(error_of_set("meter.trace=some"), HasSubstr("full, cells, off"));
  EXPECT_THAT(error_of_set("meter.realtime=yes"), HasSubstr("auto, on, off"));
  EXPECT_NO_THROW(with({"meter.marker='train=pinctrl-rp1:17,gpiochip0:4'"}));
}

TEST_F(SettingsFile, ALearningRateIsPositive) {
  for (const auto* rate : {"0", "-1", "101"})
    EXPECT_THAT(error_of_set(fmt::format("train.lr.fc={}", rate)), StartsWith("train.lr.fc: ")) << rate;
}

TEST_F(SettingsFile, AnUnknownNameListsTheKnownOnes) {
  EXPECT_EQ(error_of_set("protocol=fast"), "protocol: 'fast' is none of paper, efficient");
  EXPECT_EQ(error_of_set("layout=nchw"), "layout: 'nchw' is none of channels_last, contiguous");
  EXPECT_EQ(error_of_set("backend=cuda"), "backend: 'cuda' is none of auto, onednn, native");
  EXPECT_EQ(error_of_set("train.optimizer=lamb"), "train.optimizer: 'lamb' is none of sgd, adam");
  EXPECT_EQ(error_of_set("train.batchnorm=off"), "train.batchnorm: 'off' is none of train, frozen-eval, eval");
  EXPECT_THAT(error_of_set("sweep.strategies=[\"block0\"]"),
              AllOf(StartsWith("sweep.strategies"),
                    HasSubstr("unknown strategy 'block0'; known: none, bn-stats, block1, block2, block3, fc, full, ")));
  EXPECT_THAT(error_of_set("train.lr.block0=0.1"), HasSubstr("unknown strategy 'block0'; known: none, "));
  EXPECT_EQ(error_of_set("data.conditions=[\"fog\"]"), "data.conditions: 'fog' is none of input, feature, output");
  EXPECT_EQ(message_of<UsageError>([&] {
              with({"data.dataset=cifar10", "data.conditions=[\"fog\"]"});
            }),
            "data.conditions: cifar10 has no conditions");
  EXPECT_EQ(message_of<UsageError>([&] {
              with({"data.dataset=cifar10-c", "data.conditions=[\"gausian_noise-3\"]"});
            }),
            "data.conditions: 'gausian_noise-3' is none of the 75 conditions of cifar10-c, CORRUPTION-SEVERITY such as "
            "shot_noise-5; did you mean 'gaussian_noise-3'?");
  // What data.conditions, or its default, would silently replace.
  EXPECT_EQ(error_of_set("data.path=synthetic:?drift=input"), "data.path: must not contain drift=; list it in data.conditions");
  EXPECT_EQ(message_of<UsageError>([&] {
              with({"data.dataset=cifar10-c", "data.path=cifar10-c:DIR?condition=fog-3"});
            }),
            "data.path: must not contain condition=; list it in data.conditions");
  EXPECT_EQ(message_of<UsageError>([&] {
              with({"data.dataset=cifar10-c-like", "data.path=imagefolder:DIR?condition=fog-3"});
            }),
            "data.path: must not contain condition=; list it in data.conditions");
  EXPECT_THAT(error_of_set("data.dataset=cifar11"), StartsWith("data.dataset: unknown data set 'cifar11'; known: synthetic"));
}

TEST_F(SettingsFile, AListHasEachEntryOnce) {
  EXPECT_EQ(error_of_set("sweep.train_sizes=[0.1,0.2,0.10]"), "sweep.train_sizes: 0.1 is listed twice");
  EXPECT_EQ(error_of_set("sweep.strategies=[\"fc\",\"none\",\"fc\"]"), "sweep.strategies: fc is listed twice");
  EXPECT_EQ(error_of_set("data.conditions=[\"input\",\"input\"]"), "data.conditions: input is listed twice");
  EXPECT_EQ(error_of_set("sweep.train_sizes=[]"), "sweep.train_sizes: the list is empty");
  EXPECT_EQ(error_of_set("sweep.strategies=[]"), "sweep.strategies: the list is empty");
}

TEST_F(SettingsFile, WhatNoRunCanDoWithoutIsNamed) {
  for (const auto* key : {"name", "data.dataset", "data.path", "model.checkpoint"})
    EXPECT_THAT(error_of_set(fmt::format("{}=\"\"", key)), StartsWith(fmt::format("{}: ", key)));
  EXPECT_THAT(error_of_set("data.path=synthetic:?part"),
              AllOf(StartsWith("data.path: "), HasSubstr("'part' is not key=value")));
}

TEST_F(SettingsFile, AFileThatCannotBeReadIsNamed) {
  EXPECT_THAT(
      message_of<UsageError>([] { read_settings("/nowhere/e.toml", {}); }),
      AllOf(HasSubstr("/nowhere/e.toml"), HasSubstr("No such file"), HasSubstr("`tbft experiments` lists the built-in ones")));
  std::filesystem::create_directory(path());
  EXPECT_THAT(message_of<UsageError>([&] { read_settings(path().string(), {}); }),
              AllOf(HasSubstr(path().string()), HasSubstr("directory")));
  EXPECT_THAT(message_of<UsageError>([] { read_settings("/dev/zero", {}); }), HasSubstr("/dev/zero: more than 1 MiB"));
}

TEST_F(SettingsFile, MalformedTomlIsRefusedWithItsLine) {
  EXPECT_THAT(error_of("sweep.train_sizes = [0.1,\n0.2"), StartsWith(path().string() + ":6: "));
  EXPECT_THAT(error_of("name = \"again\""), StartsWith(at_line(5)));
  EXPECT_THAT(error_of("x = "), StartsWith(path().string() + ":5: "));
}

TEST_F(SettingsFile, AKeyOfManyDotsIsRefusedBeforeItsTablesAreMade) {
  std::string key = "a";
  for (int i = 0; i < 200'000; ++i) key += ".a";
  for (const auto& text : {key + " = 1\n", "[" + key + "]\n"})
    EXPECT_THAT(message_of<UsageError>([&] { read_whole(text); }), HasSubstr("more than 5000 dots"));
  EXPECT_THAT(error_of_set(key + "=1"), HasSubstr("more than 5000 dots"));
}

TEST_F(SettingsFile, EffectiveSettingsFillWhatProtocolDataSetAndCoresDecide) {
  const auto paper = effective(read(""), 4);
  EXPECT_EQ(paper.threads, 4);
  EXPECT_EQ(completed(read("")).threads, 0) << "a matter of the machine";
  EXPECT_EQ(paper.train.batchnorm, "train");
  EXPECT_THAT(paper.data.conditions, ElementsAre("input", "feature", "output"));
  EXPECT_EQ(effective(with({"protocol=efficient"}), 4).train.batchnorm, "frozen-eval");
  EXPECT_THAT(effective(with({"data.dataset=cifar10"}), 4).data.conditions, ElementsAre());
  const auto corrupted = effective(with({"data.dataset=cifar10-c"}), 4).data.conditions;
  EXPECT_EQ(corrupted.size(), 15U);
  EXPECT_THAT(corrupted, Each(EndsWith("-5")));
}

TEST_F(SettingsFile, FrozenBlocksAreCachedOnlyWhereTheyGiveTheSameEveryEpoch) {
  EXPECT_EQ(effective(read(""), 4).train.cache, "off");
  EXPECT_EQ(effective(with({"protocol=efficient"}), 4).train.cache, "fp32");
  EXPECT_EQ(effective(with({"protocol=efficient", "train.augment=true"}), 4).train.cache, "off");
  EXPECT_EQ(effective(with({"protocol=efficient", "train.batchnorm=train"}), 4).train.cache, "off");
  EXPECT_EQ(effective(with({"protocol=efficient", "train.cache=bf16"}), 4).train.cache, "bf16");
  EXPECT_THAT(error_of_set("train.cache=bf16"), StartsWith("train.cache: needs protocol = efficient"));
  EXPECT_THAT(error_of_set("train.cache=fp16"), StartsWith("train.cache: 'fp16' is none of"));
  EXPECT_EQ(error_of_set("train.refresh_bn=true"), "train.refresh_bn: needs protocol = efficient");
}

TEST_F(SettingsFile, EffectiveSettingsKeepWhatWasAsked) {
  const auto settings = effective(
      with({"threads=2", "layout=contiguous", "protocol=efficient", "train.batchnorm=eval", "data.conditions=[\"output\"]"}),
      4);
  EXPECT_EQ(settings.threads, 2);
  EXPECT_EQ(settings.layout, "contiguous");
  EXPECT_EQ(settings.train.batchnorm, "eval");
  EXPECT_THAT(settings.data.conditions, ElementsAre("output"));
}

}  // namespace
}  // namespace tbft
