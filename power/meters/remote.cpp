// remote://HOST:PORT?key_file=F : a meter attached to another machine, served there by `tbft serve-meter`.
//
// The description is that of the served meter: measured, scope, rates, accuracy. Readings are stamped on this machine's steady
// clock; latency_s grows by the stated error of the offset between the clocks (twice the error at the start plus 1 ms), and a
// reading whose instant is less certain is a gap. A lost connection is a gap and is retried after 0.1 s to 5 s. The first
// new value of a restarted server is flagged `reinitialised`, and a counter continues from its last value.
//
// Opening connects and gets the meter's info. It throws BadMeterUri (no HOST:PORT, an unusable key file) and MeterUnavailable
// (no answer in time, another key).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <utility>

#include "power/meters/back_off.h"
#include "power/meters/list.h"
#include "power/remote/auth.h"
#include "power/remote/clock_offset.h"
#include "power/remote/owed_flags.h"
#include "power/remote/stream.h"

namespace tbft::power {
namespace {

using namespace remote;

constexpr MeterOption key_option{.name = "key_file",
                                 .meaning = "the server's key file",
                                 .values = "a path",
                                 .otherwise = "no key, which only a server on loopback permits"};
constexpr MeterOption timeout_option{
    .name = "timeout", .meaning = "limit for the first connection", .unit = "s", .low = 0.01, .high = 5, .fallback = 5};
constexpr MeterOption served_gap_limit_option = [] {
  MeterOption option = gap_limit_option;
  option.otherwise = "the served meter's";
  return option;
}();
constexpr MeterOption options[] = {key_option, timeout_option, served_gap_limit_option};

constexpr TimeNs ms = 1'000'000;
constexpr TimeNs ask_every = 250 * ms;
constexpr TimeNs patience = 5000 * ms;   // for an answer, before the connection counts as lost
constexpr TimeNs doubt = 4 * ask_every;  // how long an exchange that refutes the stamps makes gaps of the next ones
constexpr int first_exchanges = 8;
constexpr std::size_t bytes_a_poll = 65536;
constexpr std::size_t max_held = 8192;  // readings; further ones stay at the server
// Added to the stated error: two seconds of drift, which covers eight consecutive lost exchanges.
constexpr double drift_allowance_s = 2 * ClockOffset::drift_limit;

class Remote final : public Meter {
 public:
  Remote(const MeterUri& uri, std::shared_ptr<Clock> clock, const Address& address)
      : uri_(uri),
        clock_(std::move(clock)),
        where_(to_string(address)),
        timeout_(from_seconds(uri.number_or_fallback(timeout_option))),
        stream_(address) {
    if (const auto file = uri.text(key_option.name)) key_ = read_key_file(std::string(*file));
    connect_within_timeout();
    // From now on the meter's description is known and must not change.
    stated_error_s_ = 2 * offset_.error_s() + drift_allowance_s;
    info_ = served_;
    info_.uri = to_string(uri_);
    if (!info_.assumption.empty()) info_.assumption = "at the server: " + info_.assumption;
    info_.description =
        fmt::format("remote {}: {} ({}); clocks within {:.2g} s", where_, served_.description, served_.uri, stated_error_s_);
    info_.latency_s += stated_error_s_;
    // Without an exchange the error grows with the drift; beyond the stated one a late reading is a gap.
    const double certain_s = (stated_error_s_ - offset_.error_s()) / ClockOffset::drift_limit;
    info_.arrival_delay_s = std::min(certain_s, to_seconds(patience));
    info_.paces_itself = true;  // the server paces it, independent of the polls of this side
    if (uri.text(gap_limit_option.name)) info_.gap_limit_s = uri.gap_limit_s(info_.nominal_period_s);
  }

  const MeterInfo& info() const override { return info_; }

  void start(TimeNs /*first_window*/) override {
    if (phase_ != Phase::ready) connect_within_timeout();
    // The offset has become less certain since the connection was made, so it is measured again.
    work_until([&] { return offset_.error_s() <= stated_error_s_; });
    started_ = true;
    if (phase_ == Phase::ready) send(Start{});
  }

