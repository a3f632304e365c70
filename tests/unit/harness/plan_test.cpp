#include "harness/experiment/plan.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <tuple>

#include "harness/host/usage_error.h"
#include "harness/training/strategies/strategy.h"
#include "tests/support/files.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace tbft {
namespace {

using test::message_of;
using test::TemporaryFolder;
using test::write_file;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

using Change = std::function<void(Settings&)>;
// What a cell is to people, without its id.
using Key = std::tuple<std::string, std::string, double, std::string, std::int64_t>;

class PlanTest : public testing::Test {
 protected:
  PlanTest() { write_file(checkpoint(), "weights"); }

  std::filesystem::path checkpoint() const { return folder_.path() / "base.pth"; }

  // 3 conditions, 2 sizes, 7 strategies, 2 repetitions.
  Settings settings(const Change& change = [](Settings&) {}) const {
    Settings s;
    s.name = "n";
    s.data.dataset = "synthetic";
    s.data.path = "synthetic:?part=target&n=60";
    s.model.checkpoint = checkpoint().string();
    s.sweep.train_sizes = {0.1, 0.2};
    s.sweep.repetitions = 2;
    change(s);
    return s;
  }
  std::vector<Cell> plan(const Change& change = [](Settings&) {}) const {
    const auto s = settings(change);
    return make_plan(s, identify(s));
  }
  std::map<Key, std::string> ids(const Change& change = [](Settings&) {}) const {
    std::map<Key, std::string> result;
    for (const auto& c : plan(change)) result[{c.drift, c.condition, c.train_size, c.strategy, c.repetition}] = c.id;
    return result;
  }
  std::string config_hash(const Change& change = [](Settings&) {}) const { return identify(settings(change)).config_hash; }

