// Markers over fake lines: what is raised when, and that a line that fails loses no measurement.
#include "tbft/power/gpio.h"

#include <gmock/gmock.h>

#include <map>
#include <set>
#include <system_error>

#include "tbft/power/monitor.h"
#include "tests/support/fake_meter.h"
#include "tests/support/virtual_clock.h"

namespace tbft::power {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// Every line that was opened, and a log of all changes in order: "17+" for high, "17-" for low.
struct Bench {
  std::vector<std::string> log;
  std::set<unsigned> broken;
  std::map<unsigned, int> opened;
  std::vector<std::string> warnings;

  struct Output final : GpioOutput {
    Output(Bench& bench_, unsigned offset_) : bench(bench_), offset(offset_) {}
    void set(bool high) override {
      if (bench.broken.contains(offset)) throw std::system_error(ENODEV, std::generic_category(), "GPIO line cannot be set");
      bench.log.push_back(std::to_string(offset) + (high ? "+" : "-"));
    }
    Bench& bench;
    unsigned offset;
  };
  std::unique_ptr<GpioMarker> marker(std::string_view rules) {
    return std::make_unique<GpioMarker>(
        parse_marker_rules(rules), [this](const std::string& text) { warnings.push_back(text); },
        [this](const GpioLine& line) {
          ++opened[line.offset];
          return std::make_unique<Output>(*this, line.offset);
        });
  }
};

void open(GpioMarker& marker, const char* name) {
  marker.mark({.name = name, .opens = true});
}
void close(GpioMarker& marker, const char* name) {
  marker.mark({.name = name, .opens = false});
}

TEST(MarkerRules, NamesAndLinesAreReadAndMistakesAreShown) {
  const auto rules = parse_marker_rules("train=pinctrl-rp1:17,gpiochip0:4");
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_EQ(rules[0].name, "train");
  EXPECT_EQ(to_string(rules[0].line), "pinctrl-rp1:17");
  EXPECT_EQ(rules[1].name, "");
  for (const char* wrong : {"", "train", "train=", "=chip:1", "train=chip:1,", "a/b=chip:1", "train=chip"}) {
    EXPECT_THAT([&] { parse_marker_rules(wrong); }, ThrowsMessage<std::invalid_argument>(HasSubstr("CHIP:OFFSET"))) << wrong;
  }
}

TEST(MarkerRules, ANameIsAWholePartOfAWindowsName) {
  const auto rule = parse_marker_rules("train=c:1").front();
  EXPECT_TRUE(applies(rule, "cell/0123/train"));
  EXPECT_TRUE(applies(rule, "train"));
  EXPECT_FALSE(applies(rule, "cell/0123/retrain"));
  EXPECT_FALSE(applies(rule, "cell/0123"));
  const auto all = parse_marker_rules("c:1").front();
  EXPECT_TRUE(applies(all, "command"));
  EXPECT_FALSE(applies(all, "idle/before")) << "else idle and command would be one long pulse";
}

TEST(GpioMarker, EachPhaseRaisesItsOwnLineInOrder) {
  Bench bench;
  const auto marker = bench.marker("train=c:17,validate=c:18");
  open(*marker, "idle/0");
  close(*marker, "idle/0");
  open(*marker, "cell/a");
  for (const char* phase : {"cell/a/load", "cell/a/train", "cell/a/validate", "cell/a/train"}) {
    open(*marker, phase);
    close(*marker, phase);
  }
  close(*marker, "cell/a");
  EXPECT_THAT(bench.log, ElementsAre("17+", "17-", "18+", "18-", "17+", "17-"));
}

TEST(GpioMarker, ALineStaysHighWhileAnyWindowOfItIsOpen) {
  Bench bench;
  const auto marker = bench.marker("c:5");
  open(*marker, "cell/a");
  open(*marker, "cell/a/train");
  close(*marker, "cell/a/train");
  EXPECT_THAT(bench.log, ElementsAre("5+")) << "the cell is still open";
  close(*marker, "cell/a");
  EXPECT_THAT(bench.log, ElementsAre("5+", "5-"));
}

TEST(GpioMarker, NamesThatShareALineShareOneRequest) {
  Bench bench;
  const auto marker = bench.marker("train=c:5,test=c:5,load=c:6");
  EXPECT_EQ(bench.opened.at(5), 1);
  open(*marker, "cell/a/train");
  open(*marker, "cell/a/test");
  close(*marker, "cell/a/train");
  close(*marker, "cell/a/test");
  EXPECT_THAT(bench.log, ElementsAre("5+", "5-"));
}

TEST(GpioMarker, ALineLeftHighIsLoweredAtTheEnd) {
  Bench bench;
  auto marker = bench.marker("c:5,train=c:6");
  open(*marker, "command");
  marker.reset();
  EXPECT_THAT(bench.log, ElementsAre("5+", "5-"));
}

TEST(GpioMarker, ALineThatFailsWarnsOnceAndLosesNoJoules) {
  Bench bench;
  bench.broken = {17};
  const auto marker = bench.marker("train=c:17,validate=c:18");
  auto clock = std::make_shared<testing::SharedClock>(2);
  Monitor monitor(std::make_unique<testing::FunctionMeter>(testing::simple_meter(0.01), [](TimeNs) { return 5.0; }),
                  {.clock = clock, .on_mark = [&](const Mark& mark) { marker->mark(mark); }});
  for (const char* phase : {"train", "validate", "train"}) {
    auto window = monitor.window(phase);
    clock->sleep_until(clock->now() + 1'000'000'000);
    window.close();
  }
  EXPECT_NEAR(monitor.energy("train").energy_J, 10, 1e-6);
  EXPECT_NEAR(monitor.energy("validate").energy_J, 5, 1e-6);
  EXPECT_THAT(bench.log, ElementsAre("18+", "18-")) << "the other line goes on";
  EXPECT_THAT(bench.warnings, ElementsAre(HasSubstr("c:17")));
}

}  // namespace
}  // namespace tbft::power
