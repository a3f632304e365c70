// A served meter, its server on a thread of its own, and a folder for keys. Tests only.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <cmath>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "power/meters/list.h"
#include "power/remote/auth.h"
#include "tbft/power/server.h"
#include "tests/support/fake_meter.h"
#include "tests/support/temporary_folder.h"

namespace tbft::power::remote {

inline constexpr TimeNs one_second = 1'000'000'000;
inline constexpr TimeNs origin = 4'000'000 * one_second;

// Says the time in volts, so that a reading's stamp can be compared with when it was taken. `flags`: of its next reading.
class TimeMeter final : public Meter {
 public:
  explicit TimeMeter(MeterInfo info, int readings_a_poll = 1, std::atomic<std::uint8_t>* flags = nullptr)
      : info_(std::move(info)), readings_a_poll_(readings_a_poll), flags_(flags) {}
  const MeterInfo& info() const override { return info_; }
  void start(TimeNs /*first_window*/) override {}
  void stop() override {}
  std::optional<Reading> poll(TimeNs now) override {
    if (now != std::exchange(last_, now)) left_ = readings_a_poll_;
    if (left_-- <= 0) return std::nullopt;
    const double power_W = to_seconds(now - origin) < 0.7 ? 3 : 7;
    const std::uint8_t flags = flags_ == nullptr ? std::uint8_t{0} : flags_->exchange(0);
    return Reading{.t_ns = now - left_, .volts_V = to_seconds(now - origin), .power_W = power_W, .flags = flags};
  }

 private:
  MeterInfo info_;
  int readings_a_poll_;
  std::atomic<std::uint8_t>* flags_;
  int left_ = 0;
  TimeNs last_ = 0;
};

inline MeterInfo full_info() {
  MeterInfo info = testing::simple_meter(0.002);
  info.uri = "secret-meter://somewhere";
  info.description = "a meter of the tests";
  info.assumption = "0.1 ohm is assumed";
  info.scope = Scope::battery;
  info.averaging_s = 0.001;
  info.current_share = 0.5;
  info.latency_s = 0.0005;
  info.accuracy = {.gain_limit_rel = 0.01, .offset_limit_A = 0.002, .resolution_W = 0.001};
  return info;
}

// A server on a thread of its own.
class Served {
 public:
  explicit Served(std::unique_ptr<Meter> meter, ServerOptions options = {}, std::shared_ptr<Clock> clock = steady_clock())
      : server(std::move(meter), std::move(options), std::move(clock)), thread_([this] { server.run(stop_); }) {}
  ~Served() {
    stop_ = true;
    thread_.join();
  }
  std::string uri(const std::string& options = "") const { return "remote://" + to_string(server.address()) + options; }

  MeterServer server;

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

inline std::unique_ptr<Meter> connect(const std::string& uri, std::shared_ptr<Clock> clock = steady_clock()) {
  return make_remote(parse_meter_uri(uri), std::move(clock));
}

inline bool is_gap(const Reading& r) {
  return (r.flags & gap_begins) != 0 && std::isnan(r.power_W);
}

class RemoteKey : public ::testing::Test {
 protected:
  std::string key_file(const std::string& name, const std::string& text) {
    const auto path = folder_ / name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), 0600);
    return "?key_file=" + path.string();
  }
  static ServerOptions with_key() { return {.key = Key(right.begin(), right.end())}; }
  static constexpr std::string_view right = "0123456789abcdef0123";

 private:
  test::TemporaryFolder folder_;
};

}  // namespace tbft::power::remote
