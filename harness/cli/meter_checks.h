// tbft meters --self-test compares a meter with its stated properties; tbft meters calibrate compares it with a reference.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tbft/power/meter.h"

namespace tbft::cli {

// The resolution of a meter, such as "0.004 V, 0.0001 A"; "unknown" where none is stated.
std::string resolution(const power::Accuracy& accuracy);

struct SelfTestOptions {
  std::string meter;
  double seconds = 10;
  double interval_s = 0;
  std::string realtime = "auto";
  bool json = false;
};
// Prints the results and a verdict. Returns Exit::ok, or Exit::invalid_measurement where the meter does not have its stated
// properties.
int self_test_meter(const SelfTestOptions& options);

struct CalibrateOptions {
  std::string meter;
  std::vector<std::string> points;  // "V,A" each
  std::optional<double> volts_V = std::nullopt;
  std::optional<double> amps_A = std::nullopt;
  double seconds = 10;
  double reference_U_pct = 0;
  bool json = false;
};
// With several points it prompts for each on stderr and waits for a line on stdin.
int calibrate_meter(const CalibrateOptions& options);

}  // namespace tbft::cli
