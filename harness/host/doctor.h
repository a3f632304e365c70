// Checks what prevents a good measurement on this machine; each problem comes with the command that mends it. Reads files and
// asks the firmware. It writes to no device, and reads no I2C address unless a URI names it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/host/processor_use.h"
#include "tbft/power/clock.h"
#include "tbft/power/detect.h"
#include "tbft/power/meter.h"

namespace tbft {

enum class Health { ok, warning, problem, absent };
std::string to_string(Health health);

struct Check {
  std::string topic;  // i2c, serial, gpio, firmware, cpu, throttling, clock, temperature, meter, disk, sampler
  std::string name;   // /dev/i2c-1, governor
  Health health = Health::ok;
  std::string detail;
  std::string fix;  // empty: nothing to do
};

struct Findings {
  std::vector<power::FoundMeter> meters;  // the meters found, then one line (absent) for each other kind
  std::vector<Check> checks;
  std::string auto_uri;  // the meter that `auto` takes; empty: none
  std::vector<std::string>
      also_usable;  // meters of the same scope; if auto_uri is empty, the equals among which `auto` does not choose
};
Findings check_machine(const power::Roots& roots = {});

// Measures the processor use of other programs for about a second.
Check check_others(const ProcessorUse& use);

// A few readings of one meter, and the conclusions about its wiring.
struct MeterExam {
  power::MeterInfo info;
  bool usable = false;  // it is a measuring meter and gave readings
  std::size_t readings = 0;
  std::size_t repeated = 0;
  std::size_t failed = 0;
  std::size_t saturated = 0;
  double seconds = 0;
  double volts_V = power::unknown;  // means
  double amps_A = power::unknown;
  double power_W = power::unknown;  // of a counter: its rise divided by the time
  std::vector<Check> checks;
};
// How long examine() reads a meter: a second, or five of its periods up to 30 s; a slower one until it had time for a reading,
// and a counter for two, 10 minutes at most.
double exam_seconds(const power::MeterInfo& meter);
// Reads the meter for exam_seconds(). Throws what the meter throws; one that cannot be started or goes away (MeterUnavailable)
// becomes a check.
MeterExam examine(power::Meter& meter, power::Clock& clock);

}  // namespace tbft
