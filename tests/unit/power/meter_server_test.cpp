// What the server of a meter says to clients that speak the protocol by hand, and what it costs.
#include "tbft/power/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>

#include "power/remote/stream.h"
#include "tests/support/served_meter.h"

namespace tbft::power::remote {
namespace {

using ::testing::HasSubstr;
using testing::simple_meter;
using ::testing::ThrowsMessage;

// A client that speaks the protocol by hand.
class RawClient {
 public:
  explicit RawClient(const Served& served) : stream_(served.server.address()) {
    stream_.connect();
    wait([&] { return stream_.state() == Stream::State::open; });
  }
  void send(const Message& message) { stream_.write(seal.close(encode(message))); }
  std::optional<Message> next() {
    std::optional<Message> message;
    wait([&] {
      const auto sealed = frames_.next();
      if (!sealed) return false;
      const auto payload = open.open(*sealed);
      message = payload ? decode(*payload) : std::nullopt;
      return true;
    });
    return message;
  }
  // Until the server closes.
  void drain() {
    wait([&] { return stream_.state() == Stream::State::closed; });
  }
  bool wait(const std::function<bool()>& done) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
      if (std::chrono::steady_clock::now() > give_up) return false;
      stream_.poll();
      const Bytes bytes = stream_.read(4096);
      all.insert(all.end(), bytes.begin(), bytes.end());
      frames_.feed(bytes);
      if (bytes.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }

  Bytes all;
  Seal seal, open;

