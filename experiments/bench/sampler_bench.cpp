// Measures how completely, and at what cost, an INA219 at 12 bit is sampled.
// 1. In virtual time, on a chip and a 400 kHz bus with the datasheet's timing: the share of conversions read by the delay of
//    the host's wake-ups, with transactions, waits and allocations for each reading.
// 2. On the real clock, on a chip that converts by it and a bus that takes 117.5 us for each register: the share read, the
//    wake-up latencies, and whether each voltage is paired with its own current.
// 3. On the real clock and a bus that answers at once: processor time, beside a bare sleep loop of the same rate, in turns.
// Exits with 1 if fewer than 98 % of the conversions are read: of all of them, or with --judge possible, of those that a
// reader with the recorded wake-ups could have read (for machines that are busy with other work). Run:
// build/release/experiments/bench/sampler_bench [--runs N] [--seconds S] [--late US] [--judge all|possible]
#include <fmt/format.h>
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <ctime>
#include <stop_token>
#include <vector>

#include "power/engine/sampler.h"
#include "power/meters/list.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/fake_ina219.h"
#include "tests/support/latency.h"

namespace {

using namespace tbft::power;

constexpr double least_share = 0.98;
constexpr TimeNs pair_ns = 1'064'000;  // two conversions of 12 bit
constexpr TimeNs transaction_ns = 117'500;

double thread_cpu_s() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::unique_ptr<Meter> ina219(std::unique_ptr<I2cBus> bus, std::shared_ptr<Clock> clock) {
  return make_ina219(parse_meter_uri("ina219:///dev/i2c-1?shunt_ohm=0.1&adc=12"), 0, std::move(bus), std::move(clock), 400e3);
}

// 1 ------------------------------------------------------------------------------------------------------------------------

double in_virtual_time(const testing::Latencies& latencies) {
  testing::FakeIna219 chip;
  chip.transaction_ns = transaction_ns;
  chip.clock->late = testing::LatencyDraw(latencies);
  const auto meter = ina219(std::make_unique<testing::FakeIna219Bus>(chip), chip.clock);
  meter->start(chip.clock->now());
  std::size_t readings = 0;
  SamplingLoop loop(*meter, *chip.clock, meter->info().nominal_period_s,
                    [&](const Reading& r) { readings += std::isfinite(r.power_W) ? 1U : 0U; });
  for (int i = 0; i < 100; ++i) loop.step({});  // fills the tables of the fake
  readings = 0;
  const TimeNs begin = chip.clock->now();
  const auto conversions = chip.conversions;
  const auto transactions = chip.transactions;
  const auto sleeps = chip.clock->sleeps;
  const auto allocations = testing::allocations();
  while (chip.clock->now() < begin + from_seconds(60)) loop.step({});
  const auto n = static_cast<double>(readings);
  const double share = n / static_cast<double>(chip.conversions - conversions);
  fmt::print("{:<34} {:7.2f} % {:8.3f} transactions {:6.3f} waits {:5} allocations\n", latencies.name, 100 * share,
             static_cast<double>(chip.transactions - transactions) / n, static_cast<double>(chip.clock->sleeps - sleeps) / n,
             testing::allocations() - allocations);
  return share;
}

bool virtual_time_is_good() {
  fmt::print("INA219, 12 bit, 400 kHz, in virtual time, 60 s for each way of waking late:\n");
  bool good = true;
  for (const int us : {0, 50, 100, 117, 125, 150, 200, 250, 300}) {
    testing::Latencies latencies = testing::constant_latency(us);
    const std::string name = fmt::format("always {} us", us);
    latencies.name = name.c_str();
    good = in_virtual_time(latencies) >= least_share && good;
  }
  good = in_virtual_time({.name = "even, 0 to 300 us", .quantiles = {{0, 0}, {1, 300}}}) >= least_share && good;
  return in_virtual_time({.name = "median 118 us, p99 207, max 1590",
                          .quantiles = {{0, 11}, {0.5, 118}, {0.9, 150}, {0.99, 207}, {0.9999, 400}, {1, 1590}}}) >=
             least_share &&
         good;
}

// 2 ------------------------------------------------------------------------------------------------------------------------

// The steady clock, which records how late each sleeper wakes. It adds `more` to each delay.
class NotingClock final : public Clock {
 public:
  explicit NotingClock(TimeNs more) : more_(more) {}
  TimeNs now() const override { return steady_->now(); }
  void sleep_until(TimeNs instant, const std::stop_token& stop) override {
    if (steady_->now() >= instant) return;
    steady_->sleep_until(instant + more_, stop);
    late_.push_back(steady_->now() - instant);
  }
  // A thread that was delayed elsewhere is late for the rest as well.
  void note(TimeNs late) { late_.push_back(late); }
  void clear() {
    late_.clear();
    late_.reserve(1'000'000);
  }
  const std::vector<TimeNs>& late() const { return late_; }

