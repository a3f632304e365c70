// Does the stated uncertainty cover the true energy? For each meter and class of loads, trials with drawn devices, loads and
// windows. Prints a table; fails where coverage or tightness misses what is asked:
//   Gaussian errors: 93 to 97 % of the trials within U (k = 2);
//   rectangular limits: at least 93 %, and U at most 1.3 times the empirical 95 % half-width;
//   neither gain nor offset errs, and U is the random part alone: at least 90 % (the product of two means is not the mean of
//   the product: a cable's voltage drop under a load that changes within a reading).
// Usage: coverage [--trials N] [--seed S] [METER...]
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tbft/power/energy.h"
#include "tests/coverage/meters.h"

namespace {

using namespace tbft::coverage;
namespace power = tbft::power;

struct Row {
  const MeterCase* meter;
  const WaveformClass* load;
  Errors errors;
  double covered_pct = 0;
  double tightness = 0;  // U over the empirical 95 % half-width
  double U_pct = 0;      // of the energy, median
  int invalid = 0;
  std::string reason;  // of the last one

  bool good() const {
    if (invalid > 0) return false;
    if (errors == Errors::none) return covered_pct >= 90;
    return covered_pct >= 93 && (errors == Errors::gaussian ? covered_pct <= 97 : tightness <= 1.3);
  }
};

const char* name_of(Errors errors) {
  return errors == Errors::gaussian ? "Gaussian" : errors == Errors::rectangular ? "rectangular" : "none";
}

double quantile(std::vector<double>& values, double share) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, at);
  return *at;
}

void fill(Row& row, int trials, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  power::MeterInfo info = row.meter->info;
  if (row.errors == Errors::none)
    info.accuracy.gain_limit_rel = info.accuracy.offset_limit_A = info.accuracy.offset_limit_V = 0;
  const double period_s = row.meter->device.period_s;
  const double margin_s = 12 * period_s + 0.2;
  std::vector<double> shares;  // |error| / U
  std::vector<double> U_pct;
  for (int trial = 0; trial < trials; ++trial) {
    const double window_s = period_s * std::uniform_real_distribution(60.0, 600.0)(random);
    const double length_s = window_s + 2 * margin_s;
    const Waveform load = row.load->draw(random, length_s, period_s);
    const auto readings = observe(row.meter->device, row.errors, load, 0, length_s, random);
    const double t0_s = margin_s;
    const power::Window window{.name = "w", .t0_ns = power::from_seconds(t0_s), .t1_ns = power::from_seconds(t0_s + window_s)};
    const auto e = power::energy(readings, window, info);
    if (!e.valid || !std::isfinite(e.U_J)) {
      ++row.invalid;
      row.reason = e.valid ? "the driver states no accuracy" : e.reason;
      continue;
    }
    shares.push_back(std::abs(e.energy_J - load.energy_J(t0_s, t0_s + window_s)) / e.U_J);
    U_pct.push_back(100 * e.U_J / e.energy_J);
  }
  if (shares.empty()) return;
  row.covered_pct = 100.0 * static_cast<double>(std::ranges::count_if(shares, [](double s) { return s <= 1; })) /
                    static_cast<double>(shares.size());
  row.tightness = 1 / quantile(shares, 0.95);
  row.U_pct = quantile(U_pct, 0.5);
}

}  // namespace

int main(int argc, char** argv) {
  int trials = 2000;
  std::uint64_t seed = 1;
  std::vector<std::string> wanted;
  for (int i = 1; i < argc; ++i) {
    const auto number = [&](auto& value) {
      const char* text = ++i < argc ? argv[i] : "";
      return std::from_chars(text, text + std::strlen(text), value).ec == std::errc{};
    };
    const std::string argument = argv[i];
    if (argument == "--trials" ? !number(trials) : argument == "--seed" ? !number(seed) : argument.starts_with("-")) {
      fmt::print(stderr, "usage: coverage [--trials N] [--seed S] [METER...]\n");
      return 2;
    }
    if (!argument.starts_with("-")) wanted.push_back(argument);
  }

  const auto meters = meter_cases();
  std::vector<Row> rows;
  for (const MeterCase& meter : meters) {
    if (!wanted.empty() && std::ranges::find(wanted, meter.name) == wanted.end()) continue;
    for (const WaveformClass& load : waveform_classes()) {
      for (const Errors errors : {Errors::gaussian, Errors::rectangular, Errors::none})
        rows.push_back({.meter = &meter, .load = &load, .errors = errors});
    }
  }
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < rows.size(); i = next++) fill(rows[i], trials, seed + 1000 * i);
  };
  std::vector<std::jthread> threads;
  for (unsigned n = std::max(1U, std::thread::hardware_concurrency()); n > 0; --n) threads.emplace_back(work);
  threads.clear();

  fmt::print("{} trials a row; covered: true energy within U (k=2); U/h95: U over the empirical 95 % half-width\n", trials);
  fmt::print("{:<14} {:<29} {:<12} {:>9} {:>7} {:>8}\n", "meter", "load", "errors", "covered", "U/h95", "U");
  bool all_good = !rows.empty();
  for (const Row& row : rows) {
    fmt::print("{:<14} {:<29} {:<12} {:>7.1f} % {:>7.2f} {:>6.2f} %{}\n", row.meter->name, row.load->name, name_of(row.errors),
               row.covered_pct, row.tightness, row.U_pct,
               row.good()        ? ""
               : row.invalid > 0 ? fmt::format("  MISSED: {} invalid: {}", row.invalid, row.reason)
                                 : "  MISSED");
    all_good = all_good && row.good();
  }
  return all_good ? 0 : 1;
}
