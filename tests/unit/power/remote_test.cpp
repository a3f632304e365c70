// serve-meter and remote:// over real loopback sockets, with meters and clocks of the tests.
#include "power/meters/list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <deque>
#include <fstream>
#include <functional>
#include <mutex>
#include <thread>

#include "power/protocol/openmetrics.h"
#include "power/remote/auth.h"
#include "power/remote/stream.h"
#include "tbft/power/monitor.h"
#include "tbft/power/server.h"
#include "tests/support/fake_meter.h"
#include "tests/support/served_meter.h"
#include "tests/support/virtual_clock.h"

namespace tbft::power::remote {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::simple_meter;
using ::testing::ThrowsMessage;

// A steady clock of another machine: it began elsewhere and runs at another rate.
class OtherClock final : public Clock {
 public:
  explicit OtherClock(TimeNs begins = origin, double drift = 0) : drift_(drift), begins_(begins) {}
  using Clock::sleep_until;
  TimeNs now() const override { return at(real_->now()); }
  void sleep_until(TimeNs instant, const std::stop_token& stop) override {
    const auto real = static_cast<double>(instant - begins_ + stood_still_) / (1 + drift_);
    real_->sleep_until(started_ + static_cast<TimeNs>(real) + 1, stop);
  }
  // What this clock says at an instant of the real one.
  TimeNs at(TimeNs real) const {
    return begins_ - stood_still_ + static_cast<TimeNs>(static_cast<double>(real - started_) * (1 + drift_));
  }
  // As when the machine slept: the clock goes on from where it was.
  void stand_still(TimeNs duration) { stood_still_ += duration; }
  TimeNs real(TimeNs here) const { return started_ + static_cast<TimeNs>(static_cast<double>(here - begins_) / (1 + drift_)); }

