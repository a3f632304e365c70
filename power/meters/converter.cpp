#include "power/meters/converter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <utility>

namespace tbft::power {
namespace {

constexpr int attempts = 3;
constexpr TimeNs pause_after_failure = 10'000'000;
constexpr int most_edges_a_poll = 64;  // a line that rings must not hold up the sampler

// A device that does not acknowledge is asked again at once: glitches on long wires are short.
template <typename Transfer>
auto retried(Transfer transfer) {
  for (int attempt = 1;; ++attempt) {
    try {
      return transfer();
    } catch (const I2cError& error) {
      if (attempt == attempts || (error.code != EREMOTEIO && error.code != ENXIO)) throw;
    }
  }
}

}  // namespace

Converter::Converter(MeterInfo info, const Timing& timing, std::unique_ptr<I2cBus> bus, std::shared_ptr<Clock> clock,
                     std::unique_ptr<GpioInput> ready)
    : info_(std::move(info)),
      timing_(timing),
      bus_(std::move(bus)),
      clock_(std::move(clock)),
      ready_(std::move(ready)),
      tracker_(timing.cycle_s, std::max(timing.cycle_s / 16, timing.read_s)) {
  info_.paces_itself = true;
}

std::uint16_t Converter::read(std::uint8_t reg) {
  return retried([&] { return bus_->read_word(reg); });
}
void Converter::read_bytes(std::uint8_t reg, std::span<std::uint8_t> bytes) {
  retried([&] { bus_->read_bytes(reg, bytes); });
}
void Converter::write(std::uint8_t reg, std::uint16_t value) {
  retried([&] { bus_->write_word(reg, value); });
}

TimeNs Converter::due() const {
  return timing_.triggered || ready_ ? due_ : tracker_.due();
}
TimeNs Converter::next_poll(TimeNs /*scheduled*/) const {
  return due();
}

void Converter::start(TimeNs /*first_window*/) {
  try {
    identify();
    set_up();
    verify();
    if (ready_) check_edges();
  } catch (const I2cError& error) {
    throw MeterUnavailable(error.what());
  }
}

std::optional<Reading> Converter::poll(TimeNs now) {
  if (now < due()) return std::nullopt;  // asked again at once: costs no transaction
  try {
    if (suspect_) {
      suspect_ = false;
      if (was_reset()) return set_up_again();
    }
    if (timing_.triggered) return poll_triggered();
    return ready_ ? poll_edges() : poll_continuous();
  } catch (const I2cError&) {
    const TimeNs t = clock_->now();
    suspect_ = true;
    triggered_at_ = 0;
    due_ = t + pause_after_failure;
    tracker_.skip(t, pause_after_failure);
    return gap(t);
  }
}

void Converter::set_up() {
  configure();
  const TimeNs t = clock_->now();
  set_up_at_ = last_edge_ = last_alive_ = t;
  edge_period_ns_ = timing_.cycle_s * 1e9;
  edges_missing_ = 0;
  tracker_.restart(t);
  triggered_at_ = timing_.triggered ? t : 0;
  due_ = t + from_seconds(timing_.triggered ? timing_.longest_s : timing_.cycle_s);
  suspect_ = false;
}

Reading Converter::set_up_again() {
  set_up();
  reinitialised_ = true;
  return gap(clock_->now());
}

std::optional<Reading> Converter::poll_continuous() {
  const TimeNs t = clock_->now();
  const Status found = status();
  if (found == Status::reset) return set_up_again();
  if (found == Status::busy) {
    if (t - tracker_.last_ready() > silence()) return silent(t);
    tracker_.not_ready(t);
    return std::nullopt;
  }
  const Values v = values();
  tracker_.ready(t);
  if (check_due() && was_reset()) return set_up_again();
  const auto end = tracker_.last_end();
  if (!end) return dropped(v);
  const double whole_until_ns = timing_.torn_share * static_cast<double>(tracker_.period()) - tracker_.uncertainty_ns(t);
  if (needs_pairs() && static_cast<double>(v.read_at - *end) > whole_until_ns) return dropped(v);
  return stamped(*end, tracker_.period(), v.reading);
}

// What a reading that cannot be timed said of saturation goes to the next one: its interval holds both.
std::optional<Reading> Converter::dropped(const Values& v) {
  dropped_flags_ |= v.reading.flags & saturated;
  return std::nullopt;
}

std::optional<Reading> Converter::poll_triggered() {
  if (triggered_at_ == 0) {
    begin_triggered();
    return std::nullopt;
  }
  const TimeNs t = clock_->now();
  const Status found = status();
  if (found == Status::reset) return set_up_again();
  if (found == Status::busy) {
    if (t - triggered_at_ > silence()) return silent(t);
    due_ = t + from_seconds(timing_.cycle_s / 16);
    return std::nullopt;
  }
  const Values v = values();
  const TimeNs end = triggered_at_ + from_seconds(timing_.cycle_s);
  if (check_due() && was_reset()) return set_up_again();
  begin_triggered();
  return stamped(end, from_seconds(timing_.cycle_s), v.reading);
}
void Converter::begin_triggered() {
  trigger();
  triggered_at_ = clock_->now();
  due_ = triggered_at_ + from_seconds(timing_.longest_s);
}

// The chip holds its pin low from the end of a conversion until its status is read, so there is one edge a reading: the end of
// the first conversion after the last status() .
std::optional<Reading> Converter::poll_edges() {
  const TimeNs t = clock_->now();
  const auto edge = latest_edge();
  if (!edge) return edge_missing(t);
  const Status found = status();  // releases the pin
  if (found == Status::reset) return set_up_again();
  if (found == Status::busy) {  // a glitch on the line
    due_ = t + from_seconds(timing_.cycle_s / 16);
    return std::nullopt;
  }
  const Values v = values();
  follow_edge(*edge);
  edges_missing_ = 0;
  last_alive_ = t;
  const auto period = static_cast<TimeNs>(edge_period_ns_);
  if (!needs_pairs()) return stamped(*edge + (t - *edge) / period * period, period, v.reading);  // the host may be late
  if (static_cast<double>(v.read_at - *edge) > timing_.torn_share * edge_period_ns_) return dropped(v);
  return stamped(*edge, period, v.reading);
}

std::optional<TimeNs> Converter::latest_edge() {
  std::optional<TimeNs> latest;
  for (int i = 0; i < most_edges_a_poll; ++i) {
    const auto edge = ready_->take();
    if (!edge) break;
    if (!edge->rising && edge->t_ns > set_up_at_) latest = edge->t_ns;
  }
  return latest;
}

void Converter::follow_edge(TimeNs edge) {
  const auto between = static_cast<double>(edge - last_edge_);
  const double cycles = std::round(between / edge_period_ns_);
  const double nominal = timing_.cycle_s * 1e9;
  if (cycles >= 1 && cycles <= 4 && std::abs(between / cycles - nominal) <= 0.15 * nominal) {
    edge_period_ns_ += 0.25 * (between / cycles - edge_period_ns_);
  }
  last_edge_ = edge;
  // A little late: then the edge is there at the first look.
  due_ = std::max(clock_->now(), edge + static_cast<TimeNs>(edge_period_ns_ * (1 + 1.0 / 32)));
}

// Early, or an edge was lost (then the pin stays low and no other comes): after a while the flag itself is asked, which
// releases the pin. That conversion is missed, for nothing says when it ended.
std::optional<Reading> Converter::edge_missing(TimeNs t) {
  if (static_cast<double>(t - std::max(last_edge_, last_alive_)) < 2 * edge_period_ns_) {
    due_ = t + from_seconds(timing_.cycle_s / 16);
    return std::nullopt;
  }
  const Status found = status();
  if (found == Status::reset) return set_up_again();
  due_ = t + static_cast<TimeNs>(edge_period_ns_);
  if (found == Status::busy) {
    if (t - last_alive_ > silence()) return silent(t);
    return std::nullopt;
  }
  last_alive_ = t;
  if (++edges_missing_ < 2) return std::nullopt;
  return gap(t);
}

void Converter::check_edges() {
  const TimeNs give_up = set_up_at_ + from_seconds(1.5 * timing_.longest_s + 2e-3);
  clock_->sleep_until(give_up);
  const auto edge = latest_edge();
  const Status found = status();
  if (!edge) {
    throw MeterUnavailable(fmt::format(
        "{}: no falling edge on the line of `ready` while the chip {}: is its ALERT pin wired there, with a pull-up?",
        info_.uri, found == Status::ready ? "said that a conversion was ready" : "was converting"));
  }
  follow_edge(*edge);
}

// How long no conversion may end before the chip counts as silent.
TimeNs Converter::silence() const {
  return from_seconds(std::max(4 * timing_.longest_s, 0.02));
}
Reading Converter::silent(TimeNs t) {
  if (was_reset()) return set_up_again();
  set_up();
  return gap(t);
}

Reading Converter::stamped(TimeNs end, TimeNs period, Reading reading) {
  reading.t_ns = in_order(end - static_cast<TimeNs>(timing_.age_share * static_cast<double>(period)));
  reading.flags |= std::exchange(dropped_flags_, std::uint8_t{0});
  if (std::exchange(reinitialised_, false)) reading.flags |= reinitialised;
  return reading;
}
// Stamped as far back as a reading would be, so that the two stay in order.
Reading Converter::gap(TimeNs t) {
  return Reading{.t_ns = in_order(t - from_seconds(timing_.age_share * timing_.cycle_s)), .flags = gap_begins};
}

std::uint8_t i2c_address(const MeterUri& uri, std::uint8_t low, std::uint8_t high, std::string_view example) {
  if (uri.path.empty()) throw BadMeterUri(fmt::format("meter {}: no bus; {}", uri.name, example));
  return static_cast<std::uint8_t>(uri.integer("addr", low, high).value_or(low));
}

double i2c_hz(const MeterUri& uri, double bus_hz) {
  return uri.number("i2c_hz", 1e3, 3.4e6).value_or(bus_hz > 0 ? bus_hz : 100e3);
}

double i2c_read_s(const MeterUri& uri, double bus_hz, int bytes) {
  return (29 + 9 * bytes) / i2c_hz(uri, bus_hz);
}

double shunt_option(const MeterUri& uri, double range_V) {
  const auto shunt_ohm = uri.number("shunt_ohm", 1e-5, 100);
  if (!shunt_ohm) {
    throw BadMeterUri(fmt::format(
        "meter {}: shunt_ohm is needed, boards differ: the resistor's print says it (R100 is 0.1, R010 is 0.01)", uri.name));
  }
  const double max_A = uri.number("max_A", 1e-4, 1e4).value_or(range_V / *shunt_ohm);
  if (max_A * *shunt_ohm > range_V * (1 + 1e-9)) {
    throw BadMeterUri(
        fmt::format("meter {}: max_A={} on shunt_ohm={} is {:.1f} mV, the chip measures {:.4g} mV at most; take a "
                    "smaller shunt or max_A",
                    uri.name, max_A, *shunt_ohm, 1e3 * max_A * *shunt_ohm, 1e3 * range_V));
  }
  return *shunt_ohm;
}

void set_pace(MeterInfo& info, const MeterUri& uri, const Timing& timing) {
  info.averaging_s = timing.cycle_s;
  info.current_share = 0.5;
  info.nominal_period_s = timing.triggered ? timing.longest_s + 4 * timing.read_s : timing.cycle_s;
  if (timing.triggered) {
    info.latency_s = timing.longest_s - timing.cycle_s;
  } else if (!uri.text("ready")) {  // an edge has the time of the conversion's end
    info.latency_s = std::max(timing.cycle_s / 16, timing.read_s);
  }
  info.gap_limit_s = uri.gap_limit_s(info.nominal_period_s);
}

std::unique_ptr<GpioInput> open_ready(const MeterUri& uri) {
  const auto text = uri.text("ready");
  if (!text) return nullptr;
  try {
    return open_gpio_input(parse_gpio_line(*text), Edges::falling, "tbft ready");
  } catch (const std::invalid_argument& error) {
    throw BadMeterUri(fmt::format("meter {}: ready={}: {}", uri.name, *text, error.what()));
  }
}

}  // namespace tbft::power