  void stop() override {
    stream_.close();
    phase_ = Phase::closed;
    started_ = false;
  }

  std::optional<Reading> poll(TimeNs now) override {
    if (now != std::exchange(last_poll_, now)) work();
    if (held_.empty()) return std::nullopt;
    Reading reading = held_.front();
    held_.pop_front();
    return reading;
  }

  // While waiting for an answer, polls are frequent, because unread time counts as round trip. Their spacing grows with the
  // wait, so that a slow network costs few polls.
  TimeNs next_poll(TimeNs scheduled) const override {
    if (phase_ == Phase::closed) return std::min(scheduled, std::max(retry_at_, last_poll_ + ms));
    if (phase_ != Phase::ready) return std::min(scheduled, last_poll_ + ms);
    if (!asked_at_) return std::min(scheduled, ask_at_);
    return std::min(scheduled, last_poll_ + look_every());
  }

 private:
  enum class Phase { closed, connecting, hello, welcome, meter, first_times, ready };

  TimeNs look_every() const { return std::clamp((last_poll_ - *asked_at_) / 8, ms / 10, 10 * ms); }

  // Continues the connection or the exchange in progress. Never blocks.
  void work() {
    const TimeNs now = clock_->now();
    if (phase_ == Phase::closed) {
      if (now < retry_at_) return;
      begin(now);
    }
    stream_.poll();
    if (phase_ == Phase::connecting && stream_.state() == Stream::State::open) phase_ = Phase::hello;
    std::size_t got = 0;
    while (stream_.state() == Stream::State::open && got < bytes_a_poll && held_.size() < max_held) {
      const Bytes bytes = stream_.read(4096);
      if (bytes.empty()) break;
      got += bytes.size();
      received(bytes);
    }
    keep_time();
    if (phase_ == Phase::closed) return;
    if (stream_.state() == Stream::State::closed) return lost(stream_.error());
    if (clock_->now() - waiting_since_ > patience && (phase_ != Phase::ready || asked_at_)) lost("no answer");
  }

  void begin(TimeNs now) {
    frames_ = FrameReader();
    seal_in_ = Seal();
    seal_out_ = Seal();
    offset_ = ClockOffset();
    exchanges_ = 0;
    asked_at_.reset();
    waiting_since_ = now;
    phase_ = Phase::connecting;
    stream_.connect();
  }

  void lost(std::string why) {
    problem_ = std::move(why);
    stream_.close();
    phase_ = Phase::closed;
    const TimeNs now = clock_->now();
    retry_at_ = now + back_off_.next();
    if (started_) gap(now);
  }

  void received(ByteView bytes) {
    const TimeNs arrived = clock_->now();
    frames_.feed(bytes);
    while (phase_ != Phase::closed) {
      const auto sealed = frames_.next();
      if (!sealed) break;
      const auto payload = seal_in_.open(*sealed);
      if (!payload) return lost("a frame with a wrong tag: changed on its way");
      const auto message = decode(*payload);
      if (!message) return lost("the server sent no message of this protocol version");
      handle(*message, arrived);
    }
    if (frames_.broken()) lost("the server does not use the protocol");
  }

  void handle(const Message& message, TimeNs arrived) {
    if (const auto* m = std::get_if<Refused>(&message)) return refused(m->reason);
    if (const auto* m = std::get_if<Hello>(&message); m && phase_ == Phase::hello) return log_in(*m);
    if (const auto* m = std::get_if<Welcome>(&message); m && phase_ == Phase::welcome) return welcomed(*m);
    if (const auto* m = std::get_if<MeterMessage>(&message); m && phase_ == Phase::meter) return meter_is(*m);
    if (const auto* m = std::get_if<Time>(&message); m && asked_at_ == m->t1) return time_is(*m, arrived);
    const auto* m = std::get_if<Readings>(&message);
    if (m == nullptr || phase_ != Phase::ready || !started_) return lost("an unexpected message");
    for (const Reading& reading : m->readings) hold(reading, arrived);
  }

