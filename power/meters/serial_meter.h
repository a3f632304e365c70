// The common part of meters on a serial line: requests, frames, time stamps, detection of new values, reconnection.
//
// Time: such a meter takes new values about every 0.5 s, independent of the rate of requests, and does not report when. It is
// polled ten times per second, so the values changed between the last frame with the old values and the first with the new
// ones. A reading is stamped half a refresh period before the middle of that interval, as the mean over the period would be. It
// is unknown whether the meter averages: averaging_s is 0 and latency_s covers both cases, the interval and the transport. A
// frame with the old values is `repeated`, unless a whole refresh period has passed: then the load is constant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "power/bus/serial_port.h"
#include "power/meters/back_off.h"
#include "power/meters/refresh.h"
#include "tbft/power/clock.h"
#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

// The values of one frame. The power field only helps to detect a change; readings use V x A, because the field is rounded from
// the same values.
struct SerialSample {
  double volts_V = unknown;
  double amps_A = unknown;
  double power_W = unknown;
  bool operator==(const SerialSample&) const = default;
};

// A protocol: a decoder of bytes without input and output.
class SerialDecoder {
 public:
  virtual ~SerialDecoder() = default;
  SerialDecoder() = default;
  SerialDecoder(const SerialDecoder&) = delete;
  SerialDecoder& operator=(const SerialDecoder&) = delete;

  // The request for one frame; empty: the meter sends a frame for each refresh without a request.
  virtual std::span<const std::uint8_t> request() const = 0;
  virtual void feed(std::span<const std::uint8_t> bytes) = 0;
  // Throws MeterUnavailable if the device is not the one that the URI names.
  virtual std::optional<SerialSample> next() = 0;
  virtual void clear() = 0;
  virtual std::size_t rejected() const = 0;  // frames with a wrong check sum or impossible values
};

using OpenSerialPort = std::function<std::unique_ptr<SerialPort>()>;

struct SerialStats {
  std::size_t frames = 0;
  std::size_t rejected = 0;   // wrong check sum or impossible values
  std::size_t timeouts = 0;   // requests without an answer
  std::size_t connected = 0;  // times the port was opened
};

// The baud rate of the line, and its range.
constexpr MeterOption baud_option(double fallback) {
  return {.name = "baud",
          .meaning = "rate of the serial line; USB ignores it",
          .unit = "Bd",
          .low = 1200,
          .high = 4e6,
          .fallback = fallback};
}

// The properties of a kind of meter.
struct SerialKind {
  std::string_view name;  // the device's name in descriptions
  double refresh_s = 0;   // nominal
  double step_V = 0;
  double step_A = 0;
  std::size_t frame_bytes = 0;
  bool asked = true;
  std::span<const MeterOption> options = {};  // of the URI; baud is among them
  std::string_view damaged_fix = {};          // the remedy if all frames are damaged
};

class SerialMeter final : public Meter {
 public:
  // Throws BadMeterUri.
  SerialMeter(const MeterUri& uri, const SerialKind& kind, std::unique_ptr<SerialDecoder> decoder, OpenSerialPort open,
              std::shared_ptr<Clock> clock);

  const MeterInfo& info() const override { return info_; }
  // Opens the port and waits for the first frame, 12 s at most, because Bluetooth is slow.
  void start(TimeNs first_window) override;
  std::optional<Reading> poll(TimeNs now) override;
  void stop() override { port_.reset(); }
  TimeNs next_poll(TimeNs /*scheduled*/) const override { return due_; }

  // Call these from the thread that polls.
  SerialStats stats() const;
  double refresh_s() const { return to_seconds(refresh_.period()); }

 private:
  void connect(TimeNs now);
  std::optional<Reading> exchange(TimeNs now);
  std::optional<SerialSample> receive();
  void ask(TimeNs now);
  std::optional<Reading> accept(const SerialSample& sample, TimeNs now);
  std::optional<Reading> lost(TimeNs now);
  std::optional<Reading> gap(TimeNs now);
  Reading reading(const SerialSample& sample, TimeNs refreshed);
  TimeNs in_order(TimeNs t) { return last_t_ = std::max(t, last_t_ + 1); }

  std::unique_ptr<SerialDecoder> decoder_;
  OpenSerialPort open_;
  std::shared_ptr<Clock> clock_;
  MeterInfo info_;
  std::string_view damaged_fix_;
  TimeNs transport_;  // time of one frame at the line's rate
  TimeNs gap_limit_;
  Refresh refresh_;
  BackOff back_off_{0.5, 10};

  std::unique_ptr<SerialPort> port_;
  TimeNs due_ = 0;  // next poll
  bool awaiting_ = false;
  TimeNs asked_ = 0;     // when the last request went out
  TimeNs ask_next_ = 0;  // earliest time of the next request
  std::size_t bytes_ = 0;
  SerialStats stats_;
  std::size_t rejected_seen_ = 0;

  std::optional<SerialSample> last_;  // values of the last frame
  TimeNs last_asked_ = 0;             // when that frame was requested
  TimeNs refreshed_ = 0;              // when the meter took the values (estimate)
  TimeNs received_at_ = 0;            // when the last frame arrived
  TimeNs last_t_ = 0;                 // time stamp of the last reading
  bool in_gap_ = false;
  bool reinitialised_ = false;
};

// The port of a URI, opened when the meter starts. Throws BadMeterUri for a URI without a device, which shows `example`, and
// MeterUnavailable if there is no such device now, or this user may not use it.
OpenSerialPort serial_port_of(const MeterUri& uri, const SerialKind& kind, std::string_view example);

}  // namespace tbft::power
