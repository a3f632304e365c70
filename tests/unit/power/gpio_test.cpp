// Chip lookup, refusals and edges over a fake libgpiod; the real one is tested against a kernel (tests/kernel).
#include "tbft/power/gpio.h"

#include <gmock/gmock.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <map>
#include <system_error>
#include <thread>

#include "power/bus/gpio_chip.h"
#include "tbft/power/clock.h"
#include "tbft/power/meter.h"
#include "tests/support/temporary_folder.h"

namespace tbft::power {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

struct FakeChip {
  std::string label;
  std::map<unsigned, std::string> holders = {};
  int error = 0;  // opening fails with it
};

struct FakeLines {
  std::map<std::string, FakeChip> chips;  // by name
  std::vector<std::string> requested;
  int events = ::eventfd(0, EFD_SEMAPHORE);  // readable once an edge
  std::atomic<TimeNs> next_edge = 0;

  FakeLines() = default;
  ~FakeLines() { ::close(events); }
  FakeLines(const FakeLines&) = delete;
  FakeLines& operator=(const FakeLines&) = delete;
  void edge() const { ::eventfd_write(events, 1); }
};

class FakeOutput final : public GpioOutput {
 public:
  void set(bool /*high*/) override {}
};

class FakeEdges final : public GpioEdges {
 public:
  explicit FakeEdges(FakeLines& lines) : lines_(lines) {}
  int fd() const override { return lines_.events; }
  Edge read() override {
    eventfd_t value = 0;
    ::eventfd_read(lines_.events, &value);
    return {.t_ns = ++lines_.next_edge};
  }

 private:
  FakeLines& lines_;
};

class Chip final : public GpioChip {
 public:
  Chip(FakeLines& lines, std::string name) : lines_(lines), name_(std::move(name)) {}
  std::string name() const override { return name_; }
  std::string label() const override { return lines_.chips.at(name_).label; }
  unsigned lines() const override { return 8; }
  std::optional<std::string> holder(unsigned offset) override {
    const auto& holders = lines_.chips.at(name_).holders;
    const auto found = holders.find(offset);
    return found == holders.end() ? std::nullopt : std::optional(found->second);
  }
  std::unique_ptr<GpioOutput> output(unsigned offset, const std::string& consumer) override {
    lines_.requested.push_back(name_ + ":" + std::to_string(offset) + " " + consumer);
    return std::make_unique<FakeOutput>();
  }
  std::unique_ptr<GpioEdges> edges(unsigned /*offset*/, Edges /*edges*/, const std::string& /*consumer*/) override {
    return std::make_unique<FakeEdges>(lines_);
  }

 private:
  FakeLines& lines_;
  std::string name_;
};

class Gpio : public ::testing::Test {
 protected:
  void chip(const std::string& name, const FakeChip& chip) {
    lines.chips[name] = chip;
    std::ofstream(dev.path() / name) << "";
  }
  GpioRoot root() {
    return {.dev = dev.path(), .open = [this](const std::filesystem::path& device) -> std::unique_ptr<GpioChip> {
              const auto name = device.filename().string();
              const auto found = lines.chips.find(name);
              const int error = found == lines.chips.end() ? ENOENT : found->second.error;
              if (error != 0) throw std::system_error(error, std::generic_category(), "cannot be opened");
              return std::make_unique<Chip>(lines, name);
            }};
  }
  auto output(const std::string& line) { return open_gpio_output(parse_gpio_line(line), "tbft", root()); }
  static auto refuses(const char* what) { return ThrowsMessage<MeterUnavailable>(HasSubstr(what)); }

