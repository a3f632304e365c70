#include "tbft/power/server.h"

#include <fmt/format.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "power/engine/sampler.h"
#include "power/protocol/openmetrics.h"
#include "power/remote/auth.h"
#include "power/remote/listening.h"
#include "power/remote/metrics_server.h"
#include "power/remote/owed_flags.h"

namespace tbft::power::remote {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t max_connections = 32;  // logged in or not
constexpr std::size_t max_answers = 16;      // requested by a client and not yet fetched
constexpr std::size_t max_inbox = 4096;      // readings queued by the sampler's thread
constexpr int send_buffer = 64 * 1024;       // bytes; if it is full, readings are dropped instead of delayed

// Enables keep-alive, so that a peer that vanished is detected.
void set_options(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  socket.set_option(asio::socket_base::send_buffer_size(send_buffer), ignored);
  const auto set = [&](int name, int value) { ::setsockopt(socket.native_handle(), IPPROTO_TCP, name, &value, sizeof value); };
  set(TCP_KEEPIDLE, 20);  // s
  set(TCP_KEEPINTVL, 5);
  set(TCP_KEEPCNT, 3);
  set(TCP_USER_TIMEOUT, 20'000);  // ms
}

// State shared by all connections.
struct Hub {
  const ServerOptions* options = nullptr;
  Clock* clock = nullptr;
  const MeterInfo* info = nullptr;
  Bytes meter;  // the encoded message
  mutable std::mutex mutex;
  ServerStats stats;  // guarded by the mutex

  void event(const std::string& text) const {
    if (options->on_event) options->on_event(text);
  }
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, Hub& hub) : socket_(std::move(socket)), timer_(socket_.get_executor()), hub_(hub) {
    error_code error;
    const auto peer = socket_.remote_endpoint(error);
    peer_ = error ? "?" : to_string(Address{.host = peer.address().to_string(), .port = peer.port()});
    set_options(socket_);
  }

  bool closed() const { return closed_; }
  bool logged_in() const { return logged_in_; }

  void begin() {
    timer_.expires_after(std::chrono::nanoseconds(to_ns(hub_.options->login_timeout)));
    timer_.async_wait([self = shared_from_this()](error_code error) {
      if (!error && !self->logged_in_) self->close("did not log in in time");
    });
    server_nonce_ = random_nonce();
    answer(encode(Hello{.key_needed = hub_.options->key.has_value(), .nonce = server_nonce_}));
    read();
  }

  void refuse(Reason reason, std::string_view why) {
    refused_ = true;
    answer(encode(Refused{.reason = reason}));
    hub_.event(fmt::format("{}: refused, {}", peer_, why));
  }

  // Queues a reading for this client. If the client is too slow, one gap replaces the readings that it misses.
  void offer(Reading reading) {
    if (!started_ || closed_) return;
    const std::size_t limit = hub_.options->max_pending;
    const bool lose = overflowing_ ? pending_.size() > limit / 2 : pending_.size() + 1 >= limit;
    if (!lose) {
      owed_.pay(reading, *hub_.info);
      pending_.push_back(reading);
    } else {
      owed_.drop(reading);
      ++lost_;
      if (!overflowing_) pending_.push_back({.t_ns = reading.t_ns, .flags = gap_begins});
    }
    overflowing_ = lose;
    const std::lock_guard lock(hub_.mutex);
    hub_.stats.lost += lose ? 1 : 0;
    hub_.stats.largest_pending = std::max(hub_.stats.largest_pending, pending_.size());
  }

  void close(std::string_view why) {
    if (std::exchange(closed_, true)) return;
    error_code ignored;
    timer_.cancel();
    socket_.close(ignored);
    if (!refused_) hub_.event(fmt::format("{}: {}{}", peer_, why, lost_ > 0 ? fmt::format(", missed {} readings", lost_) : ""));
    const std::lock_guard lock(hub_.mutex);
    if (logged_in_) --hub_.stats.clients;
  }

  void flush() {
    if (writing_ || closed_) return;
    out_.clear();
    for (const Answer& a : answers_) append(a.sealed ? seal_out_.close(a.payload) : frame(a.payload));
    answers_.clear();
    if (out_.empty() && !pending_.empty()) {
      const auto count = std::min(pending_.size(), max_readings);
      const auto end = pending_.begin() + static_cast<std::ptrdiff_t>(count);
      append(seal_out_.close(encode(Readings{.readings = {pending_.begin(), end}})));
      pending_.erase(pending_.begin(), end);
    }
    if (out_.empty()) return;
    writing_ = true;
    asio::async_write(socket_, asio::buffer(out_), [self = shared_from_this()](error_code error, std::size_t) {
      self->writing_ = false;
      if (error || self->refused_) return self->close("left");
      self->flush();
    });
  }

 private:
  struct Answer {
    Bytes payload;
    bool sealed = true;  // sealed with the connection's key, once there is one
  };

  void append(const Bytes& bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void answer(Bytes payload, bool sealed = true) {
    answers_.push_back({.payload = std::move(payload), .sealed = sealed});
    flush();
  }

  void read() {
    socket_.async_read_some(asio::buffer(in_), [self = shared_from_this()](error_code error, std::size_t size) {
      if (error) return self->close("left");
      self->received(ByteView(self->in_).first(size));
      if (!self->closed_ && !self->refused_) self->read();
    });
  }

  void received(ByteView bytes) {
    const TimeNs arrived = hub_.clock->now();
    frames_.feed(bytes);
    while (const auto sealed = frames_.next()) {
      const auto payload = logged_in_ ? seal_in_.open(*sealed) : std::optional(*sealed);
      const auto message = payload ? decode(*payload) : std::nullopt;
      if (!message || !handle(*message, arrived)) return close("sent what is not the protocol, or a wrong tag");
      if (refused_) return;
    }
    if (frames_.broken()) close("sent what is not the protocol");
  }

  bool handle(const Message& message, TimeNs arrived) {
    if (const auto* login = std::get_if<Login>(&message)) return !logged_in_ && log_in(*login);
    if (!logged_in_) return false;
    if (const auto* ask = std::get_if<AskTime>(&message)) {
      if (answers_.size() >= max_answers) return false;
      answer(encode(Time{.t1 = ask->t1, .t2 = arrived, .t3 = hub_.clock->now()}));
      return true;
    }
    if (!std::holds_alternative<Start>(message)) return false;
    started_ = true;
    return true;
  }

  bool log_in(const Login& login) {
    Welcome welcome;
    if (login.version != protocol_version) {
      refuse(Reason::other_version, fmt::format("it speaks version {} of the protocol", login.version));
      return true;
    }
    const auto& key = hub_.options->key;
    if (key && !equal(login.proof, proof(*key, Side::client, server_nonce_, login.nonce))) {
      refuse(Reason::wrong_key, "wrong key");
      return true;
    }
    {
      const std::lock_guard lock(hub_.mutex);
      if (hub_.stats.clients < hub_.options->max_clients) {
        ++hub_.stats.clients;
        logged_in_ = true;
      }
    }
    if (!logged_in_) {
      refuse(Reason::too_many_clients, "too many clients");
      return true;
    }
    timer_.cancel();
    hub_.event(fmt::format("{}: connected", peer_));
    if (key) welcome.proof = proof(*key, Side::server, server_nonce_, login.nonce);
    answer(encode(welcome), false);
    if (key) {
      seal_out_ = Seal(*key, Side::server, server_nonce_, login.nonce);
      seal_in_ = Seal(*key, Side::client, server_nonce_, login.nonce);
    }
    answer(hub_.meter);
    return true;
  }
  tcp::socket socket_;
  asio::steady_timer timer_;
  Hub& hub_;
  std::string peer_;
  FrameReader frames_;
  std::array<std::uint8_t, 1024> in_{};
  Bytes out_;
  bool writing_ = false;
  bool closed_ = false;
  bool refused_ = false;
  bool logged_in_ = false;
  bool started_ = false;
  bool overflowing_ = false;
  std::size_t lost_ = 0;
  Digest server_nonce_{};
  Seal seal_in_, seal_out_;
  std::vector<Answer> answers_;
  std::deque<Reading> pending_;
  OwedFlags owed_;
};

tcp::endpoint resolve(asio::io_context& io, const ServerOptions& options) {
  tcp::endpoint endpoint = resolve(io, options.listen, "--listen");
  if (!options.key && !is_loopback(endpoint.address())) {
    throw BadListenAddress(fmt::format(
        "--listen {}: other machines can reach this address, so a key is needed: `(umask 077; openssl rand -hex 32 > "
        "meter.key)`, then --key-file meter.key",
        to_string(options.listen)));
  }
  return endpoint;
}

}  // namespace

struct MeterServer::Impl {
  std::unique_ptr<Meter> meter;
  ServerOptions options;
  std::shared_ptr<Clock> clock;
  MeterInfo info;
  Hub hub;
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  asio::steady_timer retry{io};
  std::set<std::shared_ptr<Connection>> connections;
  std::optional<MeterTotals> totals;  // used by the server's thread alone
  double created_s = 0;               // when the totals were 0, since 1970
  std::optional<MetricsServer> metrics;