 private:
  Stream stream_;
  FrameReader frames_;
};

bool mentions(const Bytes& bytes, std::string_view text) {
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()).find(text) != std::string_view::npos;
}

TEST_F(RemoteKey, WithoutTheRightOneNothingOfTheMeterIsSent) {
  const Served served(std::make_unique<TimeMeter>(full_info()), with_key());
  const std::size_t hello_size = frame(encode(Hello{})).size();
  const std::size_t refused_size = frame(encode(Refused{})).size();
  {
    RawClient client(served);
    ASSERT_TRUE(client.next());
    client.send(Login{.proof = {1}});
    client.drain();
    EXPECT_EQ(client.all.size(), hello_size + refused_size);
    EXPECT_FALSE(mentions(client.all, "meter"));
  }
  for (const Message& early : {Message(Start{}), Message(AskTime{.t1 = 1})}) {
    RawClient client(served);
    ASSERT_TRUE(client.next());
    client.send(early);
    client.drain();
    EXPECT_EQ(client.all.size(), hello_size);
  }
  EXPECT_EQ(served.server.stats().clients, 0U);
}

TEST_F(RemoteKey, ALoginHeardOnTheNetworkIsWorthNothingOnAnotherConnection) {
  const Served served(std::make_unique<TimeMeter>(full_info()), with_key());
  const Key key(right.begin(), right.end());
  RawClient first(served);
  const auto hello = first.next();
  ASSERT_TRUE(hello && std::holds_alternative<Hello>(*hello));
  const Digest nonce = random_nonce();
  const Login login{.nonce = nonce, .proof = proof(key, Side::client, std::get<Hello>(*hello).nonce, nonce)};
  first.send(login);
  const auto welcome = first.next();
  ASSERT_TRUE(welcome && std::holds_alternative<Welcome>(*welcome));

  RawClient second(served);
  ASSERT_TRUE(second.next());
  second.send(login);
  const auto answer = second.next();
  ASSERT_TRUE(answer && std::holds_alternative<Refused>(*answer));
}

TEST_F(RemoteKey, FramesWithAWrongTagEndTheConnection) {
  const Served served(std::make_unique<TimeMeter>(full_info()), with_key());
  const Key key(right.begin(), right.end());
  RawClient client(served);
  const auto hello = client.next();
  ASSERT_TRUE(hello);
  const Digest nonce = random_nonce();
  const Digest servers = std::get<Hello>(*hello).nonce;
  client.send(Login{.nonce = nonce, .proof = proof(key, Side::client, servers, nonce)});
  ASSERT_TRUE(client.next());
  client.open = Seal(key, Side::server, servers, nonce);
  const auto meter = client.next();
  ASSERT_TRUE(meter && std::holds_alternative<MeterMessage>(*meter));
  client.send(Start{});  // not sealed
  client.drain();
  EXPECT_TRUE(client.wait([&] { return served.server.stats().clients == 0; }));
}

TEST(MeterServer, OtherAddressesThanLoopbackNeedAKey) {
  for (const char* host : {"0.0.0.0", "::"}) {
    const ServerOptions open{.listen = {.host = host, .port = 0}};
    EXPECT_THROW(MeterServer(std::make_unique<TimeMeter>(full_info()), open, steady_clock()), BadListenAddress) << host;
  }
  ServerOptions keyed;
  keyed.listen.host = "0.0.0.0";
  keyed.key = Key(16, 'k');
  EXPECT_NE(MeterServer(std::make_unique<TimeMeter>(full_info()), keyed, steady_clock()).address().port, 0);
  const ServerOptions local{.listen = {.host = "127.0.0.2", .port = 0}};
  EXPECT_NE(MeterServer(std::make_unique<TimeMeter>(full_info()), local, steady_clock()).address().port, 0);
}

// Waits until the server has dropped so many readings.
bool lost_at_least(std::size_t readings, const Served& served) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (served.server.stats().lost < readings && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return served.server.stats().lost >= readings;
}

TEST(MeterServer, AClientThatDoesNotReadLosesReadingsAndCostsNoMemory) {
  MeterInfo info = full_info();
  info.nominal_period_s = 0.001;
  const Served served(std::make_unique<TimeMeter>(info, 500), {.max_pending = 256});
  RawClient slow(served);
  ASSERT_TRUE(slow.next());
  slow.send(Login{});
  ASSERT_TRUE(slow.next());
  slow.send(Start{});
  // It reads nothing: what the kernel does not take waits in the server, up to the limit.
  EXPECT_TRUE(lost_at_least(20'000, served));
  EXPECT_LE(served.server.stats().largest_pending, 256U);

  // Once it reads again, the hole is a gap and time goes on in order.
  TimeNs last = 0;
  bool gap = false;
  bool after_gap = false;
  for (int frames = 0; frames < 20'000 && !after_gap; ++frames) {
    const auto message = slow.next();
    ASSERT_TRUE(message);
    const auto* readings = std::get_if<Readings>(&*message);
    if (readings == nullptr) continue;
    for (const Reading& r : readings->readings) {
      EXPECT_GE(r.t_ns, last);
      last = r.t_ns;
      after_gap = after_gap || (gap && !is_gap(r));
      gap = gap || is_gap(r);
    }
  }
  EXPECT_TRUE(after_gap);
}

TEST(MeterServer, AResetThatASlowClientMissesReachesItWithTheNextReading) {
  MeterInfo info = full_info();
  info.nominal_period_s = 0.001;
  std::atomic<std::uint8_t> flags{0};
  const Served served(std::make_unique<TimeMeter>(info, 500, &flags), {.max_pending = 256});
  RawClient slow(served);
  ASSERT_TRUE(slow.next());
  slow.send(Login{});
  ASSERT_TRUE(slow.next());
  slow.send(Start{});
  ASSERT_TRUE(lost_at_least(20'000, served));
  flags = reinitialised;
  ASSERT_TRUE(lost_at_least(served.server.stats().lost + 20'000, served));
  bool told = false;
  for (int frames = 0; frames < 20'000 && !told; ++frames) {
    const auto message = slow.next();
    ASSERT_TRUE(message);
    const auto* readings = std::get_if<Readings>(&*message);
    if (readings == nullptr) continue;
    for (const Reading& r : readings->readings) told = told || (!is_gap(r) && (r.flags & reinitialised) != 0);
  }
  EXPECT_TRUE(told);
}

TEST(MeterServer, TakesSoManyClientsAndNoMore) {
  const Served served(std::make_unique<TimeMeter>(full_info()), {.max_clients = 2});
  auto first = connect(served.uri());
  const auto second = connect(served.uri());
  EXPECT_THAT([&] { connect(served.uri()); }, ThrowsMessage<MeterUnavailable>(HasSubstr("as many clients")));
  first->stop();
  for (int i = 0; i < 2000 && served.server.stats().clients == 2; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_NO_THROW(connect(served.uri()));
}

TEST(MeterServer, EndsWithWhatItsMeterThrew) {
  class Broken final : public Meter {
   public:
    const MeterInfo& info() const override { return info_; }
    void start(TimeNs /*first_window*/) override {}
    std::optional<Reading> poll(TimeNs /*now*/) override { throw std::runtime_error("the meter burns"); }
    void stop() override {}

   private:
    MeterInfo info_ = simple_meter(0.01);
  };
  MeterServer server(std::make_unique<Broken>(), {}, steady_clock());
  const std::atomic<bool> never{false};
  EXPECT_THAT([&] { server.run(never); }, ThrowsMessage<std::runtime_error>(HasSubstr("burns")));
}

}  // namespace
}  // namespace tbft::power::remote
