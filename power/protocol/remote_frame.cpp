#include "power/protocol/remote_frame.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tbft::power::remote {
namespace {

constexpr std::string_view magic = "tbft";
constexpr TimeNs latest_time = TimeNs{1} << 61;  // differences of two such times cannot overflow
constexpr double longest_period_s = 86400;
constexpr std::uint8_t all_flags = saturated | reinitialised | repeated | gap_begins | asleep;

enum Type : std::uint8_t {
  hello = 1,
  login = 2,
  welcome = 3,
  refused = 4,
  meter = 5,
  start = 6,
  readings = 7,
  ask_time = 8,
  time = 9,
};

class Writer {
 public:
  explicit Writer(Type type) { u8(type); }
  void u8(std::uint8_t value) { bytes_.push_back(value); }
  void u16(std::uint16_t value) { big_endian(value, 2); }
  void u64(std::uint64_t value) { big_endian(value, 8); }
  void i64(std::int64_t value) { u64(std::bit_cast<std::uint64_t>(value)); }
  void f64(double value) { u64(std::bit_cast<std::uint64_t>(value)); }
  void raw(ByteView value) { bytes_.insert(bytes_.end(), value.begin(), value.end()); }
  void text(std::string_view value, std::size_t limit) {
    value = value.substr(0, limit);
    u16(static_cast<std::uint16_t>(value.size()));
    for (const char c : value) u8(static_cast<std::uint8_t>(c));
  }
  Bytes take() { return std::move(bytes_); }

 private:
  void big_endian(std::uint64_t value, int size) {
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) u8(static_cast<std::uint8_t>(value >> shift));
  }
  Bytes bytes_;
};

// A reader of numbers. A read past the end or a value out of bounds makes it bad; its later values are not used.
class Parser {
 public:
  explicit Parser(ByteView bytes) : rest_(bytes) {}
  bool good() const { return good_; }
  bool finished() const { return good_ && rest_.empty(); }
  void require(bool condition) { good_ = good_ && condition; }

  std::uint8_t u8() { return static_cast<std::uint8_t>(big_endian(1)); }
  std::uint8_t u8_up_to(std::uint8_t limit) {
    const std::uint8_t value = u8();
    require(value <= limit);
    return value;
  }
  std::uint64_t u64() { return big_endian(8); }
  TimeNs time_ns() {
    const auto value = std::bit_cast<std::int64_t>(u64());
    require(value >= -latest_time && value <= latest_time);
    return value;
  }
  double f64() { return std::bit_cast<double>(u64()); }
  double bounded(double low, double high) {
    const double value = f64();
    require(value >= low && value <= high);
    return value;
  }
  // Reads a physical value, finite or unknown.
  double physical() {
    const double value = f64();
    require(!std::isinf(value));
    return std::isnan(value) ? unknown : value;
  }
  std::optional<double> limit() {
    const double value = physical();
    if (std::isnan(value)) return std::nullopt;
    require(value >= 0);
    return value;
  }
  Digest digest() {
    Digest value{};
    const ByteView bytes = take(value.size());
    std::ranges::copy(bytes, value.begin());
    return value;
  }
  std::string text(std::size_t limit) {
    const auto size = static_cast<std::size_t>(big_endian(2));
    require(size <= limit);
    const ByteView bytes = take(size);
    require(std::ranges::all_of(bytes, [](std::uint8_t c) { return c >= 0x20 && c != 0x7f; }));
    return {bytes.begin(), bytes.end()};
  }
  ByteView take(std::size_t size) {
    require(size <= rest_.size());
    if (!good_) return {};
    const ByteView bytes = rest_.first(size);
    rest_ = rest_.subspan(size);
    return bytes;
  }

 private:
  std::uint64_t big_endian(std::size_t size) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : take(size)) value = value << 8 | byte;
    return value;
  }
  ByteView rest_;
  bool good_ = true;
};

Bytes bytes_of(const Hello& m) {
  Writer w(hello);
  for (const char c : magic) w.u8(static_cast<std::uint8_t>(c));
  w.u8(m.version);
  w.u8(m.key_needed ? 1 : 0);
  w.raw(m.nonce);
  return w.take();
}
Bytes bytes_of(const Login& m) {
  Writer w(login);
  w.u8(m.version);
  w.raw(m.nonce);
  w.raw(m.proof);
  return w.take();
}
Bytes bytes_of(const Welcome& m) {
  Writer w(welcome);
  w.raw(m.proof);
  return w.take();
}
Bytes bytes_of(const Refused& m) {
  Writer w(refused);
  w.u8(static_cast<std::uint8_t>(m.reason));
  return w.take();
}
Bytes bytes_of(const MeterMessage& m) {
  Writer w(meter);
  const MeterInfo& info = m.info;
  const Accuracy& a = info.accuracy;
  w.u64(m.run);
  w.u8(static_cast<std::uint8_t>(info.scope));
  w.u8(info.measured ? 1 : 0);
  w.u8(info.counter ? 1 : 0);
  w.u8(info.paces_itself ? 1 : 0);
  for (const double value :
       {info.nominal_period_s, info.averaging_s, info.current_share, info.latency_s, info.gap_limit_s,
        a.gain_limit_rel.value_or(unknown), a.offset_limit_A.value_or(unknown), a.offset_limit_V.value_or(unknown),
        a.offset_limit_W.value_or(unknown), a.resolution_A, a.resolution_V, a.resolution_W, a.resolution_J})
    w.f64(value);
  w.text(info.uri, max_uri);
  w.text(info.description, max_description);
  w.text(info.assumption, max_assumption);
  return w.take();
}
Bytes bytes_of(const Start& /*m*/) {
  return Writer(start).take();
}
Bytes bytes_of(const Readings& m) {
  if (m.readings.empty() || m.readings.size() > max_readings) throw std::invalid_argument("remote: 1 to 40 readings a frame");
  Writer w(readings);
  w.u8(static_cast<std::uint8_t>(m.readings.size()));
  for (const Reading& r : m.readings) {
    w.i64(r.t_ns);
    for (const double value : {r.volts_V, r.amps_A, r.power_W, r.energy_J}) w.f64(value);
    w.u8(r.flags);
  }
  return w.take();
}
Bytes bytes_of(const AskTime& m) {
  Writer w(ask_time);
  w.i64(m.t1);
  return w.take();
}
Bytes bytes_of(const Time& m) {
  Writer w(time);
  for (const TimeNs t : {m.t1, m.t2, m.t3}) w.i64(t);
  return w.take();
}