 private:
  std::shared_ptr<Clock> real_ = steady_clock();
  TimeNs started_ = real_->now();
  double drift_;
  TimeNs begins_;
  std::atomic<TimeNs> stood_still_{0};
};

// Polls as a sampler would until `done`; false after half a minute.
template <typename Done>
bool poll_until(Meter& meter, Clock& clock, std::vector<Reading>& readings, Done done) {
  const TimeNs give_up = clock.now() + 30 * one_second;
  while (!done()) {
    const TimeNs now = clock.now();
    if (now > give_up) return false;
    while (const auto reading = meter.poll(now)) readings.push_back(*reading);
    clock.sleep_until(std::min(meter.next_poll(now + 2'000'000), now + 2'000'000));
  }
  return true;
}

bool is_repeated(const Reading& r) {
  return (r.flags & repeated) != 0;
}

TEST(Remote, SaysOfItselfWhatTheServedMeterDoes) {
  MeterInfo info = full_info();
  info.measured = false;
  const Served served(std::make_unique<TimeMeter>(info));
  const auto meter = connect(served.uri());
  const MeterInfo& got = meter->info();
  EXPECT_EQ(got.scope, Scope::battery);
  EXPECT_EQ(got.assumption, "at the server: 0.1 ohm is assumed");
  EXPECT_FALSE(got.measured);
  EXPECT_EQ(got.nominal_period_s, info.nominal_period_s);
  EXPECT_EQ(got.averaging_s, info.averaging_s);
  EXPECT_EQ(got.current_share, info.current_share);
  EXPECT_EQ(got.gap_limit_s, info.gap_limit_s);
  EXPECT_EQ(got.accuracy.gain_limit_rel, info.accuracy.gain_limit_rel);
  EXPECT_EQ(got.accuracy.offset_limit_A, info.accuracy.offset_limit_A);
  EXPECT_EQ(got.accuracy.resolution_W, info.accuracy.resolution_W);
  EXPECT_GT(got.latency_s, info.latency_s);  // and the error of the clocks
  EXPECT_EQ(got.uri, served.uri());
  EXPECT_THAT(got.description, HasSubstr("secret-meter://somewhere"));
}

// What a network or another page may show of it names no password.
TEST(Remote, ACommandStaysAtItsServer) {
  MeterInfo info = full_info();
  info.uri = "exec://curl -u me:secret http://plug?unit=W";
  const Served served(std::make_unique<TimeMeter>(info));
  const auto meter = connect(served.uri());
  EXPECT_THAT(meter->info().description, HasSubstr("a meter of the tests (exec://)"));
  EXPECT_THAT(openmetrics_text(meter->info(), {}, 1), Not(HasSubstr("secret")));
}

// A converter that paces itself delivers as fast as ever, whatever interval either side asks for.
TEST(Remote, AnIntervalDoesNotSlowDownAMeterThatPacesItself) {
  MeterInfo info = full_info();
  info.paces_itself = true;
  auto slow = std::make_unique<TimeMeter>(info);
  slow->set_interval(Seconds(0.1));
  const Served served(std::move(slow));
  auto meter = connect(served.uri());
  meter->set_interval(Seconds(0.2));
  EXPECT_EQ(meter->info().nominal_period_s, info.nominal_period_s);
  EXPECT_EQ(meter->info().gap_limit_s, info.gap_limit_s);
  const Monitor monitor(std::move(meter));
  EXPECT_EQ(monitor.meter().gap_limit_s, info.gap_limit_s);
  EXPECT_EQ(monitor.meter().nominal_period_s, info.nominal_period_s);
}

class RemoteClock : public ::testing::TestWithParam<double> {};

TEST_P(RemoteClock, ReadingsAreStampedOnThisClockWithinTheStatedError) {
  const auto servers = std::make_shared<OtherClock>(origin, 0.0);
  const auto here = std::make_shared<OtherClock>(77 * one_second, GetParam());
  const Served served(std::make_unique<TimeMeter>(full_info()), {}, servers);
  const auto meter = connect(served.uri(), here);
  const double stated_s = meter->info().latency_s - full_info().latency_s;
  meter->start(here->now());
  std::vector<Reading> readings;
  const TimeNs until = here->now() + 2 * one_second;
  ASSERT_TRUE(poll_until(*meter, *here, readings, [&] { return here->now() > until; }));
  TimeNs last = 0;
  std::size_t good = 0;
  for (const Reading& r : readings) {
    EXPECT_GT(r.t_ns, last);
    last = r.t_ns;
    if (is_gap(r)) continue;
    ++good;
    const TimeNs taken = here->at(servers->real(origin + from_seconds(r.volts_V)));
    EXPECT_LE(std::abs(to_seconds(r.t_ns - taken)), stated_s);
  }
  EXPECT_GT(good, 100U);
}
INSTANTIATE_TEST_SUITE_P(Drift, RemoteClock, ::testing::Values(0.0, 300e-6, -300e-6));

// 12 ms in each 250 ms: as soon as an exchange shows it, no stamp is believed.
TEST(Remote, AClockThatRunsMuchTooFastIsAGap) {
  const auto servers = std::make_shared<OtherClock>(origin);
  const auto here = std::make_shared<OtherClock>(77 * one_second, 0.05);
  const Served served(std::make_unique<TimeMeter>(full_info()), {}, servers);
  const auto meter = connect(served.uri(), here);
  meter->start(here->now());
  std::vector<Reading> readings;
  const TimeNs until = here->now() + 2 * one_second;
  ASSERT_TRUE(poll_until(*meter, *here, readings, [&] { return here->now() > until; }));
  const auto hole = std::ranges::find_if(readings, is_gap);
  ASSERT_NE(hole, readings.end());
  EXPECT_TRUE(std::all_of(hole, readings.end(), is_gap));
}

TEST(Remote, EnergyIsThatOfTheMeterItselfWithinItsUncertainty) {
  const auto servers = std::make_shared<OtherClock>(origin, 100e-6);
  // 3 W, then 7 W from 0.7 s of the server's time on.
  const Served served(std::make_unique<TimeMeter>(full_info()), {}, servers);
  Monitor monitor(connect(served.uri()), {});
  const TimeNs t0 = steady_clock()->now();
  auto window = monitor.window("w");
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  window.close();
  const TimeNs t1 = steady_clock()->now();
  const Energy e = monitor.energy("w");
  ASSERT_TRUE(e.valid) << e.reason;
  const TimeNs step = servers->real(origin + from_seconds(0.7));
  ASSERT_GT(step, t0);
  ASSERT_LT(step, t1);
  const double truth_J = 3 * to_seconds(step - t0) + 7 * to_seconds(t1 - step);
  const double outside_J = 7 * (to_seconds(t1 - t0) - e.duration_s);  // between our marks and the monitor's
  // The step lies within one period of the server's sampling.
  EXPECT_NEAR(e.energy_J, truth_J, e.U_random_J + outside_J + 4 * 0.002);
}

TEST_F(RemoteKey, TheRightOneGetsReadings) {
  const Served served(std::make_unique<TimeMeter>(full_info()), with_key());
  const auto meter = connect(served.uri(key_file("k", std::string(right) + "\n")));
  meter->start(0);
  const auto clock = steady_clock();
  std::vector<Reading> readings;
  EXPECT_TRUE(poll_until(*meter, *clock, readings, [&] { return readings.size() > 50; }));
  for (const Reading& r : readings) EXPECT_FALSE(is_gap(r));
}

TEST_F(RemoteKey, AWrongOneOrNoneIsToldSo) {
  const Served served(std::make_unique<TimeMeter>(full_info()), with_key());
  EXPECT_THAT([&] { connect(served.uri(key_file("k", "0123456789abcdef0124"))); },
              ThrowsMessage<MeterUnavailable>(HasSubstr("another key")));
  EXPECT_THAT([&] { connect(served.uri()); }, ThrowsMessage<MeterUnavailable>(HasSubstr("needs a key")));
}

TEST_F(RemoteKey, AServerWithoutKeyIsNotBelieved) {
  const Served served(std::make_unique<TimeMeter>(full_info()));
  EXPECT_THAT([&] { connect(served.uri(key_file("k", std::string(right)))); },
              ThrowsMessage<MeterUnavailable>(HasSubstr("anyone could answer")));
}

// A counter that starts at 0 when its server does. While `stands` is set it has no new value.
class Counter final : public Meter {
 public:
  explicit Counter(double rate_W, std::string uri = "counter://", const std::atomic<bool>* stands = nullptr)
      : rate_W_(rate_W), stands_(stands) {
    info_ = simple_meter(0.005);
    info_.uri = std::move(uri);
    info_.counter = true;
  }
  const MeterInfo& info() const override { return info_; }
  void start(TimeNs first) override { first_ = first; }
  void stop() override {}
  std::optional<Reading> poll(TimeNs now) override {
    if (now == std::exchange(last_, now)) return std::nullopt;
    const bool again = stands_ != nullptr && *stands_;
    if (!again) energy_J_ = rate_W_ * to_seconds(now - first_);
    return Reading{.t_ns = now, .energy_J = energy_J_, .flags = again ? std::uint8_t{repeated} : std::uint8_t{0}};
  }

