// The interface of a meter, its readings and its description.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tbft/power/units.h"

namespace tbft::power {

// The part of the machine whose energy a meter measures. Two scopes are never mixed in one comparison.
enum class Scope { board, package, rail, battery };
// "board", "package", "rail" or "battery".
std::string to_string(Scope scope);

// Accuracy of one meter: limits as the datasheet gives them; nullopt means unknown. Independent limits of one kind (amplifier,
// shunt) are combined by the meter as the root of their squares. U needs the gain and the current offset (a meter that gives
// only watts: the power offset; a counter: the gain alone); an unknown voltage offset counts as 0.
struct Accuracy {
  std::optional<double> gain_limit_rel = std::nullopt;  // limit of the relative gain error (rectangular), e.g. 0.015
  std::optional<double> offset_limit_A = std::nullopt;  // limit of the current offset (rectangular)
  std::optional<double> offset_limit_V = std::nullopt;  // limit of the voltage offset (rectangular)
  std::optional<double> offset_limit_W = std::nullopt;  // limit of the power offset, of a meter that gives only watts
  double resolution_A = 0;                              // one step of the current value, 0 if not quantised
  double resolution_V = 0;
  double resolution_W = 0;
  double resolution_J = 0;  // one step of a counter
  // Whether all readings count as rounded by the same error. The values of a sum do not show when a part's code changes.
  bool one_rounding = false;
  bool operator==(const Accuracy&) const = default;
};

// The longest time in seconds without a new reading that is not yet a gap, unless the URI says otherwise: max(3 nominal
// periods, 50 ms).
inline double default_gap_limit_s(double nominal_period_s) {
  return std::max(3 * nominal_period_s, 0.05);
}

struct MeterInfo {
  std::string uri;          // canonical form, opens the same meter again
  std::string description;  // one line: chip, bus, address, shunt
  Scope scope = Scope::board;
  bool measured = true;       // false: an estimate or a replay, which is never reported as a measurement
  bool counter = false;       // readings carry energy_J
  bool paces_itself = false;  // its converter says when to poll (next_poll); a requested interval only chooses its averaging
  double nominal_period_s = 0;
  double averaging_s = 0;      // length of the interval that one reading averages over
  double current_share = 1;    // share of the time in which it converts the current: 0.5 if it alternates with the voltage
  double latency_s = 0;        // unknown part of the delay between the interval and its time stamp
  double arrival_delay_s = 0;  // how much later a reading may arrive while its time stamp stays true, as over a network
  double gap_limit_s = 0;      // max(3 nominal periods, 50 ms) unless the URI says gap_limit
  Accuracy accuracy;
  std::string note;        // changes that the meter made by itself since it was opened, and the reason
  std::string assumption;  // a value that the URI does not state although every joule depends on it, and what an error costs
};

// There is no such device, or it is not usable now; the program exits with 3.
struct MeterUnavailable : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// The URI is wrong (unknown meter name, unknown option, bad number); the program exits with 2.
struct BadMeterUri : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Flags of a reading; a trace file writes them as the letters s r d g z.
enum Flag : std::uint8_t {
  saturated = 1,      // s: the sensor was at the end of its range
  reinitialised = 2,  // r: first reading after the device was found reset and set up again
  repeated = 4,       // d: the device had no new conversion, so this is the previous value and not a sample
  gap_begins = 8,     // g: no new reading follows within the gap limit (values unknown on a read failure)
  asleep = 16,        // z: the machine was suspended since the previous reading; the steady clock did not advance then
};

// One reading. Values that the meter does not have are unknown (NaN).
struct Reading {
  TimeNs t_ns = 0;            // centre of the averaging interval
  double volts_V = unknown;   // bus voltage
  double amps_A = unknown;    // current, same conversion as volts_V
  double power_W = unknown;   // mean power over the averaging interval
  double energy_J = unknown;  // cumulative counter, already unwrapped; counters only
  std::uint8_t flags = 0;
};

// The readings that a replay plays back. The first reading corresponds to the start of the first window.
struct Recording {
  std::vector<Reading> readings;  // in time order
  bool instant = false;           // not polled: the monitor lays the whole recording over each outermost window
};

// A meter is polled by one thread: start, poll..., stop. It owns no thread.
class Meter {
 public:
  virtual ~Meter() = default;
  Meter() = default;
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  // The present description. A converter may change it while it is polled, and then sets `note`. A sum of meters changes its
  // accuracy and latency with every reading.
  virtual const MeterInfo& info() const = 0;
  // Sets up the device. `first_window` is the instant to which a recording's start corresponds (replay). Throws
  // MeterUnavailable.
  virtual void start(TimeNs first_window) = 0;
  // At most one reading that is new since the last call. nullopt: no new reading yet (the conversion has not ended). A failed
  // read is a Reading with gap_begins and unknown values, never 0 W. Call again at once while it returns a reading older than
  // `now` (a replay or a serial meter may hold several). Throws MeterUnavailable once the device is gone for good.
  virtual std::optional<Reading> poll(TimeNs now) = 0;
  virtual void stop() = 0;

  // The instant of the next poll, given the one of the sampling grid. A meter that knows its converter's phase returns another
  // one.
  virtual TimeNs next_poll(TimeNs scheduled) const { return scheduled; }
  // Why its last gap began, for a meter that can say more than that it did; otherwise empty. Called by the thread that polls,
  // after a failed read.
  virtual std::string gap_cause() const { return {}; }
  // Not null for a replay: start() then waits for the first window.
  virtual const Recording* recording() const { return nullptr; }

  // The time between readings: the interval that open_meter() set, or else the nominal period.
  Seconds interval() const { return interval_ > Seconds(0) ? interval_ : Seconds(info().nominal_period_s); }
  void set_interval(Seconds interval) { interval_ = interval; }
  // info() with period and gap limit adapted to an interval() longer than the nominal period. A meter that paces itself is not
  // affected by the interval.
  MeterInfo sampled_info() const;

 private:
  Seconds interval_{0};
};

}  // namespace tbft::power
