// A UM34C on a pseudo-terminal, without errors of its own but the rounding of its display, under a load that is known exactly.
// Usage: um34c_simulator LINK TRUTH [SECONDS]
// LINK becomes the name of the port. On SIGTERM, SIGINT or after SECONDS (600) TRUTH gets `t_ns,joules`: the steady clock and
// the true energy since the start, each millisecond.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <numbers>
#include <thread>

#include "tbft/power/clock.h"
#include "tests/support/pty.h"
#include "tests/support/serial_vectors.h"

namespace {

using namespace tbft::power;

volatile std::sig_atomic_t stopped = 0;

// The load: a slow sine and a step every few seconds, on 5 V.
constexpr double volts_V = 5.0;
constexpr double base_W = 3.0;
constexpr double sine_W = 0.8;
constexpr double sine_period_s = 7.3;
constexpr double step_W = 1.2;
constexpr double step_period_s = 4.1;  // on in its first half
constexpr double refresh_s = 0.5;      // the display shows the mean over the last one

// Joules from 0 to t, in closed form.
double energy_J(double t_s) {
  const double omega = 2 * std::numbers::pi / sine_period_s;
  const double steps = std::floor(t_s / step_period_s);
  const double on_s = steps * step_period_s / 2 + std::min(t_s - steps * step_period_s, step_period_s / 2);
  return base_W * t_s + sine_W * (1 - std::cos(omega * t_s)) / omega + step_W * on_s;
}

void write_truth(const char* path, TimeNs begun, TimeNs end) {
  std::ofstream out(path);
  out << "t_ns,joules\n";
  for (TimeNs t = begun; t <= end + 1'000'000; t += 1'000'000)
    out << fmt::format("{},{}\n", t, energy_J(to_seconds(t - begun)));
  out.close();
  if (!out) throw std::runtime_error(fmt::format("{} cannot be written", path));
}

int simulate(const char* link, const char* truth, double seconds) {
  const testing::Pty pty(link);
  const auto clock = steady_clock();
  const TimeNs begun = clock->now();
  TimeNs now = begun;
  for (; stopped == 0 && to_seconds(now - begun) < seconds; now = clock->now()) {
    for (const std::uint8_t request : pty.read()) {
      if (request != rd_um::request[0]) throw std::runtime_error(fmt::format("unexpected request 0x{:02x}", request));
      const double shown_s = std::max(1.0, std::floor(to_seconds(now - begun) / refresh_s)) * refresh_s;
      const double mean_W = (energy_J(shown_s) - energy_J(shown_s - refresh_s)) / refresh_s;
      const auto frame = testing::um34c_frame(volts_V, mean_W / volts_V);
      pty.write(std::span(frame).first(50));  // in two pieces, as a radio link does
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      pty.write(std::span(frame).subspan(50));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
  write_truth(truth, begun, now);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 600;
  if (argc == 4) std::from_chars(argv[3], argv[3] + std::strlen(argv[3]), seconds);
  if (argc != 3 && argc != 4) {
    fmt::print(stderr, "usage: um34c_simulator LINK TRUTH [SECONDS]\n");
    return 2;
  }
  std::signal(SIGTERM, [](int) { stopped = 1; });
  std::signal(SIGINT, [](int) { stopped = 1; });
  try {
    return simulate(argv[1], argv[2], seconds);
  } catch (const std::exception& error) {
    fmt::print(stderr, "um34c_simulator: {}\n", error.what());
    return 1;
  }
}