 private:
  MeterInfo info_;
  double rate_W_;
  const std::atomic<bool>* stands_;
  double energy_J_ = 0;
  TimeNs first_ = 0, last_ = 0;
};

TEST(Remote, ARestartedServerIsAGapAndTheCounterGoesOn) {
  auto served = std::make_unique<Served>(std::make_unique<Counter>(10));
  const auto meter = connect(served->uri());
  const auto clock = steady_clock();
  meter->start(clock->now());
  std::vector<Reading> readings;
  ASSERT_TRUE(poll_until(*meter, *clock, readings, [&] { return readings.size() >= 40; }));
  const ServerOptions same_port{.listen = served->server.address()};
  served.reset();
  ASSERT_TRUE(poll_until(*meter, *clock, readings, [&] { return is_gap(readings.back()); }));
  const std::size_t hole = readings.size();
  const double before_J = readings[hole - 2].energy_J;
  EXPECT_GT(before_J, 0.1);

  served = std::make_unique<Served>(std::make_unique<Counter>(10), same_port);
  ASSERT_TRUE(poll_until(*meter, *clock, readings, [&] { return !is_gap(readings.back()) && readings.size() > hole + 20; }));
  bool first = true;
  TimeNs last_t = 0;
  double last_J = 0;
  for (std::size_t i = 0; i < readings.size(); ++i) {
    const Reading& r = readings[i];
    EXPECT_GT(r.t_ns, last_t);
    last_t = r.t_ns;
    if (is_gap(r)) continue;
    EXPECT_GE(r.energy_J, last_J);
    last_J = r.energy_J;
    if (i < hole) {
      EXPECT_EQ(r.flags, 0);
    } else {
      EXPECT_EQ(r.flags, std::exchange(first, false) ? reinitialised : 0);
    }
  }
  EXPECT_FALSE(first);
  EXPECT_GT(last_J, before_J);
}

// A counter is read more often than it has new values, so the first reading after a restart is usually a repeated one.
TEST(Remote, TheFirstNewValueOfARestartedServerSaysThatTheCounterBeganAnew) {
  std::atomic<bool> stands{true};
  auto served = std::make_unique<Served>(std::make_unique<Counter>(10));
  const auto meter = connect(served->uri());
  const auto clock = steady_clock();
  meter->start(clock->now());
  std::vector<Reading> readings;
  ASSERT_TRUE(poll_until(*meter, *clock, readings, [&] { return readings.size() >= 40; }));
  const ServerOptions same_port{.listen = served->server.address()};
  served.reset();
  served = std::make_unique<Served>(std::make_unique<Counter>(10, "counter://", &stands), same_port);
  ASSERT_TRUE(poll_until(*meter, *clock, readings, [&] { return is_repeated(readings.back()); }));
  const auto is_new = [](const Reading& r) { return !is_gap(r) && !is_repeated(r); };
  const std::size_t stood = readings.size();
  stands = false;
  ASSERT_TRUE(poll_until(*meter, *clock, readings, [&] { return readings.size() > stood + 20 && is_new(readings.back()); }));
  const auto anew = std::find_if(std::ranges::find_if(readings, is_repeated), readings.end(), is_new);
  ASSERT_NE(anew, readings.end());
  EXPECT_EQ(anew->flags, reinitialised);
  const Window across{.name = "w", .t0_ns = readings.at(20).t_ns, .t1_ns = readings.back().t_ns};
  EXPECT_THAT(energy(readings, across, meter->info()).reason, HasSubstr("the counter was reset"));
}

TEST(Remote, AConnectionCutAndMadeAgainIsAGapOnly) {
  const Served served(std::make_unique<TimeMeter>(full_info()));
  const auto clock = steady_clock();
  const auto meter = connect(served.uri());
  std::vector<Reading> readings;
  for (int i = 0; i < 2; ++i) {
    meter->start(clock->now());
    const std::size_t wanted = readings.size() + 20;
    ASSERT_TRUE(poll_until(*meter, *clock, readings, [&] { return readings.size() >= wanted; }));
    meter->stop();
  }
  for (const Reading& r : readings) EXPECT_EQ(r.flags & reinitialised, 0);
}

// A long way between client and server: each direction has its own delay, and the connection can be cut or stall.
class LongWay {
 public:
  LongWay(const Address& server, std::chrono::milliseconds there, std::chrono::milliseconds back)
      : server_(server), there_{there}, back_{back}, listener_(listening()), thread_([this](const std::stop_token& stop) {
          run(stop);
        }) {}
  ~LongWay() {
    thread_.request_stop();
    thread_.join();
    ::close(listener_);
  }
  LongWay(const LongWay&) = delete;
  LongWay& operator=(const LongWay&) = delete;
  std::string uri() const { return "remote://127.0.0.1:" + std::to_string(port_); }
  void cut() { cut_ = true; }
  // Delivers nothing for a while, and then everything.
  void stall(std::chrono::milliseconds duration) { stalled_until_ = std::chrono::steady_clock::now() + duration; }

