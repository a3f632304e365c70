// GPIO lines, through libgpiod (1.6 and 2.x). The only code that opens a GPIO chip.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "power/units.h"

namespace tbft::power {

// `CHIP:OFFSET`, e.g. "pinctrl-rp1:17". CHIP is a chip's label (stable across boots), a name (gpiochip0) or a path.
struct GpioLine {
  std::string chip;
  unsigned offset = 0;
};
// Throws std::invalid_argument that shows the form.
GpioLine parse_gpio_line(std::string_view text);
std::string to_string(const GpioLine& line);

class GpioOutput {
 public:
  virtual ~GpioOutput() = default;
  GpioOutput() = default;
  GpioOutput(const GpioOutput&) = delete;
  GpioOutput& operator=(const GpioOutput&) = delete;

  // Throws std::system_error.
  virtual void set(bool high) = 0;
};

enum class Edges { rising, falling, both };

struct Edge {
  TimeNs t_ns = 0;  // the kernel's time stamp, CLOCK_MONOTONIC (Linux 5.7 and newer)
  bool rising = true;
};

class GpioInput {
 public:
  virtual ~GpioInput() = default;
  GpioInput() = default;
  GpioInput(const GpioInput&) = delete;
  GpioInput& operator=(const GpioInput&) = delete;

  // The oldest edge that was not taken yet; nullopt: none. Never waits.
  virtual std::optional<Edge> take() = 0;
  // Waits for an edge until `until` (steady clock) or a stop request, whichever is first; nullopt: none came.
  virtual std::optional<Edge> wait(TimeNs until, const std::stop_token& stop) = 0;
};

// `consumer` is what gpioinfo shows. The output starts low. Throw MeterUnavailable with the fix: no such chip or line, no
// permission, line in use.
std::unique_ptr<GpioOutput> open_gpio_output(const GpioLine& line, std::string_view consumer);
std::unique_ptr<GpioInput> open_gpio_input(const GpioLine& line, Edges edges, std::string_view consumer);

}  // namespace tbft::power
