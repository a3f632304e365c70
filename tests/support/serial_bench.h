// A serial meter on a pty in virtual time. Sleeping advances the clock and lets the device answer. Tests only.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "power/meters/serial_meter.h"
#include "tests/support/pty.h"
#include "tests/support/serial_vectors.h"
#include "tests/support/temporary_folder.h"

namespace tbft::power::testing {

class PumpedClock final : public Clock {
 public:
  explicit PumpedClock(std::function<void(TimeNs)> device) : device_(std::move(device)) {}
  using Clock::sleep_until;
  TimeNs now() const override { return now_; }
  void sleep_until(TimeNs instant, const std::stop_token& /*stop*/) override {
    do {
      now_ = std::max(now_, std::min(instant, now_ + 5'000'000));
      device_(now_);
    } while (now_ < instant);
  }

 private:
  std::function<void(TimeNs)> device_;
  TimeNs now_ = 1'000'000'000;
};

// The device. It takes new values at each multiple of its period and sends them on request.
struct Device {
  double refresh_s = 0.5;
  double phase_s = 0.13;   // phase of the refresh relative to the clock
  double mean_over_s = 0;  // averaging time; 0: the value at the refresh
  Bytes request{0xF0};     // empty: the device sends at each refresh without a request
  std::function<double(double t_s)> amps_A = [](double) { return 1.0; };
  std::function<Bytes(double volts_V, double amps_A)> frame = [](double v, double a) { return um34c_frame(v, a); };
  std::function<std::vector<Bytes>(Bytes frame)> send = [](Bytes f) {
    return std::vector<Bytes>{std::move(f)};
  };  // one piece for each step

  std::function<void(TimeNs)> on_step = [](TimeNs) {};
  Bytes requests;  // all requests so far
  double refreshed_s() const { return refreshed_s_; }

  void step(Pty& pty, TimeNs now) {
    on_step(now);
    const double t_s = to_seconds(now);
    const double refresh = std::floor((t_s - phase_s) / refresh_s) * refresh_s + phase_s;
    const bool fresh = refresh != std::exchange(refreshed_s_, refresh);
    const Bytes got = pty.read();
    requests.insert(requests.end(), got.begin(), got.end());
    const bool asked =
        request.empty() ? fresh : std::search(got.begin(), got.end(), request.begin(), request.end()) != got.end();
    if (asked && pty.plugged()) {
      for (Bytes& piece : send(frame(5, value(refresh)))) outbox_.push_back(std::move(piece));
    }
    if (!outbox_.empty()) {
      pty.deliver(outbox_.front());
      outbox_.erase(outbox_.begin());
    }
  }

  // The value of one refresh; a mean is computed in fine steps.
  double value(double refresh) const {
    if (mean_over_s == 0) return amps_A(refresh);
    double sum = 0;
    for (int i = 0; i < 100; ++i) sum += amps_A(refresh - mean_over_s * (i + 0.5) / 100);
    return sum / 100;
  }

 private:
  double refreshed_s_ = -1;
  std::vector<Bytes> outbox_;
};

struct Bench {
  test::TemporaryFolder dir;
  Pty pty{dir / "ttyUSB0"};
  Device device;
  std::shared_ptr<PumpedClock> clock = std::make_shared<PumpedClock>([this](TimeNs now) { device.step(pty, now); });
  std::vector<TimeNs> attempts;  // times at which the driver tried to open the port
  std::unique_ptr<SerialMeter> meter;
  std::vector<Reading> readings;

  using Make = std::unique_ptr<SerialMeter> (*)(const MeterUri&, OpenSerialPort, std::shared_ptr<Clock>);
  Bench() = default;
  void make(Make factory, const std::string& scheme, const std::string& options = "") {
    const MeterUri uri = parse_meter_uri(scheme + "://" + pty.link().string() + options);
    meter = factory(
        uri,
        [this] {
          attempts.push_back(clock->now());
          return open_serial_port(pty.link(), 9600);
        },
        clock);
  }

  void run(double seconds) {
    const TimeNs end = clock->now() + from_seconds(seconds);
    while (clock->now() < end) {
      clock->sleep_until(std::min(end, meter->next_poll(clock->now())));
      while (const auto r = meter->poll(clock->now())) readings.push_back(*r);
    }
  }

  std::vector<Reading> with(unsigned flags) const {
    std::vector<Reading> found;
    std::ranges::copy_if(readings, std::back_inserter(found), [&](const Reading& r) { return (r.flags & flags) != 0; });
    return found;
  }
  std::vector<Reading> samples() const {
    std::vector<Reading> found;
    std::ranges::copy_if(readings, std::back_inserter(found),
                         [](const Reading& r) { return (r.flags & repeated) == 0 && std::isfinite(r.power_W); });
    return found;
  }
};

}  // namespace tbft::power::testing