 private:
  TimeNs more_;
  std::shared_ptr<Clock> steady_ = steady_clock();
  std::vector<TimeNs> late_;
};

// The k-th conversion measures k steps of current and of voltage, modulo 1000, so that a reading identifies its conversions. A
// register takes 117.5 us, during which the thread spins.
class TimedBus final : public I2cBus {
 public:
  explicit TimedBus(NotingClock& clock) : clock_(clock), begin_(clock.now()) {}
  std::uint16_t read_word(std::uint8_t reg) override {
    const TimeNs start = clock_.now();
    const TimeNs sampled = wait_until(start + transaction_ns * 6 / 10);
    const TimeNs shunts = (sampled - begin_ + pair_ns / 2) / pair_ns;  // currents converted; each ends in mid-cycle
    const TimeNs pairs = (sampled - begin_) / pair_ns;
    std::uint16_t value = reg < 6 ? written_[reg] : std::uint16_t{0};
    if (reg == 1) value = static_cast<std::uint16_t>(shunts % 1000);
    if (reg == 2) value = static_cast<std::uint16_t>((pairs % 1000) << 3U | (pairs > taken_ ? 2 : 0));
    if (reg == 3) taken_ = pairs;
    wait_until(start + transaction_ns);
    ++transactions_;
    return value;
  }
  void write_word(std::uint8_t reg, std::uint16_t value) override {
    wait_until(clock_.now() + transaction_ns);
    if (reg < 6) written_[reg] = value;
    if (reg == 0) begin_ = clock_.now();
    if (reg == 0) taken_ = 0;
  }
  std::uint64_t transactions() const override { return transactions_; }

 private:
  TimeNs wait_until(TimeNs t) {
    TimeNs now = clock_.now();
    while (now < t) now = clock_.now();
    if (now > t + held_up_ns) clock_.note(now - t);
    return now;
  }
  static constexpr TimeNs held_up_ns = 100'000;
  NotingClock& clock_;
  TimeNs begin_;
  TimeNs taken_ = 0;
  std::uint16_t written_[6] = {};
  std::uint64_t transactions_ = 0;
};

// The number of conversions in `seconds` that a reader could have read which asks to wake at the end of each, with the recorded
// delays. The current's register is valid for half a cycle.
double possible(const std::vector<TimeNs>& late, double seconds) {
  double lost = 0;
  for (const TimeNs t : late) {
    if (t >= pair_ns / 2 - transaction_ns) lost += 1 + static_cast<double>(t / pair_ns);
  }
  return std::max(1.0, seconds * 1e9 / static_cast<double>(pair_ns) - lost);
}

bool real_time_is_good(double seconds, double late_us, bool judge_possible) {
  const auto clock = std::make_shared<NotingClock>(static_cast<TimeNs>(1e3 * late_us));
  const auto meter = ina219(std::make_unique<TimedBus>(*clock), clock);
  meter->start(clock->now());
  std::size_t readings = 0, torn = 0;
  SamplingLoop loop(*meter, *clock, meter->info().nominal_period_s, [&](const Reading& r) {
    if (!std::isfinite(r.power_W)) return;
    ++readings;
    // The shunt has 0.1 ohm, so a step of 10 uV is 0.1 mA. A step of the bus voltage is 4 mV.
    torn += std::lround(r.amps_A / 1e-4) == std::lround(r.volts_V / 4e-3) ? 0U : 1U;
  });
  for (const TimeNs end = clock->now() + from_seconds(0.2); clock->now() < end;) loop.step({});
  clock->clear();
  readings = torn = 0;
  const TimeNs begin = clock->now();
  while (clock->now() < begin + from_seconds(seconds)) loop.step({});
  const double elapsed_s = to_seconds(clock->now() - begin);
  auto late = clock->late();
  const double could = possible(late, elapsed_s);
  std::ranges::sort(late);
  const auto us = [&](double share) {
    return late.empty()
               ? 0.0
               : static_cast<double>(late[static_cast<std::size_t>(share * static_cast<double>(late.size() - 1))]) / 1e3;
  };
  const double conversions = elapsed_s * 1e9 / static_cast<double>(pair_ns);
  const auto n = static_cast<double>(readings);
  fmt::print(
      "{:6.1f} readings a second: {:6.2f} % of the conversions, {:6.2f} % of the possible; {} torn; woke {:.0f} us late at "
      "least, median {:.0f}, p90 {:.0f}, p99 {:.0f}, max {:.0f}\n",
      n / elapsed_s, 100 * n / conversions, 100 * n / could, torn, us(0), us(0.5), us(0.9), us(0.99), us(1));
  return torn == 0 && n >= least_share * (judge_possible ? could : conversions);
}

// 3 ------------------------------------------------------------------------------------------------------------------------

// A chip that converts on the real clock. Its bus costs nothing, so the figure excludes the kernel's work for a bus.
class InstantBus final : public I2cBus {
 public:
  explicit InstantBus(Clock& clock) : clock_(clock), begin_(clock.now()) {}
  std::uint16_t read_word(std::uint8_t reg) override {
    ++transactions_;
    const TimeNs done = (clock_.now() - begin_) / pair_ns;
    if (reg == 3) taken_ = done;
    if (reg == 2) return static_cast<std::uint16_t>(0x2710U | (done > taken_ ? 2U : 0U));
    return reg == 1 ? 0x0A00 : reg < 6 ? written_[reg] : std::uint16_t{0};
  }
  void write_word(std::uint8_t reg, std::uint16_t value) override {
    if (reg < 6) written_[reg] = value;
    if (reg == 0) begin_ = clock_.now();
    if (reg == 0) taken_ = 0;
  }
  std::uint64_t transactions() const override { return transactions_; }