  std::mutex mutex;  // guards the inbox below, which the sampler's thread fills and the server's thread empties
  std::vector<Reading> inbox;
  OwedFlags owed;
  bool inbox_overflowed = false;
  bool drain_posted = false;

  void listen() {
    listen_on(acceptor, resolve(io, options));
    if (!options.openmetrics) return;
    totals.emplace(info);
    created_s = to_seconds(clock_pair_now().system_ns);
    metrics.emplace(io, *options.openmetrics, [this] { return openmetrics_text(info, totals->at(clock->now()), created_s); });
  }

  void accept() {
    accept_each(acceptor, retry, [this](tcp::socket socket) {
      std::erase_if(connections, [](const auto& c) { return c->closed(); });
      const auto connection = std::make_shared<Connection>(std::move(socket), hub);
      if (connections.size() < max_connections) {
        connections.insert(connection);
        connection->begin();
      } else {
        connection->refuse(Reason::too_many_clients, "too many connections");
      }
    });
  }

  // Called on the sampler's thread.
  void receive(Reading reading) {
    const std::lock_guard lock(mutex);
    if (inbox.size() < max_inbox) {
      owed.pay(reading, info);
      inbox.push_back(reading);
    } else {
      owed.drop(reading);
      if (!std::exchange(inbox_overflowed, true)) inbox.push_back({.t_ns = reading.t_ns, .flags = gap_begins});
    }
    if (!std::exchange(drain_posted, true)) asio::post(io, [this] { drain(); });
  }

