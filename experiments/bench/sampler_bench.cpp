// What sampling an INA219 at 12 bit delivers and costs. First in virtual time, on a chip and a 400 kHz bus with the datasheet's
// timing: the share of conversions that arrive, transactions, waits and allocations for each. Then on the real clock: the CPU
// share of sampling at the same rate, beside a bare sleep loop of that rate, alternating. The bus answers at once there: the
// kernel's own work for it is not in the figure. Run: build/release/experiments/bench/sampler_bench
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <stop_token>
#include <vector>

#include "power/meters/ina219.h"
#include "power/sampler.h"
#include "tests/unit/power/allocation_counter.h"
#include "tests/unit/power/fake_ina219.h"

namespace {

using namespace tbft::power;

double thread_cpu_s() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void in_virtual_time(double oscillator) {
  testing::FakeIna219 chip;
  chip.oscillator = oscillator;
  const auto meter = make_ina219(parse_meter_uri("ina219:///dev/i2c-1?shunt_ohm=0.1"), 0,
                                 std::make_unique<testing::FakeIna219Bus>(chip), chip.clock, 400e3);
  meter->start(chip.clock->now());
  std::size_t readings = 0;
  SamplingLoop loop(*meter, *chip.clock, meter->info().nominal_period_s,
                    [&](const Reading& r) { readings += std::isfinite(r.power_W) ? 1U : 0U; });
  for (int i = 0; i < 100; ++i) loop.step({});  // the fake's own tables fill up
  readings = 0;
  const TimeNs begin = chip.clock->now();
  const auto conversions = chip.conversions;
  const auto transactions = chip.transactions;
  const auto sleeps = chip.clock->sleeps;
  const auto allocations = testing::allocations();
  while (chip.clock->now() < begin + from_seconds(60)) loop.step({});
  const auto n = static_cast<double>(readings);
  fmt::print(
      "oscillator {:+5.1f} %: {:.2f} % of {:.1f} conversions a second, {:.3f} transactions, {:.3f} waits and {} allocations a "
      "reading\n",
      100 * (oscillator - 1), 100 * n / static_cast<double>(chip.conversions - conversions),
      static_cast<double>(chip.conversions - conversions) / to_seconds(chip.clock->now() - begin),
      static_cast<double>(chip.transactions - transactions) / n, static_cast<double>(chip.clock->sleeps - sleeps) / n,
      static_cast<double>(testing::allocations() - allocations) / n);
}

// A chip that converts on the real clock; its bus costs nothing.
class InstantBus final : public I2cBus {
 public:
  explicit InstantBus(Clock& clock) : clock_(clock), begin_(clock.now()) {}
  std::uint16_t read_word(std::uint8_t reg) override {
    ++transactions_;
    const TimeNs done = (clock_.now() - begin_) / pair;
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
  static constexpr TimeNs pair = 1'064'000;
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
  const auto meter =
      make_ina219(parse_meter_uri("ina219:///dev/i2c-1?shunt_ohm=0.1"), 0, std::make_unique<InstantBus>(*clock), clock, 400e3);
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
  for (TimeNs due = begin; due < begin + from_seconds(seconds); due += 1'064'000, ++wakes) clock->sleep_until(due);
  const double elapsed_s = to_seconds(clock->now() - begin);
  return {100 * (thread_cpu_s() - cpu_s) / elapsed_s, static_cast<double>(wakes) / elapsed_s};
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

int main() {
  fmt::print("INA219, 12 bit, 400 kHz, datasheet timing in virtual time, 60 s each:\n");
  for (const double oscillator : {0.9, 1.0, 1.1}) in_virtual_time(oscillator);

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
  fmt::print("real clock, median of {} seconds each, alternating:\n", rounds);
  fmt::print("bare sleep loop  {:.2f} % of a core at {:.0f} Hz\n", median(sleeping_pct), median(sleeping_hz));
  fmt::print("sampling         {:.2f} % of a core at {:.0f} readings a second\n", median(sampling_pct), median(sampling_hz));
}
