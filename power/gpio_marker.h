// GPIO markers: a line is high while a window is open, so that a logic analyser or oscilloscope can align with the phases.
//
// A specification is a list of NAME=CHIP:OFFSET, such as train=pinctrl-rp1:17,validate=pinctrl-rp1:18. NAME is a component of a
// window's name: `train` means cell/<id>/train, `cell` whole cells, `command` the command of `measure`, `idle` the idle
// windows. CHIP:OFFSET alone means every window but the idle ones. Names may share a line: it is high while any of their
// windows is open.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "power/bus/gpio.h"
#include "power/trace.h"

namespace tbft::power {

struct MarkerRule {
  std::string name;  // empty: every window but the idle ones
  GpioLine line;
};
// Throws std::invalid_argument that shows the form.
std::vector<MarkerRule> parse_marker_rules(std::string_view text);
// Whether the rule means this window.
bool applies(const MarkerRule& rule, std::string_view window);

// Raises and lowers the lines. What Monitor's on_mark is for; called from one thread.
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

  // Throws nothing of a line: a marker that fails must not end the measurement.
  void mark(const Mark& mark);

 private:
  struct Line;
  void set(Line& line, bool high);

  std::vector<Line> lines_;
  Warn warn_;
  bool warned_ = false;
};

}  // namespace tbft::power
