#include "tbft/power/gpio.h"

#include <fmt/format.h>

#include <limits>
#include <stdexcept>

namespace tbft::power {

GpioTrigger parse_gpio_trigger(std::string_view text) {
  GpioTrigger trigger;
  std::string_view line = text;
  for (const auto& [suffix, edges] : {std::pair{std::string_view(":rising"), Edges::rising}, {":falling", Edges::falling}}) {
    if (!text.ends_with(suffix)) continue;
    line.remove_suffix(suffix.size());
    trigger.edges = edges;
  }
  try {
    trigger.line = parse_gpio_line(line);
  } catch (const std::invalid_argument&) {
    throw std::invalid_argument(fmt::format(
        "trigger `{}`: CHIP:OFFSET or CHIP:OFFSET:rising|falling is expected, such as pinctrl-rp1:27:falling", text));
  }
  return trigger;
}

std::optional<Edge> wait_for_trigger(GpioInput& input, const std::stop_token& stop) {
  while (input.take()) continue;
  return input.wait(std::numeric_limits<TimeNs>::max(), stop);
}

}  // namespace tbft::power
