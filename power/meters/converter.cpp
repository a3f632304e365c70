#include "power/meters/converter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <utility>

#include "power/meters/converter_options.h"

namespace tbft::power {
namespace {

constexpr TimeNs pause_after_failure = 10'000'000;
constexpr TimeNs shortest_sleep = 20'000;
constexpr int most_edges_a_poll = 64;  // so that ringing on the line cannot delay the sampler
// The time at which the chip latches the register's value, as shares of the transaction: after 29 of 47 bits, with 18 left.
constexpr double bits_before = 0.57, bits_after = 0.36;
// If the share of conversions read in time is below this twice in a row, the chip averages longer.
constexpr double least_share = 0.85;
constexpr std::int64_t share_cycles = 256;
constexpr std::int64_t unwatched = -1;  // a transfer failed, so the share does not describe the host

// Glitches on long wires are short, so a transfer is retried at once if the device does not acknowledge or another master took
// the bus. After a controller's timeout (which happens on the Raspberry Pi 5), which takes long, there is only one retry.
int attempts_after(int error) {
  if (error == EREMOTEIO || error == ENXIO || error == EAGAIN) return 3;
  return error == ETIMEDOUT ? 2 : 1;
}

template <typename Transfer>
auto retried(Transfer transfer) {
  for (int attempt = 1;; ++attempt) {
    try {
      return transfer();
    } catch (const I2cError& error) {
      if (attempt >= attempts_after(error.code)) throw;
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
      tracker_(timing.cycle_s, resolution_s(timing)),
      shortest_read_(from_seconds(timing.read_s)) {
  info_.paces_itself = true;
}

// If a transaction took longer than the bus needs, it is unknown where the host waited.
template <typename Transfer>
auto Converter::timed(Transfer transfer) {
  return retried([&] {
    const TimeNs before = clock_->now();
    const auto value = transfer();
    const TimeNs after = clock_->now();
    shortest_read_ = std::min(shortest_read_, after - before);
    const auto bus_ns = static_cast<double>(shortest_read_);
    last_read_ = {.earliest = before + static_cast<TimeNs>(bits_before * bus_ns),
                  .latest = after - static_cast<TimeNs>(bits_after * bus_ns)};
    return value;
  });
}

std::uint16_t Converter::read(std::uint8_t reg) {
  return timed([&] { return bus_->read_word(reg); });
}
void Converter::read_bytes(std::uint8_t reg, std::span<std::uint8_t> bytes) {
  timed([&] { return bus_->read_bytes(reg, bytes), true; });
}
void Converter::write(std::uint8_t reg, std::uint16_t value) {
  retried([&] {
    last_write_.earliest = clock_->now();
    bus_->write_word(reg, value);
    last_write_.latest = clock_->now();
  });
}

TimeNs Converter::due() const {
  if (timing_.triggered || ready_) return due_;
  // A probe that only refreshes an end relies on the thread's late wake-up, so the thread must sleep; a search for an end need
  // not.
  const bool refreshes = tracker_.probing() && tracker_.end();
  return std::max(tracker_.due(lead()), refreshes ? polled_until_ + shortest_sleep : 0);
}
// The time from waking to the instant at which the chip latches the value of the first register that is read.
TimeNs Converter::lead() const {
  return static_cast<TimeNs>(bits_before * static_cast<double>(shortest_read_));
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
  if (now < due()) return std::nullopt;                  // a second call at once costs no transaction
  if (due() > polled_until_) tracker_.woke(due(), now);  // the thread slept until then
  auto reading = poll_chip();
  polled_until_ = clock_->now();
  return reading;
}

std::optional<Reading> Converter::poll_chip() {
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
    watched_from_ = unwatched;
    return gap(t);
  }
}

void Converter::set_up() {
  configure();
  const TimeNs t = clock_->now();
  set_up_at_ = last_edge_ = last_alive_ = t;
  edge_period_ns_ = timing_.cycle_s * 1e9;
  edges_missing_ = 0;
  tracker_.restart(last_write_);
  watched_from_ = read_in_time_ = 0;
  triggered_at_ = timing_.triggered ? t : 0;
  due_ = t + from_seconds(timing_.triggered ? timing_.longest_s : timing_.cycle_s);
  suspect_ = false;
}

Reading Converter::set_up_again() {
  set_up();
  reinitialised_ = true;
  return gap(clock_->now());
}

Converter::Status Converter::sample(Order order) {
  if (order == Order::current_first) {
    read_current();
    current_ = last_read_;
  }
  const Status found = status();
  flag_ = last_read_;
  if (found != Status::ready) return found;
  if (order == Order::flag_first) {
    read_current();
    current_ = last_read_;
  }
  read_rest();
  rest_ = last_read_;
  return found;
}

std::optional<Reading> Converter::poll_continuous() {
  const Status found = sample(current_is_first() && !tracker_.probing() ? Order::current_first : Order::flag_first);
  if (found == Status::reset) return set_up_again();
  if (found == Status::busy) {
    if (flag_.latest - tracker_.last_ready() > silence()) return silent(flag_.latest);
    tracker_.not_ready(flag_);
    return std::nullopt;
  }
  tracker_.ready(flag_, rest_.latest);
  if (check_due() && was_reset()) return set_up_again();
  watch_share();
  auto end = tracker_.end();
  if (!end && !needs_pairs()) end = Span{.earliest = flag_.latest - tracker_.period(), .latest = flag_.latest};
  if (!end || (needs_pairs() && !is_pair(*end, tracker_.period()))) return dropped();
  ++read_in_time_;
  return stamped(end->earliest + (end->latest - end->earliest) / 2, tracker_.period(), reading());
}

// Whether current and voltage are from the conversions that ended at `end`.
bool Converter::is_pair(const Span& end, TimeNs period) const {
  const auto whole_for = static_cast<TimeNs>(timing_.overlap_share * static_cast<double>(period));
  return current_.earliest > end.latest - (period - whole_for) && current_.latest < end.earliest + whole_for &&
         rest_.latest < end.earliest + period;
}

// Moves the saturation flag of a reading without a known time to the next reading, whose interval includes both.
std::optional<Reading> Converter::dropped() {
  if ((reading().flags & saturated) != 0) dropped_flags_ |= saturated;
  return std::nullopt;
}

// A host that is often too late misses the energy of the conversions that it does not read. A longer average in hardware misses
// nothing.
void Converter::watch_share() {
  const bool watched = watched_from_ != unwatched;
  const std::int64_t cycles = tracker_.cycle() - watched_from_;
  if (watched && cycles < share_cycles) return;
  const double share = static_cast<double>(read_in_time_) / static_cast<double>(cycles);
  watched_from_ = tracker_.cycle();
  read_in_time_ = 0;
  bad_shares_ = watched && share < least_share ? bad_shares_ + 1 : 0;
  if (bad_shares_ < 2 || !average_longer(info_, timing_)) return;
  bad_shares_ = 0;
  info_.paces_itself = true;
  info_.note = fmt::format("only {:.0f} % of the conversions were read in time, so the chip averages longer: {}", 100 * share,
                           info_.description);
  tracker_ = ConversionTracker(timing_.cycle_s, resolution_s(timing_));
  set_up();
  reinitialised_ = true;
}

std::optional<Reading> Converter::poll_triggered() {
  if (triggered_at_ == 0) {
    begin_triggered();
    return std::nullopt;
  }
  const TimeNs t = clock_->now();
  const Status found = sample(Order::flag_first);
  if (found == Status::reset) return set_up_again();
  if (found == Status::busy) {
    if (t - triggered_at_ > silence()) return silent(t);
    due_ = t + from_seconds(timing_.cycle_s / 16);
    return std::nullopt;
  }
  const TimeNs end = triggered_at_ + from_seconds(timing_.cycle_s);
  if (check_due() && was_reset()) return set_up_again();
  begin_triggered();
  return stamped(end, from_seconds(timing_.cycle_s), reading());
}
void Converter::begin_triggered() {
  trigger();
  triggered_at_ = clock_->now();
  due_ = triggered_at_ + from_seconds(timing_.longest_s);
}

// The chip holds its pin low from the end of a conversion until its status is read, so there is one edge for each reading: the
// end of the first conversion after the last status().
std::optional<Reading> Converter::poll_edges() {
  const TimeNs t = clock_->now();
  const auto edge = latest_edge();
  if (!edge) return edge_missing(t);
  const Status found = sample(current_is_first() ? Order::current_first : Order::flag_first);  // releases the pin
  if (found == Status::reset) return set_up_again();
  if (found == Status::busy) {  // a glitch on the line
    due_ = t + from_seconds(timing_.cycle_s / 16);
    return std::nullopt;
  }
  follow_edge(*edge);
  edges_missing_ = 0;
  last_alive_ = t;
  const auto period = static_cast<TimeNs>(edge_period_ns_);
  if (!needs_pairs()) return stamped(*edge + (t - *edge) / period * period, period, reading());  // the host may be late
  if (!is_pair({.earliest = *edge, .latest = *edge}, period)) return dropped();
  return stamped(*edge, period, reading());
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
  if (cycles >= 1 && cycles <= 4 && std::abs(between / cycles - nominal) <= 0.15 * nominal)
    edge_period_ns_ += 0.25 * (between / cycles - edge_period_ns_);
  last_edge_ = edge;
  // Waits a little longer, so that the first check finds the edge.
  due_ = std::max(clock_->now(), edge + static_cast<TimeNs>(edge_period_ns_ * (1 + 1.0 / 32)));
}

// The poll was early, or an edge was lost (then the pin stays low and no other edge follows). After some time the flag is read,
// which releases the pin. That conversion is missed, because its end is unknown.
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
    throw MeterUnavailable(
        fmt::format("{}: no falling edge on the line of `ready` while the chip {}: is its ALERT pin connected to that line, "
                    "with a pull-up?",
                    info_.uri, found == Status::ready ? "reported a finished conversion" : "was converting"));
  }
  follow_edge(*edge);
}

// The time without an ended conversion after which the chip is considered silent.
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
// Stamped as early as a reading would be, so that gaps and readings stay in order.
Reading Converter::gap(TimeNs t) {
  return Reading{.t_ns = in_order(t - from_seconds(timing_.age_share * timing_.cycle_s)), .flags = gap_begins};
}

}  // namespace tbft::power