  TemporaryFolder folder_;
};

std::vector<std::string> ids_in_order(const std::vector<Cell>& cells) {
  std::vector<std::string> result;
  for (const auto& cell : cells) result.push_back(cell.id);
  return result;
}

TEST_F(PlanTest, HasACellForEveryConditionSizeStrategyAndRepetition) {
  EXPECT_EQ(plan().size(), 3U * 2 * 7 * 2);
  EXPECT_EQ(ids().size(), 3U * 2 * 7 * 2);
}

TEST_F(PlanTest, ConditionsThatAreDriftLevelsBecomeTheDrift) {
  for (const auto& cell : plan([](Settings& s) { s.data.conditions = {"feature"}; })) {
    EXPECT_EQ(cell.drift, "feature");
    EXPECT_EQ(cell.condition, "");
    EXPECT_EQ(cell.dataset, "synthetic");
  }
}

TEST_F(PlanTest, NoiseOnTheModelIsAConditionOfNoDriftLevel) {
  for (const auto& cell : plan([](Settings& s) { s.data.conditions = {"noise-block2", "noise-fc"}; })) {
    EXPECT_EQ(cell.drift, "");
    EXPECT_THAT(cell.condition, testing::AnyOf("noise-block2", "noise-fc"));
  }
}

TEST_F(PlanTest, ADataSetWithoutConditionsHasItsOwnDrift) {
  const auto cells = plan([](Settings& s) {
    s.data.dataset = "cifar-flip";
    s.data.path = "cifar-flip:somewhere";
  });
  EXPECT_EQ(cells.size(), 2U * 7 * 2);
  for (const auto& cell : cells) EXPECT_EQ(cell.drift + "/" + cell.condition, "output/");
}

TEST_F(PlanTest, IdsAreTwelveHexDigitsAndDistinct) {
  const auto list = ids_in_order(plan());
  for (const auto& id : list) EXPECT_THAT(id, MatchesRegex("[0-9a-f]{12}"));
  EXPECT_EQ(std::set(list.begin(), list.end()).size(), list.size());
}

TEST_F(PlanTest, IdsDoNotDependOnHowTheRunIsMeasuredOrWhereFilesLie) {
  const auto before = ids();
  const auto elsewhere = folder_.path() / "elsewhere" / "copy.pth";
  write_file(elsewhere, "weights");
  const std::pair<const char*, Change> changes[] = {
      {"meter.uri", [](Settings& s) { s.meter.uri = "ina219:///dev/i2c-1"; }},
      {"meter.interval_s", [](Settings& s) { s.meter.interval_s = 0.01; }},
      {"meter.marker", [](Settings& s) { s.meter.marker = "train=gpiochip0:17"; }},
      {"meter.trace", [](Settings& s) { s.meter.trace = "cells"; }},
      {"meter.realtime", [](Settings& s) { s.meter.realtime = "off"; }},
      {"idle.seconds", [](Settings& s) { s.idle.seconds = 7; }},
      {"cooldown",
       [](Settings& s) {
         s.cooldown = {50, 60};
       }},
      {"warmup", [](Settings& s) { s.warmup = false; }},
      {"cache_limit_MiB", [](Settings& s) { s.train.cache_limit_MiB = 1; }},
      {"trace_steps", [](Settings& s) { s.trace_steps = true; }},
      {"name", [](Settings& s) { s.name = "other"; }},
      {"description", [](Settings& s) { s.description = "other"; }},
      {"model.checkpoint", [&](Settings& s) { s.model.checkpoint = elsewhere.string(); }},
      {"data.path", [](Settings& s) { s.data.path = "synthetic:elsewhere?n=60&part=target"; }},
      {"cache", [](Settings& s) { s.data.path = "synthetic:?part=target&n=60&cache=/elsewhere"; }},
  };
  for (const auto& [name, change] : changes) EXPECT_EQ(ids(change), before) << name;
}

TEST_F(PlanTest, IdsDependOnWhatCanChangeAnAccuracy) {
  const auto before = ids();
  const std::pair<const char*, Change> changes[] = {
      {"momentum", [](Settings& s) { s.train.momentum = 0.8; }},
      {"weight_decay", [](Settings& s) { s.train.weight_decay = 0; }},
      {"optimizer", [](Settings& s) { s.train.optimizer = "adam"; }},
      {"batch", [](Settings& s) { s.train.batch = 64; }},
      {"epochs", [](Settings& s) { s.train.epochs = 9; }},
      {"patience", [](Settings& s) { s.train.patience = 4; }},
      {"batchnorm", [](Settings& s) { s.train.batchnorm = "eval"; }},
      {"protocol", [](Settings& s) { s.protocol = "efficient"; }},
      {"backend", [](Settings& s) { s.backend = "native"; }},
      {"layout", [](Settings& s) { s.layout = "contiguous"; }},
      {"cache", [](Settings& s) { s.train.cache = "bf16"; }},
      {"refresh_bn", [](Settings& s) { s.train.refresh_bn = true; }},
      {"threads", [](Settings& s) { s.threads = 1; }},
      {"split_seed", [](Settings& s) { s.sweep.split_seed = 43; }},
      {"augment", [](Settings& s) { s.train.augment = true; }},
      {"lr_search",
       [](Settings& s) {
         s.train.lr_search = {1, 3};
       }},
      {"train_path", [](Settings& s) { s.data.train_path = "synthetic:?part=train&n=61"; }},
      {"key", [](Settings& s) { s.model.key = "ema"; }},
      {"network", [](Settings& s) { s.model.network = "torchscript"; }},
      {"blocks", [](Settings& s) { s.model.blocks["block1"] = {"conv1.*"}; }},
      {"pixels", [](Settings& s) { s.model.pixels = 64; }},
      {"mean",
       [](Settings& s) {
         s.model.mean = {0, 0, 0};
       }},
      {"std",
       [](Settings& s) {
         s.model.deviation = {1, 1, 1};
       }},
      {"noise", [](Settings& s) { s.model.noise_sigma["fc"] = 0.5; }},
      {"data options", [](Settings& s) { s.data.path = "synthetic:?part=target&n=61"; }},
  };
  for (const auto& [name, change] : changes) {
    const auto after = ids(change);
    ASSERT_EQ(after.size(), before.size()) << name;
    for (const auto& [key, id] : after) EXPECT_NE(id, before.at(key)) << name << " " << std::get<3>(key);
  }
}

TEST_F(PlanTest, ATableOfSuperclassesCountsByItsContentsAndFrostByBeingGiven) {
  const auto at = [&](const std::string& name, const std::string& text) {
    const auto path = folder_.path() / name;
    write_file(path, text);
    return "subpopulation:cifar10:DIR?map=" + path.string();
  };
  const auto declared = [&](const std::string& data_path) {
    return config_hash([&](Settings& s) { s.data.path = data_path; });
  };
  const auto first = declared(at("one.toml", "a table"));
  EXPECT_EQ(declared(at("two.toml", "a table")), first);
  EXPECT_NE(declared(at("one.toml", "another table")), first);
  EXPECT_NE(declared("subpopulation:cifar10:DIR?map=pairs"), first);
  EXPECT_EQ(declared("cifar10:DIR?frost=/a"), declared("cifar10:DIR?frost=/b"));
  EXPECT_NE(declared("cifar10:DIR?frost=/a"), declared("cifar10:DIR"));
}

// The same file gives the same ids on every machine and in every later version: a changed id loses the rows of all runs.
TEST_F(PlanTest, AnIdIsKnownBeforeAnyMachineIs) {
  const auto cells = plan();
  const auto id_of = [&](std::int64_t place) { return cells.at(static_cast<std::size_t>(place)).id; };
  EXPECT_EQ(id_of(0) + " " + id_of(83), "a0faad8e61d0 734434a574ae");
}

// Cells of a point have ids of their own, which no other axis or value changes.
TEST_F(PlanTest, FurtherAxesMultiplyTheCellsAndNameThem) {
  const auto cells = plan([](Settings& s) {
    s.sweep.batch = {16, 128};
    s.sweep.governor = {"powersave"};
  });
  EXPECT_EQ(cells.size(), 2U * 3 * 2 * 7 * 2);
  const auto list = ids_in_order(cells);
  EXPECT_EQ(std::set(list.begin(), list.end()).size(), list.size());
  std::map<std::string, int> points;
  for (const auto& cell : cells) ++points[cell.point.text()];
  EXPECT_THAT(points, testing::UnorderedElementsAre(testing::Pair("batch=16 governor=powersave", 84),
                                                    testing::Pair("batch=128 governor=powersave", 84)));
  const auto longer = ids_in_order(plan([](Settings& s) {
    s.sweep.batch = {16, 128, 256};
    s.sweep.governor = {"powersave", "performance"};
  }));
  EXPECT_THAT(longer, testing::IsSupersetOf(list)) << "a plan may grow by an axis's values";
}

TEST_F(PlanTest, AnAxisWithoutSenseIsRefused) {
  const auto refused = [&](const Change& change) { return message_of<UsageError>([&] { check(settings(change)); }); };
  EXPECT_THAT(refused([](Settings& s) { s.sweep.threads = {0}; }), StartsWith("sweep.threads"));
  EXPECT_THAT(refused([](Settings& s) { s.sweep.batch = {8, 8}; }), HasSubstr("sweep.batch: 8 is listed twice"));
  EXPECT_THAT(refused([](Settings& s) { s.sweep.max_kHz = {-1}; }), StartsWith("sweep.max_kHz"));
  EXPECT_THAT(refused([](Settings& s) { s.sweep.governor = {"power save"}; }), HasSubstr("'power save' is no governor's name"));
}

TEST_F(PlanTest, ADeclaredDefaultIsNoOtherExperiment) {
  const auto before = ids();
  EXPECT_EQ(ids([](Settings& s) {
              s.train.batchnorm = "train";
              s.train.cache = "off";
              s.data.conditions = {"input", "feature", "output"};
            }),
            before);
}

TEST_F(PlanTest, ALearningRateOfOneStrategyChangesItsIdsAlone) {
  const auto before = ids();
  for (const auto& [key, id] : ids([](Settings& s) { s.train.lr["fc"] = 0.5; })) {
    if (std::get<3>(key) == "fc")
      EXPECT_NE(id, before.at(key));
    else
      EXPECT_EQ(id, before.at(key)) << std::get<3>(key);
  }
}

// Strategy diagnosed may become any other, at that one's rate; the others know nothing of the reference.
TEST_F(PlanTest, WhatADiagnosisRestsOnChangesItsIdsAlone) {
  const auto reference = (folder_.path() / "base.json").string();
  const auto other = (folder_.path() / "other.json").string();
  write_file(reference, "one");
  write_file(other, "two");
  const auto with = [&](const std::string& path, double fc_lr) {
    return ids([&](Settings& s) {
      s.sweep.strategies = {"full", "diagnosed"};
      s.model.reference = path;
      s.train.lr["fc"] = fc_lr;
    });
  };
  const auto before = with(reference, 1e-2);
  const auto plain = ids();
  for (const auto& changed : {with(other, 1e-2), with(reference, 2e-2)})
    for (const auto& [key, id] : changed) EXPECT_EQ(id == before.at(key), std::get<3>(key) == "full");
  for (const auto& [key, id] : before) {
    if (std::get<3>(key) != "full") continue;
    EXPECT_EQ(id, plain.at(key));
  }
}

TEST_F(PlanTest, TheDefaultLearningRateIsNoMatterOfStrategiesWithoutGradient) {
  const auto before = ids();
  for (const auto& [key, id] : ids([](Settings& s) { s.train.lr["default"] = 0.5; })) {
    const auto& strategy = find_strategy(std::get<3>(key));
    EXPECT_EQ(id != before.at(key), strategy.uses_gradient() && strategy.name != "fc") << strategy.name;
  }
}

TEST_F(PlanTest, IdsDependOnTheBytesOfTheCheckpoint) {
  const auto before = ids();
  write_file(checkpoint(), "weightz");
  for (const auto& [key, id] : ids()) EXPECT_NE(id, before.at(key));
}

TEST_F(PlanTest, TheTrainingSeedIsTheSweepsPlusTheRepetitionAndPartOfTheId) {
  for (const auto& cell : plan([](Settings& s) { s.sweep.seed = 10; })) EXPECT_EQ(cell.seed, 10 + cell.repetition);
  const auto before = ids();
  for (const auto& [key, id] : ids([](Settings& s) { s.sweep.seed = 10; })) EXPECT_NE(id, before.at(key));
}

TEST_F(PlanTest, GrowingThePlanKeepsTheIds) {
  const auto before = ids();
  const auto after = ids([](Settings& s) {
    s.sweep.train_sizes = {0.3, 0.2, 0.1};
    s.sweep.repetitions = 3;
  });
  EXPECT_EQ(after.size(), 3U * 3 * 7 * 3);
  for (const auto& [key, id] : before) EXPECT_EQ(after.at(key), id);
  const auto smaller = ids([](Settings& s) {
    s.data.conditions = {"output"};
    s.sweep.strategies = {"full"};
  });
  EXPECT_EQ(smaller.size(), 4U);
  for (const auto& [key, id] : smaller) EXPECT_EQ(before.at(key), id);
}

TEST_F(PlanTest, TheOrderIsThatOfTheSeed) {
  EXPECT_EQ(ids_in_order(plan()), ids_in_order(plan()));
  const auto strategies = [this](std::int64_t seed) {
    std::vector<std::tuple<std::string, double, std::string>> result;
    for (const auto& c : plan([&](Settings& s) { s.sweep.seed = seed; }))
      result.emplace_back(c.drift, c.train_size, c.strategy);
    return result;
  };
  EXPECT_NE(strategies(0), strategies(1));
}

TEST_F(PlanTest, RunsRepetitionByRepetitionEachInAnOrderOfItsOwn) {
  const auto cells = plan();
  std::vector<Key> orders[2];
  for (std::size_t i = 0; i < cells.size(); ++i) {
    EXPECT_EQ(cells[i].order_index, static_cast<std::int64_t>(i));
    EXPECT_EQ(cells[i].repetition, i < cells.size() / 2 ? 0 : 1);
    orders[i < cells.size() / 2 ? 0 : 1].emplace_back(cells[i].drift, "", cells[i].train_size, cells[i].strategy, 0);
  }
  EXPECT_NE(orders[0], orders[1]);
  EXPECT_FALSE(std::ranges::is_sorted(orders[0]));
  EXPECT_TRUE(std::ranges::is_permutation(orders[0], orders[1]));
}

TEST_F(PlanTest, TheConfigurationHashLeavesOutWhatAPlanMayGrowBy) {
  const auto before = config_hash();
  EXPECT_THAT(before, MatchesRegex("[0-9a-f]{12}"));
  EXPECT_EQ(config_hash([](Settings& s) {
              s.sweep.train_sizes = {0.5};
              s.sweep.strategies = {"fc"};
              s.sweep.repetitions = 9;
              s.data.conditions = {"input"};
              s.description = "other";
            }),
            before);
  EXPECT_NE(config_hash([](Settings& s) { s.meter.uri = "estimate://"; }), before);
  EXPECT_NE(config_hash([](Settings& s) { s.train.momentum = 0; }), before);
}

TEST_F(PlanTest, ACheckpointThatCannotBeReadIsNamed) {
  const auto missing = (folder_.path() / "none.pth").string();
  EXPECT_THAT(message_of<UsageError>([&] { plan([&](Settings& s) { s.model.checkpoint = missing; }); }),
              AllOf(StartsWith("model.checkpoint: "), HasSubstr(missing)));
  // A folder opens like a file, and reads as nothing.
  EXPECT_THAT(message_of<UsageError>([&] { plan([&](Settings& s) { s.model.checkpoint = folder_.path().string(); }); }),
              StartsWith("model.checkpoint: "));
}

TEST(Sha256, IsThatOfFips180) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_F(PlanTest, CellsAreChosenByPlaceOrId) {
  const auto all = plan();
  const auto chosen = select_cells(all, {all[7].id, "2", "2"});
  EXPECT_EQ(ids_in_order(chosen), (std::vector{all[2].id, all[7].id}));
  EXPECT_EQ(chosen[1].order_index, 7);
  EXPECT_EQ(select_cells(all, {}).size(), all.size());
}

TEST_F(PlanTest, ACellThatIsNotThereIsRefused) {
  const auto all = plan();
  for (const std::string name : {"84", "-1", "2x", "", "0123456789ab", "99999999999999999999999"})
    EXPECT_THAT(message_of<UsageError>([&] { select_cells(all, {name}); }),
                testing::AllOf(HasSubstr("--cell " + name), HasSubstr("0 to 83")));
}

}  // namespace
}  // namespace tbft