  void refused(Reason reason) {
    if (reason == Reason::wrong_key) return lost("it has another key: give both sides the same key file");
    if (reason == Reason::too_many_clients) return lost("it has as many clients as it takes");
    lost("it speaks another version of the protocol: install the same tbft on both machines");
  }

  void log_in(const Hello& hello) {
    if (hello.version != protocol_version) return refused(Reason::other_version);
    if (hello.key_needed && !key_) return lost("it needs a key: add ?key_file=FILE");
    if (!hello.key_needed && key_)
      return lost("it has no key, so that anyone could answer: give it --key-file, or leave key_file out");
    server_nonce_ = hello.nonce;
    client_nonce_ = random_nonce();
    Login login{.nonce = client_nonce_};
    if (key_) login.proof = proof(*key_, Side::client, server_nonce_, client_nonce_);
    send(login);
    phase_ = Phase::welcome;
  }

  void welcomed(const Welcome& welcome) {
    if (key_) {
      if (!equal(welcome.proof, proof(*key_, Side::server, server_nonce_, client_nonce_))) return refused(Reason::wrong_key);
      seal_in_ = Seal(*key_, Side::server, server_nonce_, client_nonce_);
      seal_out_ = Seal(*key_, Side::client, server_nonce_, client_nonce_);
    }
    phase_ = Phase::meter;
  }

  void meter_is(const MeterMessage& meter) {
    if (known_ && encode(MeterMessage{.info = meter.info}) != encode(MeterMessage{.info = served_})) {
      throw MeterUnavailable(fmt::format("meter remote: {} now serves another meter ({}) than before ({}): open it again",
                                         where_, meter.info.uri, served_.uri));
    }
    restarted_ = restarted_ || (known_ && meter.run != run_);
    known_ = true;
    run_ = meter.run;
    served_ = meter.info;
    phase_ = Phase::first_times;
    ask(clock_->now());
  }

  void ask(TimeNs now) {
    asked_at_ = now;
    waiting_since_ = now;
    ask_at_ = now + ask_every;
    send(AskTime{.t1 = now});
  }

  void time_is(const Time& time, TimeNs arrived) {
    asked_at_.reset();
    const double error_s = offset_.error_s(time.t1, time.t2, time.t3, arrived);
    const bool agrees = offset_.exchange(time.t1, time.t2, time.t3, arrived);
    if (phase_ == Phase::ready) {
      if (started_ && !agrees && error_s > stated_error_s_) distrust(arrived);
      return;
    }
    if (!agrees) exchanges_ = 0;  // it restarts the offset and counts as its first exchange
    if (!offset_.known() || ++exchanges_ < first_exchanges) return ask(clock_->now());
    phase_ = Phase::ready;
    back_off_.reset();
    if (started_) send(Start{});
  }

  // The last stamps were wrong by more than is stated: a clock stopped, or one is so fast that the next ones will be wrong,
  // too.
  void distrust(TimeNs now) {
    doubted_until_ = now + doubt;
    gap(now);
  }

  void keep_time() {
    const TimeNs now = clock_->now();
    offset_.advance(now);
    if (phase_ == Phase::ready && !asked_at_ && now >= ask_at_) ask(now);
  }