  void drain() {
    std::vector<Reading> readings;
    {
      const std::lock_guard lock(mutex);
      readings.swap(inbox);
      drain_posted = false;
      inbox_overflowed = false;
    }
    if (totals) std::ranges::for_each(readings, [&](const Reading& reading) { totals->add(reading); });
    std::erase_if(connections, [](const auto& c) { return c->closed(); });
    for (const auto& connection : connections) {
      for (const Reading& reading : readings) connection->offer(reading);
      connection->flush();
    }
  }
};

MeterServer::MeterServer(std::unique_ptr<Meter> meter, ServerOptions options, std::shared_ptr<Clock> clock)
    : impl_(std::make_unique<Impl>()) {
  Impl& self = *impl_;
  self.meter = std::move(meter);
  self.options = std::move(options);
  self.clock = std::move(clock);
  const Recording* recording = self.meter->recording();
  if (recording != nullptr && recording->instant) {
    throw BadMeterUri(fmt::format("{}: an instant replay cannot be served; take speed=realtime", self.meter->info().uri));
  }
  self.info = self.meter->sampled_info();
  self.hub.options = &self.options;
  self.hub.clock = self.clock.get();
  self.hub.info = &self.info;
  std::uint64_t run = 0;
  const Digest random = random_nonce();
  for (const std::uint8_t byte : ByteView(random).first(8)) run = run << 8 | byte;
  self.hub.meter = encode(MeterMessage{.run = run, .info = public_info(self.info)});
  self.listen();
  self.meter->start(self.clock->now());
}

MeterServer::~MeterServer() = default;

const MeterInfo& MeterServer::meter() const {
  return impl_->info;
}

std::optional<Address> MeterServer::metrics_address() const {
  return impl_->metrics ? std::optional(impl_->metrics->address()) : std::nullopt;
}

Address MeterServer::address() const {
  const auto endpoint = impl_->acceptor.local_endpoint();
  return {.host = endpoint.address().to_string(), .port = endpoint.port()};
}

void MeterServer::run(const std::atomic<bool>& stop) {
  Impl& self = *impl_;
  self.accept();
  {
    const Sampler sampler(
        *self.meter, *self.clock, self.meter->interval().count(), [&self](const Reading& r) { self.receive(r); },
        self.options.realtime);
    while (!stop) {
      self.io.run_for(std::chrono::milliseconds(50));
      if (const auto error = sampler.error()) std::rethrow_exception(error);
    }
  }
  self.acceptor.close();
  if (self.metrics) self.metrics->close();
  for (const auto& connection : self.connections) connection->close("server ends");
  self.meter->stop();
}

ServerStats MeterServer::stats() const {
  const std::lock_guard lock(impl_->hub.mutex);
  return impl_->hub.stats;
}

}  // namespace tbft::power::remote