 private:
  using Instant = std::chrono::steady_clock::time_point;
  struct Way {
    std::chrono::milliseconds delay;
    std::deque<std::pair<Instant, Bytes>> under_way = {};
  };

  int listening() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd, 4) != 0)
      throw std::runtime_error("listen");
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    return fd;
  }
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  static int connected(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("connect");
    return fd;
  }
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        continue;
      }
      cut_ = false;
      const int server = connected(server_.port);
      there_.under_way.clear();
      back_.under_way.clear();
      while (!stop.stop_requested() && !cut_ && carry(client, server, there_) && carry(server, client, back_)) {
        std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
      ::close(client);
      ::close(server);
    }
  }
  bool carry(int from, int to, Way& way) const {
    Bytes bytes(4096);
    const ssize_t got = ::recv(from, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return false;
    const auto now = std::chrono::steady_clock::now();
    if (got > 0) {
      bytes.resize(static_cast<std::size_t>(got));
      way.under_way.emplace_back(now + way.delay, std::move(bytes));
    }
    if (now < stalled_until_.load()) return true;
    for (; !way.under_way.empty() && way.under_way.front().first <= now; way.under_way.pop_front()) {
      const Bytes& due = way.under_way.front().second;
      if (::send(to, due.data(), due.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(due.size())) return false;
    }
    return true;
  }

  Address server_;
  Way there_, back_;
  std::uint16_t port_ = 0;
  int listener_;
  std::atomic<bool> cut_{false};
  std::atomic<Instant> stalled_until_{Instant::min()};
  std::jthread thread_;
};

TEST(Remote, ALongAndLopsidedWayStaysWithinTheErrorThatItStates) {
  const auto servers = std::make_shared<OtherClock>(origin);
  const auto here = std::make_shared<OtherClock>(77 * one_second, 100e-6);
  const Served served(std::make_unique<TimeMeter>(full_info()), {}, servers);
  const LongWay way(served.server.address(), std::chrono::milliseconds(40), std::chrono::milliseconds(5));
  const auto meter = connect(way.uri(), here);
  const double stated_s = meter->info().latency_s - full_info().latency_s;
  EXPECT_GT(stated_s, 0.040);  // such a way could be off by half of 45 ms
  meter->start(here->now());
  std::vector<Reading> readings;
  ASSERT_TRUE(poll_until(*meter, *here, readings, [&] { return readings.size() > 500; }));
  for (const Reading& r : readings) {
    ASSERT_FALSE(is_gap(r));
    const TimeNs taken = here->at(servers->real(origin + from_seconds(r.volts_V)));
    EXPECT_LE(std::abs(to_seconds(r.t_ns - taken)), stated_s);
  }
}

TEST(Remote, ACutConnectionIsAGapAndTheSameServerGoesOn) {
  const Served served(std::make_unique<Counter>(10));
  LongWay way(served.server.address(), std::chrono::milliseconds(1), std::chrono::milliseconds(1));
  const auto clock = steady_clock();
  const auto meter = connect(way.uri(), clock);
  meter->start(clock->now());
  std::vector<Reading> readings;
  ASSERT_TRUE(poll_until(*meter, *clock, readings, [&] { return readings.size() >= 40; }));
  way.cut();
  ASSERT_TRUE(poll_until(*meter, *clock, readings, [&] { return is_gap(readings.back()); }));
  const std::size_t hole = readings.size();
  ASSERT_TRUE(poll_until(*meter, *clock, readings, [&] { return readings.size() >= hole + 40; }));
  for (const Reading& r : readings) EXPECT_EQ(r.flags & reinitialised, 0);
  // The counter went on counting while nobody listened.
  const Reading& before = readings[hole - 2];
  const auto after = std::find_if(readings.begin() + static_cast<std::ptrdiff_t>(hole), readings.end(),
                                  [](const Reading& r) { return !is_gap(r); });  // a busy machine may miss more
  ASSERT_NE(after, readings.end());
  EXPECT_EQ(readings[hole - 1].t_ns, before.t_ns + 1) << "it begins where the readings end, not when it was noticed";
  EXPECT_NEAR((after->energy_J - before.energy_J) / to_seconds(after->t_ns - before.t_ns), 10, 1);
}

// The readings at the end arrive long after the limit, with true stamps.
TEST(Remote, ANetworkThatStallsAtTheEndOfAWindowCostsNoJoules) {
  MeterInfo info = full_info();
  info.gap_limit_s = 0.5;
  const Served served(std::make_unique<TimeMeter>(info));
  LongWay way(served.server.address(), std::chrono::milliseconds(1), std::chrono::milliseconds(1));
  Monitor monitor(connect(way.uri()));
  auto window = monitor.window("w");
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  way.stall(std::chrono::milliseconds(1000));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  window.close();
  const Energy e = monitor.energy("w");
  EXPECT_TRUE(e.valid) << e.reason;
}

TEST(Remote, ASuspendThatAReplayTellsOfMakesTheWindowInvalidAndTheConnectionStays) {
  MeterInfo info = full_info();
  info.gap_limit_s = 1;
  std::atomic<std::uint8_t> flags{0};
  const Served served(std::make_unique<TimeMeter>(info, 1, &flags));
  Monitor monitor(connect(served.uri()));
  const auto measure = [&](const std::string& name, std::uint8_t next) {
    auto window = monitor.window(name);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    flags = next;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    window.close();
    return monitor.energy(name);
  };
  EXPECT_THAT(measure("asleep", asleep).reason, HasSubstr("suspended"));
  EXPECT_EQ(measure("awake", 0).reason, "");
}

TEST(Remote, AClockThatStoodStillIsAGapAndTimeKeepsItsOrder) {
  const auto servers = std::make_shared<OtherClock>(origin);
  const auto here = std::make_shared<OtherClock>(77 * one_second);
  const Served served(std::make_unique<TimeMeter>(full_info()), {}, servers);
  const LongWay way(served.server.address(), std::chrono::milliseconds(20), std::chrono::milliseconds(20));
  const auto meter = connect(way.uri(), here);
  const double stated_s = meter->info().latency_s - full_info().latency_s;
  meter->start(here->now());
  std::vector<Reading> readings;
  ASSERT_TRUE(poll_until(*meter, *here, readings, [&] { return readings.size() >= 100; }));
  const std::size_t before = readings.size();
  here->stand_still(one_second / 5);
  ASSERT_TRUE(poll_until(*meter, *here, readings, [&] { return readings.size() > before && is_gap(readings.back()); }));
  const std::size_t hole = readings.size();
  ASSERT_TRUE(poll_until(*meter, *here, readings, [&] { return readings.size() > hole + 200 && !is_gap(readings.back()); }));
  TimeNs last = 0;
  for (const Reading& r : readings) {
    EXPECT_GT(r.t_ns, last);
    last = r.t_ns;
  }
  const Reading& r = readings.back();
  EXPECT_LE(std::abs(to_seconds(r.t_ns - here->at(servers->real(origin + from_seconds(r.volts_V))))), stated_s);
}

TEST(Remote, AnotherMeterBehindTheSameAddressIsAnError) {
  auto served = std::make_unique<Served>(std::make_unique<Counter>(10));
  const auto meter = connect(served->uri());
  const auto clock = steady_clock();
  meter->start(clock->now());
  const ServerOptions same_port{.listen = served->server.address()};
  served.reset();
  served = std::make_unique<Served>(std::make_unique<Counter>(10, "counter://other"), same_port);
  std::vector<Reading> readings;
  EXPECT_THAT([&] { poll_until(*meter, *clock, readings, [] { return false; }); },
              ThrowsMessage<MeterUnavailable>(HasSubstr("another meter")));
}

// Accepts, and says nothing (or what it is given).
class Listener {
 public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd_, 4) != 0)
      throw std::runtime_error("listen");
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    uri = "remote://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~Listener() {
    ::close(fd_);
    if (peer_ >= 0) ::close(peer_);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  void accept_and_say(const Bytes& bytes) {
    peer_ = ::accept(fd_, nullptr, nullptr);
    if (::send(peer_, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) throw std::runtime_error("send");
  }
  void wait_for(std::size_t bytes) {
    Bytes buffer(bytes);
    if (::recv(peer_, buffer.data(), bytes, MSG_WAITALL) < 0) throw std::runtime_error("recv");
  }
  void say(const Bytes& bytes) {
    if (::send(peer_, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) throw std::runtime_error("send");
  }

  std::string uri;

 private:
  int fd_;
  int peer_ = -1;
};

TEST(Remote, AServerThatSaysNothingIsGivenUpAfterTheTimeout) {
  const Listener silent;
  const auto clock = std::make_shared<testing::ManualClock>();
  const TimeNs begun = clock->now();
  EXPECT_THAT([&] { connect(silent.uri + "?timeout=3", clock); },
              ThrowsMessage<MeterUnavailable>(HasSubstr("no answer within 3 s")));
  EXPECT_LE(clock->now() - begun, 3 * one_second + 1'000'000);
}

TEST(Remote, AServerThatSaysSomethingElseIsNoMeter) {
  Listener other;
  std::thread thread([&] { other.accept_and_say({'H', 'T', 'T', 'P', '/', '1', '.', '1'}); });
  EXPECT_THAT([&] { connect(other.uri); }, ThrowsMessage<MeterUnavailable>(HasSubstr("does not use the protocol")));
  thread.join();
}

TEST_F(RemoteKey, AnImpostorThatDoesNotKnowItIsNotBelieved) {
  Listener impostor;
  std::thread thread([&] {
    impostor.accept_and_say(frame(encode(Hello{.key_needed = true})));
    impostor.wait_for(frame(encode(Login{})).size());
    impostor.say(frame(encode(Welcome{.proof = {1, 2, 3}})));
  });
  EXPECT_THAT([&] { connect(impostor.uri + key_file("k", std::string(right))); },
              ThrowsMessage<MeterUnavailable>(HasSubstr("another key")));
  thread.join();
}

TEST(Remote, NobodyThereOrAWrongUriSaysHowToMendIt) {
  std::string uri;
  { uri = Listener().uri; }
  EXPECT_THAT([&] { connect(uri); }, ThrowsMessage<MeterUnavailable>(HasSubstr("tbft serve-meter")));
  EXPECT_THROW(connect("remote://localhost"), BadMeterUri);
  EXPECT_THROW(connect("remote://localhost:0"), BadMeterUri);
  EXPECT_THROW(connect("remote://localhost:1?key=abc"), BadMeterUri);
}

}  // namespace
}  // namespace tbft::power::remote