  void hold(Reading reading, TimeNs now) {
    offset_.advance(now);
    const TimeNs t = offset_.to_local(reading.t_ns);
    // A reading from the future: one of the clocks stopped or jumped since the last exchange.
    const bool uncertain = offset_.error_s() > stated_error_s_ || t > now + from_seconds(stated_error_s_);
    if (uncertain || now < doubted_until_) {
      owed_.drop(reading);
      gap(now);
      if (uncertain && !asked_at_) ask_at_ = now;
      return;
    }
    reading.t_ns = in_order(t);
    if (served_.counter && std::isfinite(reading.energy_J)) {
      // The energy between the last reading of one server and the first of the next is unknown, so the counter does not rise
      // there.
      if (restarted_) base_J_ = last_J_ - reading.energy_J;
      reading.energy_J = restarted_ ? last_J_ : reading.energy_J + base_J_;
      last_J_ = reading.energy_J;
    }
    // A flag on a repeated value or a failed read would not count.
    if (is_sample(reading, served_) && std::exchange(restarted_, false)) reading.flags |= reinitialised;
    owed_.pay(reading, served_);
    held_.push_back(reading);
  }
  // A gap begins immediately after the last reading and not at its detection, because readings that arrive later are older than
  // now.
  void gap(TimeNs now) {
    const TimeNs t = last_t_ > 0 ? last_t_ + 1 : now - from_seconds(info_.latency_s + info_.averaging_s);
    if (held_.size() < 2 * max_held) held_.push_back({.t_ns = in_order(t), .flags = gap_begins});
  }
  TimeNs in_order(TimeNs t) { return last_t_ = std::max(t, last_t_ + 1); }

  void send(const Message& message) { stream_.write(seal_out_.close(encode(message))); }

  // Waits, before sampling, until `done` or the timeout; later, poll() does this work.
  template <typename Done>
  bool work_until(Done done) {
    const TimeNs give_up = clock_->now() + timeout_;
    for (work(); !done(); work()) {
      const TimeNs now = clock_->now();
      if (now >= give_up || phase_ == Phase::closed) return false;
      clock_->sleep_until(now + ms / 10);
    }
    return true;
  }
  void connect_within_timeout() {
    retry_at_ = clock_->now();
    problem_ = fmt::format("no answer within {} s", to_seconds(timeout_));
    if (work_until([&] { return phase_ == Phase::ready; })) return;
    stream_.close();
    phase_ = Phase::closed;
    throw MeterUnavailable(
        fmt::format("meter remote: {}: {}; on the machine with the meter, run `tbft serve-meter -m URI --listen ADDRESS:PORT`",
                    where_, problem_));
  }

  MeterUri uri_;
  std::shared_ptr<Clock> clock_;
  std::string where_;
  TimeNs timeout_;
  std::optional<Key> key_;
  MeterInfo info_;
  MeterInfo served_;
  double stated_error_s_ = 0;

  Stream stream_;
  Phase phase_ = Phase::closed;
  FrameReader frames_;
  Seal seal_in_, seal_out_;
  Digest server_nonce_{}, client_nonce_{};
  std::string problem_;
  TimeNs retry_at_ = 0;
  BackOff back_off_{0.1, 5};
  TimeNs waiting_since_ = 0;

  ClockOffset offset_;
  int exchanges_ = 0;
  std::optional<TimeNs> asked_at_;
  TimeNs ask_at_ = 0;
  TimeNs doubted_until_ = 0;
  TimeNs last_poll_ = 0;

  bool started_ = false;
  bool known_ = false;
  std::uint64_t run_ = 0;
  bool restarted_ = false;
  double base_J_ = 0, last_J_ = 0;
  OwedFlags owed_;
  TimeNs last_t_ = 0;
  std::deque<Reading> held_;
};

}  // namespace

std::span<const MeterOption> remote_options() {
  return options;
}

std::unique_ptr<Meter> make_remote(const MeterUri& uri, std::shared_ptr<Clock> clock) {
  uri.allow(options);
  const auto address = parse_address(uri.path);
  if (!address || address->port == 0)
    throw BadMeterUri("meter remote: no HOST:PORT; remote://192.0.2.7:7007?key_file=meter.key");
  try {
    return std::make_unique<Remote>(uri, std::move(clock), *address);
  } catch (const MeterUnavailable&) {
    throw;
  } catch (const BadMeterUri&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw MeterUnavailable(fmt::format("meter remote: {}: {}", to_string(*address), error.what()));
  }
}

std::unique_ptr<Meter> open_remote(const MeterUri& uri, double /*interval_s*/) {
  return make_remote(uri, steady_clock());
}

}  // namespace tbft::power
