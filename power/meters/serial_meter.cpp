#include "power/meters/serial_meter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace tbft::power {
namespace {

constexpr TimeNs ask_every = 100'000'000;
constexpr TimeNs listen_every = 10'000'000;
constexpr TimeNs answer_within = 400'000'000;          // in addition to the transport, because Bluetooth is slow
constexpr TimeNs first_frame_within = 12'000'000'000;  // opening the port may first have to establish a Bluetooth link

unsigned baud_of(const MeterUri& uri, const SerialKind& kind) {
  const auto baud = std::ranges::find(kind.options, "baud", &MeterOption::name);
  return static_cast<unsigned>(uri.integer(*baud).value_or(static_cast<long>(*baud->fallback)));
}

// Ten bits per byte: start, eight data bits, stop.
double transport_s(const MeterUri& uri, const SerialKind& kind) {
  return 10.0 * static_cast<double>(kind.frame_bytes) / baud_of(uri, kind);
}

MeterInfo describe(const MeterUri& uri, const SerialKind& kind) {
  uri.allow(kind.options);
  MeterInfo info;
  info.uri = to_string(uri);
  info.description = fmt::format(
      "{} at {}, {} baud, {}", kind.name, uri.path, baud_of(uri, kind),
      kind.asked ? "polled 10 times per second, new values about every 0.5 s" : "sends about one report per second by itself");
  info.scope = Scope::board;
  info.nominal_period_s = kind.refresh_s;
  info.averaging_s = 0;  // unknown, so no averaging is claimed
  info.latency_s = kind.refresh_s + to_seconds(kind.asked ? ask_every : listen_every) + transport_s(uri, kind);
  info.gap_limit_s = uri.gap_limit_s(kind.refresh_s);
  info.accuracy.resolution_A = kind.step_A;
  info.accuracy.resolution_V = kind.step_V;
  uri.apply_accuracy(info.accuracy);  // no specification was found, so it is unknown unless the URI states it
  return info;
}

}  // namespace

SerialMeter::SerialMeter(const MeterUri& uri, const SerialKind& kind, std::unique_ptr<SerialDecoder> decoder,
                         OpenSerialPort open, std::shared_ptr<Clock> clock)
    : decoder_(std::move(decoder)),
      open_(std::move(open)),
      clock_(std::move(clock)),
      info_(describe(uri, kind)),
      damaged_fix_(kind.damaged_fix),
      transport_(from_seconds(transport_s(uri, kind))),
      gap_limit_(from_seconds(info_.gap_limit_s)),
      refresh_(kind.refresh_s) {}

SerialStats SerialMeter::stats() const {
  SerialStats stats = stats_;
  stats.rejected = decoder_->rejected();
  return stats;
}

void SerialMeter::start(TimeNs /*first_window*/) {
  connect(clock_->now());
  const TimeNs give_up = clock_->now() + std::max(first_frame_within, 2 * refresh_.period());
  try {
    while (stats_.frames == 0) {
      const TimeNs now = clock_->now();
      if (now > give_up) break;
      if (now >= due_) exchange(now);
      if (stats_.frames == 0) clock_->sleep_until(due_);
    }
  } catch (const SerialError& error) {
    throw MeterUnavailable(error.what());
  }
  if (stats_.frames > 0) return;
  port_.reset();
  if (bytes_ == 0) {
    throw MeterUnavailable(
        fmt::format("{}: no answer; is the meter on and connected (Bluetooth: rfcomm), and is this its port?", info_.uri));
  }
  throw MeterUnavailable(fmt::format(
      "{}: {} bytes but no valid frame, {} with a wrong check sum or impossible values; is it another kind of meter, or is "
      "the baud rate wrong?{}",
      info_.uri, bytes_, decoder_->rejected(), damaged_fix_));
}

void SerialMeter::connect(TimeNs now) {
  port_ = open_();
  ++stats_.connected;
  decoder_->clear();
  last_.reset();
  refresh_.interrupted();
  awaiting_ = false;
  ask_next_ = due_ = now;
  received_at_ = now;
}

std::optional<Reading> SerialMeter::poll(TimeNs /*scheduled*/) {
  const TimeNs now = clock_->now();
  if (now < due_) return std::nullopt;
  try {
    if (!port_) connect(now);
    return exchange(now);
  } catch (const SerialError&) {
    return lost(now);
  } catch (const MeterUnavailable&) {  // not plugged in again, or another device was
    return lost(now);
  }
}

std::optional<Reading> SerialMeter::lost(TimeNs now) {
  port_.reset();
  due_ = now + back_off_.next();
  reinitialised_ = true;
  return gap(now);
}

