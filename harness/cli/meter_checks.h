// tbft meters --self-test and tbft meters calibrate: a meter against its own promises, and against a reference.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "power/meter.h"

namespace tbft::cli {

// The steps of a meter's values, such as "0.004 V, 0.0001 A"; "unknown" where none is stated.
std::string resolution(const power::Accuracy& accuracy);

struct SelfTestOptions {
  std::string meter;
  double seconds = 10;
  double interval_s = 0;
  std::string realtime = "auto";
  bool json = false;
};
// Prints what was found and a verdict. Exit::ok, or Exit::invalid_measurement where the meter falls short of its promises.
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
// With several points it asks for each on stderr and waits for a line on stdin.
int calibrate_meter(const CalibrateOptions& options);

}  // namespace tbft::cli