Hello parse_hello(Parser& p) {
  for (const char c : magic) p.require(p.u8() == static_cast<std::uint8_t>(c));
  Hello m;
  m.version = p.u8();
  m.key_needed = p.u8_up_to(1) == 1;
  m.nonce = p.digest();
  return m;
}
Login parse_login(Parser& p) {
  Login m;
  m.version = p.u8();
  m.nonce = p.digest();
  m.proof = p.digest();
  return m;
}
Refused parse_refused(Parser& p) {
  const std::uint8_t reason = p.u8_up_to(3);
  p.require(reason >= 1);
  return {.reason = static_cast<Reason>(reason)};
}
MeterMessage parse_meter(Parser& p) {
  MeterMessage m;
  MeterInfo& info = m.info;
  m.run = p.u64();
  info.scope = static_cast<Scope>(p.u8_up_to(static_cast<std::uint8_t>(Scope::battery)));
  info.measured = p.u8_up_to(1) == 1;
  info.counter = p.u8_up_to(1) == 1;
  info.paces_itself = p.u8_up_to(1) == 1;
  info.nominal_period_s = p.bounded(1e-6, longest_period_s);
  info.averaging_s = p.bounded(0, longest_period_s);
  info.current_share = p.bounded(0, 1);
  info.latency_s = p.bounded(0, longest_period_s);
  info.gap_limit_s = p.bounded(0, longest_period_s);
  info.accuracy.gain_limit_rel = p.limit();
  info.accuracy.offset_limit_A = p.limit();
  info.accuracy.offset_limit_V = p.limit();
  info.accuracy.offset_limit_W = p.limit();
  for (double* step :
       {&info.accuracy.resolution_A, &info.accuracy.resolution_V, &info.accuracy.resolution_W, &info.accuracy.resolution_J})
    *step = p.bounded(0, 1e12);
  info.uri = p.text(max_uri);
  info.description = p.text(max_description);
  info.assumption = p.text(max_assumption);
  return m;
}
Readings parse_readings(Parser& p) {
  Readings m;
  const std::size_t count = p.u8();
  p.require(count >= 1 && count <= max_readings);
  for (std::size_t i = 0; i < count && p.good(); ++i) {
    Reading r;
    r.t_ns = p.time_ns();
    for (double Reading::*value : {&Reading::volts_V, &Reading::amps_A, &Reading::power_W, &Reading::energy_J})
      r.*value = p.physical();
    r.flags = p.u8_up_to(all_flags);
    m.readings.push_back(r);
  }
  return m;
}
Time parse_time(Parser& p) {
  Time m;
  for (TimeNs* t : {&m.t1, &m.t2, &m.t3}) *t = p.time_ns();
  p.require(m.t3 >= m.t2);
  return m;
}

Message parse(std::uint8_t type, Parser& p) {
  switch (type) {
    case hello:
      return parse_hello(p);
    case login:
      return parse_login(p);
    case welcome:
      return Welcome{.proof = p.digest()};
    case refused:
      return parse_refused(p);
    case meter:
      return parse_meter(p);
    case readings:
      return parse_readings(p);
    case ask_time:
      return AskTime{.t1 = p.time_ns()};
    case time:
      return parse_time(p);
    default:
      p.require(type == start);
      return Start{};
  }
}

}  // namespace

Bytes encode(const Message& message) {
  return std::visit([](const auto& m) { return bytes_of(m); }, message);
}

std::optional<Message> decode(ByteView payload) {
  if (payload.empty()) return std::nullopt;
  Parser parser(payload.subspan(1));
  Message message = parse(payload.front(), parser);
  if (!parser.finished()) return std::nullopt;
  return message;
}

Bytes frame(ByteView payload, ByteView tag) {
  const std::size_t length = payload.size() + tag.size();
  if (length == 0 || length > max_frame) throw std::invalid_argument("remote: a frame of this length cannot be sent");
  Bytes bytes;
  bytes.reserve(2 + length);
  bytes.push_back(static_cast<std::uint8_t>(length >> 8));
  bytes.push_back(static_cast<std::uint8_t>(length));
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  bytes.insert(bytes.end(), tag.begin(), tag.end());
  return bytes;
}

void FrameReader::feed(ByteView bytes) {
  if (broken_) return;
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ = 0;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

std::optional<ByteView> FrameReader::next() {
  const ByteView rest = ByteView(buffer_).subspan(used_);
  if (broken_ || rest.size() < 2) return std::nullopt;
  const std::size_t length = static_cast<std::size_t>(rest[0]) << 8 | rest[1];
  broken_ = length == 0 || length > max_frame;
  if (broken_ || rest.size() < 2 + length) return std::nullopt;
  used_ += 2 + length;
  return rest.subspan(2, length);
}

}  // namespace tbft::power::remote