std::optional<Reading> SerialMeter::gap(TimeNs now) {
  if (std::exchange(in_gap_, true)) return std::nullopt;
  last_.reset();
  refresh_.interrupted();
  // Stamped half a period earlier, as a reading would be, so that gaps and readings stay in order.
  return Reading{.t_ns = in_order(now - refresh_.period() / 2), .flags = gap_begins};
}

std::optional<Reading> SerialMeter::exchange(TimeNs now) {
  // Bytes without a request belong to an answer that timed out; the next request discards them.
  const bool listening = awaiting_ || decoder_->request().empty();
  const auto sample = listening ? receive() : std::nullopt;
  std::optional<Reading> result;
  if (sample) {
    ++stats_.frames;
    awaiting_ = false;
    received_at_ = now;
    back_off_.reset();
    result = accept(*sample, now);
  } else if (now - received_at_ > gap_limit_) {
    result = gap(now);
  }
  if (decoder_->request().empty()) {
    due_ = now + listen_every;
    return result;
  }
  // A damaged frame is not sent again without a request.
  if (std::exchange(rejected_seen_, decoder_->rejected()) != decoder_->rejected()) awaiting_ = false;
  if (awaiting_ && now - asked_ > transport_ + answer_within) {
    ++stats_.timeouts;
    awaiting_ = false;
  }
  if (!awaiting_ && now >= ask_next_) ask(now);
  due_ = awaiting_ ? now + listen_every : ask_next_;
  return result;
}

// Returns the most recent frame received.
std::optional<SerialSample> SerialMeter::receive() {
  std::array<std::uint8_t, 256> chunk{};
  // The loop is bounded, so that a line that never stops sending cannot block the caller.
  for (int i = 0; i < 64; ++i) {
    const std::size_t n = port_->read(chunk);
    if (n == 0) break;
    bytes_ += n;
    decoder_->feed(std::span(chunk).first(n));
  }
  std::optional<SerialSample> newest;
  while (const auto sample = decoder_->next()) newest = sample;
  return newest;
}

void SerialMeter::ask(TimeNs now) {
  // An answer that was too late must not be taken for the answer to this request.
  port_->discard_input();
  decoder_->clear();
  port_->write(decoder_->request());
  awaiting_ = true;
  asked_ = now;
  ask_next_ = now + ask_every;
}

std::optional<Reading> SerialMeter::accept(const SerialSample& sample, TimeNs now) {
  const TimeNs period = refresh_.period();
  if (decoder_->request().empty()) {
    const TimeNs refreshed = now - transport_;
    refresh_.changed(refreshed);
    return reading(sample, refreshed);
  }
  const TimeNs asked = std::exchange(last_asked_, asked_);
  if (!last_) {
    // It is unknown when the meter took the first values, so they only serve to detect the next change.
    last_ = sample;
    refreshed_ = asked_;
    return std::nullopt;
  }
  if (sample != *last_) {
    last_ = sample;
    if (now - asked > period) refresh_.interrupted();
    refreshed_ = std::midpoint(std::max(asked, asked_ - period), now);
    refresh_.changed(refreshed_);
    return reading(sample, refreshed_);
  }
  const TimeNs whole_periods = (asked_ - ask_every - refreshed_) / period;
  if (whole_periods < 1) {
    if (last_t_ == 0 || in_gap_) return std::nullopt;  // no reading to repeat yet
    return Reading{.t_ns = last_t_,
                   .volts_V = sample.volts_V,
                   .amps_A = sample.amps_A,
                   .power_W = sample.volts_V * sample.amps_A,
                   .flags = repeated};
  }
  refreshed_ += whole_periods * period;
  return reading(sample, refreshed_);
}

Reading SerialMeter::reading(const SerialSample& sample, TimeNs refreshed) {
  Reading r;
  r.t_ns = in_order(refreshed - refresh_.period() / 2);
  r.volts_V = sample.volts_V;
  r.amps_A = sample.amps_A;
  r.power_W = sample.volts_V * sample.amps_A;
  if (std::exchange(reinitialised_, false)) r.flags |= reinitialised;
  in_gap_ = false;
  return r;
}

OpenSerialPort serial_port_of(const MeterUri& uri, const SerialKind& kind, std::string_view example) {
  if (uri.path.empty()) throw BadMeterUri(fmt::format("meter {}: no device; {}", uri.name, example));
  uri.allow(kind.options);
  const unsigned baud = baud_of(uri, kind);
  require_serial_port(uri.path);
  return [path = uri.path, baud] { return open_serial_port(path, baud); };
}

}  // namespace tbft::power
