// Waits for a trigger on a real GPIO line and says when it came. Usage: gpio_probe CHIP:OFFSET[:rising|falling] SECONDS
// Prints `ready`, then the edge's nanoseconds and `rising` or `falling`; ends with 1 if none came.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <thread>

#include "tbft/power/clock.h"
#include "tbft/power/gpio.h"

int main(int argc, char** argv) {
  using namespace tbft::power;
  try {
    if (argc != 3) throw std::runtime_error("usage: gpio_probe CHIP:OFFSET[:rising|falling] SECONDS");
    const auto trigger = parse_gpio_trigger(argv[1]);
    const auto input = open_gpio_input(trigger.line, trigger.edges, "gpio_probe");
    std::stop_source stop;
    std::jthread timer([&, until = steady_clock()->now() + from_seconds(std::atof(argv[2]))](const std::stop_token& over) {
      steady_clock()->sleep_until(until, over);
      stop.request_stop();
    });
    std::puts("ready");
    std::fflush(stdout);
    const auto edge = wait_for_trigger(*input, stop.get_token());
    if (!edge) return 1;
    std::printf("%lld %s\n", static_cast<long long>(edge->t_ns), edge->rising ? "rising" : "falling");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gpio_probe: %s\n", error.what());
    return 3;
  }
}