 private:
  Clock& clock_;
  TimeNs begin_;
  TimeNs taken_ = 0;
  std::uint16_t written_[6] = {};
  std::uint64_t transactions_ = 0;
};

struct Share {
  double cpu_pct;
  double hz;
};

Share sampling(double seconds) {
  const auto clock = steady_clock();
  const auto meter = ina219(std::make_unique<InstantBus>(*clock), clock);
  meter->start(clock->now());
  std::size_t readings = 0;
  SamplingLoop loop(*meter, *clock, meter->info().nominal_period_s, [&](const Reading&) { ++readings; });
  const TimeNs begin = clock->now();
  const double cpu_s = thread_cpu_s();
  while (clock->now() < begin + from_seconds(seconds)) loop.step({});
  const double elapsed_s = to_seconds(clock->now() - begin);
  return {100 * (thread_cpu_s() - cpu_s) / elapsed_s, static_cast<double>(readings) / elapsed_s};
}

Share sleeping(double seconds) {
  const auto clock = steady_clock();
  const TimeNs begin = clock->now();
  const double cpu_s = thread_cpu_s();
  std::size_t wakes = 0;
  for (TimeNs due = begin; due < begin + from_seconds(seconds); due += pair_ns, ++wakes) clock->sleep_until(due);
  const double elapsed_s = to_seconds(clock->now() - begin);
  return {100 * (thread_cpu_s() - cpu_s) / elapsed_s, static_cast<double>(wakes) / elapsed_s};
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void processor_time() {
  constexpr int rounds = 7;
  std::vector<double> sampling_pct, sleeping_pct, sampling_hz, sleeping_hz;
  for (int i = 0; i < rounds; ++i) {
    const Share bare = sleeping(1);
    const Share meter = sampling(1);
    sleeping_pct.push_back(bare.cpu_pct);
    sleeping_hz.push_back(bare.hz);
    sampling_pct.push_back(meter.cpu_pct);
    sampling_hz.push_back(meter.hz);
  }
  fmt::print("processor time, median of {} seconds each, in turns:\n", rounds);
  fmt::print("bare sleep loop  {:.2f} % of a core at {:.0f} Hz\n", median(sleeping_pct), median(sleeping_hz));
  fmt::print("sampling         {:.2f} % of a core at {:.0f} readings a second\n", median(sampling_pct), median(sampling_hz));
}

}  // namespace

int main(int argc, char** argv) {
  int runs = 5;
  double seconds = 3;
  double late_us = 0;
  std::string judge = "all";
  CLI::App app("What sampling an INA219 delivers and costs");
  app.add_option("--runs", runs, "Runs on the real clock")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--seconds", seconds, "Length of each")->check(CLI::Range(0.1, 3600.0))->capture_default_str();
  app.add_option("--late", late_us, "Wake so many microseconds later than the kernel would")
      ->check(CLI::Range(0.0, 1e5))
      ->capture_default_str();
  app.add_option("--judge", judge, "98 % of what: all conversions, or those that the recorded wake-ups made possible")
      ->check(CLI::IsMember({"all", "possible"}))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  bool good = virtual_time_is_good();
  prctl(PR_SET_TIMERSLACK, 1UL);
  fmt::print("on the real clock, {} s each:\n", seconds);
  for (int i = 0; i < runs; ++i) good = real_time_is_good(seconds, late_us, judge == "possible") && good;
  processor_time();
  if (!good)
    fmt::print(stderr, "sampler_bench: fewer than {:.0f} % of the conversions arrived, or in wrong pairs\n", 100 * least_share);
  return good ? 0 : 1;
}