  test::TemporaryFolder dev;
  FakeLines lines;
};

TEST(GpioLine, ChipAndOffsetAreTakenApartAtTheLastColon) {
  EXPECT_EQ(parse_gpio_line("pinctrl-rp1:17").chip, "pinctrl-rp1");
  EXPECT_EQ(parse_gpio_line("pinctrl-rp1:17").offset, 17U);
  EXPECT_EQ(parse_gpio_line("i2c:0x20:3").chip, "i2c:0x20");
  EXPECT_EQ(to_string(parse_gpio_line("/dev/gpiochip0:0")), "/dev/gpiochip0:0");
  for (const char* wrong : {"", "17", ":17", "chip:", "chip:-1", "chip:1x", "chip:99999999999", "chip: 1"}) {
    EXPECT_THAT([&] { parse_gpio_line(wrong); }, ThrowsMessage<std::invalid_argument>(HasSubstr("CHIP:OFFSET"))) << wrong;
  }
}

TEST(GpioLine, ATriggerNamesItsEdge) {
  EXPECT_EQ(parse_gpio_trigger("chip:3").edges, Edges::rising);
  EXPECT_EQ(parse_gpio_trigger("chip:3:rising").edges, Edges::rising);
  EXPECT_EQ(parse_gpio_trigger("chip:3:falling").edges, Edges::falling);
  EXPECT_EQ(parse_gpio_trigger("chip:3:falling").line.offset, 3U);
  for (const char* wrong : {"chip:3:up", "chip:falling", ":falling", "falling"}) {
    EXPECT_THAT([&] { parse_gpio_trigger(wrong); }, ThrowsMessage<std::invalid_argument>(HasSubstr("rising|falling"))) << wrong;
  }
}

TEST_F(Gpio, AChipIsFoundByLabelNameAndPath) {
  chip("gpiochip0", {.label = "other"});
  chip("gpiochip10", {.label = "pinctrl-rp1"});
  output("pinctrl-rp1:1");
  output("gpiochip10:2");
  output((dev.path() / "gpiochip0").string() + ":3");
  EXPECT_THAT(lines.requested, ::testing::ElementsAre("gpiochip10:1 tbft", "gpiochip10:2 tbft", "gpiochip0:3 tbft"));
}

TEST_F(Gpio, AChipThatIsNotThereListsThoseThatAre) {
  EXPECT_THAT([&] { output("pinctrl-rp1:1"); }, refuses("this machine has no GPIO chip"));
  chip("gpiochip0", {.label = "gpio-brcmstb"});
  EXPECT_THAT([&] { output("pinctrl-rp1:1"); }, refuses("no such chip; there are gpio-brcmstb (gpiochip0)"));
  EXPECT_THAT([&] { output("gpiochip7:1"); }, refuses("no such chip"));
  EXPECT_THAT([&] { output("/nowhere/gpiochip7:1"); }, refuses("/nowhere/gpiochip7"));
}

TEST_F(Gpio, TwoChipsOfOneLabelAreNotGuessedAt) {
  chip("gpiochip0", {.label = "twin"});
  chip("gpiochip1", {.label = "twin"});
  EXPECT_THAT([&] { output("twin:1"); }, refuses("gpiochip0, gpiochip1 have this label"));
}

TEST_F(Gpio, ALinkToAChipIsNotASecondChip) {
  chip("gpiochip0", {.label = "pinctrl-rp1"});
  lines.chips["gpiochip4"] = {.label = "pinctrl-rp1"};
  std::filesystem::create_symlink("gpiochip0", dev.path() / "gpiochip4");
  output("pinctrl-rp1:1");
  EXPECT_THAT(lines.requested, ::testing::ElementsAre("gpiochip0:1 tbft"));
}

TEST_F(Gpio, NoPermissionNamesTheGroup) {
  chip("gpiochip0", {.label = "bench", .error = EACCES});
  EXPECT_THAT([&] { output("bench:1"); }, refuses("usermod -aG gpio"));
  EXPECT_THAT([&] { output("gpiochip0:1"); }, refuses("usermod -aG gpio"));
}

TEST_F(Gpio, ALineInUseNamesWhoHoldsIt) {
  chip("gpiochip0", {.label = "bench", .holders = {{3, "spi0 CS0"}}});
  EXPECT_THAT([&] { output("bench:3"); }, refuses("bench:3: in use by `spi0 CS0`"));
  EXPECT_THAT([&] { output("bench:8"); }, refuses("bench has the lines 0 to 7"));
  EXPECT_NO_THROW(output("bench:7"));
}

TEST_F(Gpio, EdgesComeInOrderAndWaitingEndsAtItsInstant) {
  chip("gpiochip0", {.label = "bench"});
  const auto input = open_gpio_input({"bench", 1}, Edges::both, "tbft", root());
  EXPECT_FALSE(input->take());
  lines.edge();
  lines.edge();
  EXPECT_EQ(input->take()->t_ns, 1);
  EXPECT_EQ(input->wait(0, {})->t_ns, 2) << "one that is there is taken even where the instant has passed";
  EXPECT_FALSE(input->wait(steady_clock()->now() + 1'000'000, {}));
  EXPECT_FALSE(input->take());
}

TEST_F(Gpio, AStopRequestEndsTheWaitForATrigger) {
  chip("gpiochip0", {.label = "bench"});
  const auto input = open_gpio_input({"bench", 1}, Edges::rising, "tbft", root());
  lines.edge();  // from before: not the trigger
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(wait_for_trigger(*input, stop.get_token()));
}

TEST_F(Gpio, ATriggerIsTheFirstEdgeAfterTheCall) {
  chip("gpiochip0", {.label = "bench"});
  const auto input = open_gpio_input({"bench", 1}, Edges::rising, "tbft", root());
  lines.edge();
  // The edge comes once the queued one was taken.
  std::jthread later([&] {
    while (lines.next_edge == 0) std::this_thread::yield();
    lines.edge();
  });
  EXPECT_EQ(wait_for_trigger(*input, {})->t_ns, 2);
}

}  // namespace
}  // namespace tbft::power
