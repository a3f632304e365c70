// GPIO: lines (through libgpiod 1.6 and 2.x), a trigger that starts a recording, and markers that show windows to a logic
// analyser or oscilloscope.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "tbft/power/units.h"
#include "tbft/power/window.h"

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

  // Sets the line. Throws std::system_error.
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

  // The oldest edge that has not been returned yet; nullopt: none. Never waits.
  virtual std::optional<Edge> take() = 0;
  // Waits for an edge until `until` (steady clock) or a stop request, whichever is first; nullopt: no edge arrived.
  virtual std::optional<Edge> wait(TimeNs until, const std::stop_token& stop) = 0;
};

// gpioinfo shows `consumer` as the user of the line. The output starts low. Throw MeterUnavailable with the fix: no such chip
// or line, no permission, line in use.
std::unique_ptr<GpioOutput> open_gpio_output(const GpioLine& line, std::string_view consumer);
std::unique_ptr<GpioInput> open_gpio_input(const GpioLine& line, Edges edges, std::string_view consumer);

// A line that starts a recording: CHIP:OFFSET[:rising|falling], e.g. pinctrl-rp1:27:falling. The default is rising.
struct GpioTrigger {
  GpioLine line;
  Edges edges = Edges::rising;
};
// Throws std::invalid_argument that shows the form.
GpioTrigger parse_gpio_trigger(std::string_view text);

// Waits for the next edge without a time limit; edges queued before the call do not count. nullopt: stopped. Throws
// std::system_error if the chip was removed.
std::optional<Edge> wait_for_trigger(GpioInput& input, const std::stop_token& stop);

// Markers: a line is high while a window is open, so that an instrument can align with the phases.
//
// A specification is a list of NAME=CHIP:OFFSET, such as train=pinctrl-rp1:17,validate=pinctrl-rp1:18. NAME is a component of a
// window's name: `train` means cell/<id>/train, `cell` whole cells, `command` the command of `measure`, `idle` the idle
// windows. CHIP:OFFSET alone means every window except the idle ones. Names may share a line: it is high while any of their
// windows is open.
struct MarkerRule {
  std::string name;  // empty: every window except the idle ones
  GpioLine line;
};
// Throws std::invalid_argument that shows the form.
std::vector<MarkerRule> parse_marker_rules(std::string_view text);
// Whether the rule applies to this window.
bool applies(const MarkerRule& rule, std::string_view window);

// Raises and lowers the lines. Use it as Monitor's on_mark, from one thread.
class GpioMarker {
 public:
  using Open = std::function<std::unique_ptr<GpioOutput>(const GpioLine&)>;
  using Warn = std::function<void(const std::string&)>;

  // Opens every line, low. Throws MeterUnavailable with the fix. `warn` is called at most once: when a line cannot be set.
  GpioMarker(const std::vector<MarkerRule>& rules, Warn warn);
  GpioMarker(const std::vector<MarkerRule>& rules, Warn warn, const Open& open);
  ~GpioMarker();  // every line low again
  GpioMarker(const GpioMarker&) = delete;
  GpioMarker& operator=(const GpioMarker&) = delete;

  // Throws nothing if a line fails, because a marker must not end the measurement.
  void mark(const Mark& mark);

 private:
  struct Line;
  void set(Line& line, bool high);

  std::vector<Line> lines_;
  Warn warn_;
  bool warned_ = false;
};

}  // namespace tbft::power
