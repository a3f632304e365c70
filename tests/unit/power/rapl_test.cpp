#include "power/meters/list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tbft/power/energy.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/fake_tree.h"

namespace tbft::power {
namespace {

using ::testing::AllOf;
using testing::FakeTree;
using ::testing::HasSubstr;

constexpr TimeNs ms = 1'000'000;

class RaplTest : public ::testing::Test {
 protected:
  void zone(const std::string& entry, const std::string& name, std::int64_t energy_uJ,
            std::int64_t range_uJ = 1'000'000) const {
    const std::string dir = "sys/class/powercap/" + entry + "/";
    tree.put(dir + "name", name + "\n");
    tree.put(dir + "max_energy_range_uj", std::to_string(range_uJ));
    count(entry, energy_uJ);
  }
  void count(const std::string& entry, std::int64_t energy_uJ) const {
    tree.put("sys/class/powercap/" + entry + "/energy_uj", std::to_string(energy_uJ) + "\n");
  }
  std::unique_ptr<Meter> open(const std::string& uri, double interval_s = 0) const {
    auto meter = open_rapl(parse_meter_uri(uri), interval_s, tree.roots);
    meter->start(0);
    return meter;
  }
  template <typename Error>
  std::string error_of(const std::string& uri) const {
    try {
      open(uri);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  FakeTree tree;
};

// After a suspend the count is 0 again and the steady clock has hardly moved: a wrap would add nearly the whole range.
TEST_F(RaplTest, ACounterThatBeganAnewIsNoWrap) {
  zone("intel-rapl:0", "package-0", 600'000, 262'143'328'850);
  const auto meter = open("rapl://package-0?max_W=100");
  EXPECT_EQ(meter->poll(ms)->flags & saturated, 0);
  count("intel-rapl:0", 700'000);
  EXPECT_EQ(meter->poll(11 * ms)->flags & saturated, 0);
  count("intel-rapl:0", 100);
  EXPECT_NE(meter->poll(21 * ms)->flags & saturated, 0);
}

TEST_F(RaplTest, AWrappedCounterGoesOn) {
  zone("intel-rapl:0", "package-0", 990'000);
  const auto meter = open("rapl://package-0?max_W=10");
  EXPECT_DOUBLE_EQ(meter->poll(10 * ms)->energy_J, 0);
  count("intel-rapl:0", 10'000);
  const auto r = meter->poll(20 * ms);
  EXPECT_NEAR(r->energy_J, 0.02, 1e-12) << "now + range - before";
  EXPECT_EQ(r->flags, 0);
}

TEST_F(RaplTest, AFailedReadIsAGapAndNotAWrap) {
  zone("intel-rapl:0", "package-0", 500'000);
  const auto meter = open("rapl://package-0");
  meter->poll(10 * ms);
  for (const char* bad : {"", "text", "-1", "1000001"}) {
    tree.put("sys/class/powercap/intel-rapl:0/energy_uj", bad);
    const auto gap = meter->poll(20 * ms);
    ASSERT_TRUE(gap) << bad;
    EXPECT_EQ(gap->flags, gap_begins) << bad;
    EXPECT_TRUE(std::isnan(gap->energy_J)) << bad;
    meter->start(0);
    count("intel-rapl:0", 500'000);
    meter->poll(10 * ms);
  }
  tree.put("sys/class/powercap/intel-rapl:0/energy_uj", "");
  meter->poll(20 * ms);
  count("intel-rapl:0", 600'000);
  EXPECT_NEAR(meter->poll(30 * ms)->energy_J, 0.1, 1e-12) << "the counter went on while it could not be read";
}

TEST_F(RaplTest, SeveralWrapsThatCannotBeExcludedMakeTheIntervalInvalid) {
  zone("intel-rapl:0", "package-0", 0);
  const auto meter = open("rapl://package-0?max_W=10");  // goes round in 0.1 s at the least
  meter->poll(10 * ms);
  count("intel-rapl:0", 1000);
  EXPECT_EQ(meter->poll(60 * ms)->flags, 0);
  EXPECT_EQ(meter->poll(60 * ms + 100 * ms)->flags, saturated) << "also where the count stands still";
}

TEST_F(RaplTest, AWrapBeforeAFailedReadIsNotForgotten) {
  zone("intel-rapl:0", "package-0", 0);
  zone("intel-rapl:1", "package-1", 0, 1'000'000'000);  // alone it could not have gone round
  const auto meter = open("rapl://?max_W=10");
  meter->poll(10 * ms);
  tree.put("sys/class/powercap/intel-rapl:1/energy_uj", "");
  EXPECT_EQ(meter->poll(200 * ms)->flags, gap_begins);
  count("intel-rapl:1", 1);
  EXPECT_EQ(meter->poll(210 * ms)->flags, saturated);
  EXPECT_EQ(meter->poll(211 * ms)->flags & saturated, 0);
}

TEST_F(RaplTest, ItAsksBeforeTheCounterCanGoRoundWhateverTheInterval) {
  zone("intel-rapl:0", "package-0", 0);
  const auto meter = open("rapl://package-0?max_W=10", 1);
  meter->poll(10 * ms);
  EXPECT_EQ(meter->next_poll(1000 * ms), 60 * ms) << "half of range / max_W";
  EXPECT_EQ(meter->next_poll(30 * ms), 30 * ms);
}

TEST_F(RaplTest, SocketsAreAddedEachWithItsOwnWrapAndSubzonesAreNot) {
  zone("intel-rapl:0", "package-0", 990'000);
  zone("intel-rapl:0:0", "core", 5);
  zone("intel-rapl:0:1", "dram", 100);
  zone("intel-rapl:1", "package-1", 400'000, 500'000);
  zone("intel-rapl:1:0", "dram", 7);
  zone("intel-rapl:2", "psys", 9);
  zone("intel-rapl-mmio:0", "package-0", 1);
  const auto both = open("rapl://");
  both->poll(ms);
  count("intel-rapl:0", 20'000);   // wrapped: 0.03 J
  count("intel-rapl:1", 450'000);  // 0.05 J
  count("intel-rapl:0:0", 900'000);
  count("intel-rapl-mmio:0", 900'000);
  EXPECT_NEAR(both->poll(2 * ms)->energy_J, 0.08, 1e-12);
  EXPECT_THAT(both->info().description, HasSubstr("package-0 + package-1"));
  EXPECT_EQ(both->info().scope, Scope::package);
  const auto dram = open("rapl://package-0/dram");
  dram->poll(ms);
  count("intel-rapl:0:1", 250);
  EXPECT_NEAR(dram->poll(2 * ms)->energy_J, 150e-6, 1e-12);
  EXPECT_EQ(dram->info().scope, Scope::rail);
  EXPECT_NO_THROW(open("rapl://psys"));
  EXPECT_THAT(error_of<MeterUnavailable>("rapl://package-2"), AllOf(HasSubstr("rapl://package-1"), HasSubstr("rapl://psys")));
  const auto found = find_rapl(tree.roots);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].uri, "rapl://package");
}

// Some processors have one counter for the package and a zone for each die.
TEST_F(RaplTest, DiesThatShowOneCounterAreAddedOnce) {
  zone("intel-rapl:0", "package-0-die-0", 5'000'000, 262'143'328'850);
  zone("intel-rapl:1", "package-0-die-1", 5'000'000, 262'143'328'850);
  zone("intel-rapl:2", "package-1-die-0", 7'000'000, 262'143'328'850);
  const auto meter = open("rapl://");
  EXPECT_THAT(meter->info().description, HasSubstr("package-0-die-1 shows the same counter as package-0-die-0"));
  meter->poll(10 * ms);
  count("intel-rapl:0", 5'680'000);
  count("intel-rapl:1", 5'680'000);
  count("intel-rapl:2", 7'100'000);
  EXPECT_NEAR(meter->poll(20 * ms)->energy_J, 0.78, 1e-12);
  EXPECT_EQ(find_rapl(tree.roots).at(0).uri, "rapl://package");
}

TEST_F(RaplTest, CountersThatBeginAt0AreAddedAndTheDoubtIsSaid) {
  zone("intel-rapl:0", "package-0", 0);
  zone("intel-rapl:1", "package-1", 0);
  const auto meter = open("rapl://");
  EXPECT_THAT(meter->info().description, HasSubstr("whether two of them are one counter is not known"));
  meter->poll(10 * ms);
  count("intel-rapl:0", 1000);
  count("intel-rapl:1", 2000);
  EXPECT_NEAR(meter->poll(20 * ms)->energy_J, 0.003, 1e-12);
}

TEST_F(RaplTest, LinksThatLeadNowhereAreAContainersMask) {
  tree.link("sys/class/powercap/intel-rapl", "sys/devices/virtual/powercap/intel-rapl");
  tree.link("sys/class/powercap/intel-rapl:0", "sys/devices/virtual/powercap/intel-rapl/intel-rapl:0");
  EXPECT_THAT(error_of<MeterUnavailable>("rapl://"),
              AllOf(HasSubstr("lead nowhere"), HasSubstr("container"), HasSubstr("systempaths=unconfined")));
  const auto found = find_rapl(tree.roots);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].state, MeterState::unusable);
  EXPECT_THAT(found[0].detail, HasSubstr("lead nowhere"));
  EXPECT_THAT(found[0].fix, HasSubstr("systempaths=unconfined"));
  // Copied as text files they lead nowhere, too.
  tree.remove("sys/class/powercap");
  tree.put("sys/class/powercap/intel-rapl:0", "../../devices/virtual/powercap/intel-rapl/intel-rapl:0");
  EXPECT_THAT(error_of<MeterUnavailable>("rapl://"), HasSubstr("lead nowhere"));
}

TEST_F(RaplTest, RootOnlyCountersAreRefusedWithTheFix) {
  zone("intel-rapl:0", "package-0", 1);
  tree.forbid("sys/class/powercap/intel-rapl:0/energy_uj");
  const testing::WithoutRights user;
  EXPECT_THAT(error_of<MeterUnavailable>("rapl://package-0"),
              AllOf(HasSubstr("sudo chmod a+r"), HasSubstr("intel-rapl:0/energy_uj"), HasSubstr("99-tbft-optional.rules")));
  const auto found = find_rapl(tree.roots);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].state, MeterState::no_permission);
  EXPECT_THAT(found[0].fix, HasSubstr("sudo chmod a+r"));
}

TEST_F(RaplTest, WithoutZonesOrWithABrokenRangeItSaysSo) {
  EXPECT_THAT(error_of<MeterUnavailable>("rapl://"), HasSubstr("no intel-rapl zones"));
  EXPECT_TRUE(find_rapl(tree.roots).empty());
  zone("intel-rapl:0", "package-0", 1, 0);
  EXPECT_THAT(error_of<MeterUnavailable>("rapl://"), HasSubstr("max_energy_range_uj"));
  EXPECT_THROW(open("rapl://?max_W=0"), BadMeterUri);
}

TEST_F(RaplTest, PollingAllocatesNothing) {
  zone("intel-rapl:0", "package-0", 1);
  zone("intel-rapl:1", "package-1", 1);
  const auto meter = open("rapl://");
  const auto before = testing::allocations();
  for (int i = 1; i < 100; ++i) meter->poll(i * ms);
  EXPECT_EQ(testing::allocations(), before);
}

TEST_F(RaplTest, EnergyOfAWindowIsTheCountersDifferenceAtItsEdges) {
  zone("intel-rapl:0", "package-0", 0, 262'143'000'000);
  const auto meter = open("rapl://package-0?gain_pct=5");
  std::vector<Reading> readings;
  for (int i = 1; i <= 120; ++i) {
    count("intel-rapl:0", i * 100'000);  // 10 W
    readings.push_back(*meter->poll(i * 10 * ms));
  }
  const Energy e = energy(readings, {.name = "w", .t0_ns = 100 * ms, .t1_ns = 1100 * ms}, meter->info());
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_NEAR(e.energy_J, 10, 1e-9);
  EXPECT_TRUE(std::isfinite(e.U_J));
}

}  // namespace
}  // namespace tbft::power
