// A GPIO line that starts a recording: CHIP:OFFSET[:rising|falling], e.g. pinctrl-rp1:27:falling. Rising unless it says so.
#pragma once

#include <optional>
#include <stop_token>
#include <string_view>

#include "power/bus/gpio.h"

namespace tbft::power {

struct GpioTrigger {
  GpioLine line;
  Edges edges = Edges::rising;
};
// Throws std::invalid_argument that shows the form.
GpioTrigger parse_gpio_trigger(std::string_view text);

// Waits for the next edge, as long as it takes; edges queued before the call do not count. nullopt: stopped. Throws
// std::system_error where the chip went away.
std::optional<Edge> wait_for_trigger(GpioInput& input, const std::stop_token& stop);

}  // namespace tbft::power
