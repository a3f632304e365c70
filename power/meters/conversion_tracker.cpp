#include "power/meters/conversion_tracker.h"

#include <algorithm>

namespace tbft::power {
namespace {

constexpr double tolerance = 0.12;          // relative to the nominal period
constexpr double drift = 1e-5;              // relative deviation of an oscillator from its measured mean period
constexpr std::int64_t anchor_every = 512;  // cycles; fewer give a less precise period, more average over its drift
constexpr std::int64_t check_every = 64;    // cycles until a jump of the oscillator is noticed
constexpr double few_cycles = 16;           // an anchor of fewer cycles is replaced by one with narrower bounds
constexpr double early_share = 0.2;         // share of wake-ups that are less late than `late_`
constexpr double late_step = 8e3;           // ns, step of the search for that quantile
constexpr int first_wakes = 16;             // wake-ups whose smallest delay starts the search

}  // namespace

ConversionTracker::ConversionTracker(double period_s, double resolution_s)
    : nominal_(period_s * 1e9), resolution_(resolution_s * 1e9) {}

void ConversionTracker::restart(Span t) {
  origin_ = t.earliest;
  least_period_ = nominal_ * (1 - tolerance);
  most_period_ = nominal_ * (1 + tolerance);
  bounds_ = anchor_ = next_anchor_ = {.cycle = 0, .low = 0, .high = since(t.latest)};
  found_ = checked_ = 0;
  seen_ = cleared_ = 0;
  end_ = std::nullopt;
  last_ready_ = t.latest;
  aim_beyond(bounds_.high);
}

TimeNs ConversionTracker::due(TimeNs lead) const {
  return origin_ + static_cast<TimeNs>(target_ - (probing_ ? late_ : 0)) - lead;
}

void ConversionTracker::woke(TimeNs due, TimeNs t) {
  const auto late = static_cast<double>(t - due);
  if (wakes_ < first_wakes) {
    late_ = wakes_++ == 0 ? late : std::min(late_, late);
  } else {
    late_ = std::max(0.0, late_ + late_step * (late > late_ ? early_share : early_share - 1));
  }
}

bool ConversionTracker::wide() const {
  return bounds_.width() > resolution_ / 2;
}

// Moves the bounds to the last cycle that may have ended by `t`.
void ConversionTracker::advance_to(double t) {
  const auto by = [&](std::int64_t cycles) {
    bounds_.cycle += cycles;
    bounds_.low += static_cast<double>(cycles) * least_period_;
    bounds_.high += static_cast<double>(cycles) * most_period_;
  };
  const double cycles = (t - bounds_.low) / most_period_;
  if (cycles >= 1) by(static_cast<std::int64_t>(cycles));
  while (bounds_.low + least_period_ <= t) by(1);
}

void ConversionTracker::learn_period() {
  const auto cycles = static_cast<double>(bounds_.cycle - anchor_.cycle);
  if (cycles < 1 || (cycles < few_cycles && bounds_.width() < anchor_.width() / 2)) {
    anchor_ = next_anchor_ = bounds_;
    return;
  }
  const double allowance = drift * nominal_;
  const double least = (bounds_.low - anchor_.high) / cycles - allowance;
  const double most = (bounds_.high - anchor_.low) / cycles + allowance;
  least_period_ = std::clamp(least, nominal_ * (1 - tolerance), nominal_ * (1 + tolerance));
  most_period_ = std::max(least_period_, std::min(most, nominal_ * (1 + tolerance)));
  if (bounds_.cycle - next_anchor_.cycle >= anchor_every && !wide()) {
    anchor_ = next_anchor_;
    next_anchor_ = bounds_;
  }
}

// Learns the phase again, and then the period from that phase.
void ConversionTracker::start_over(double low, double high) {
  bounds_.low = low;
  bounds_.high = high;
  anchor_ = next_anchor_ = bounds_;
}

void ConversionTracker::not_ready(Span flag) {
  const double earliest = since(flag.earliest);
  seen_ = earliest;
  end_ = std::nullopt;
  advance_to(earliest);
  const bool may_be_unseen = bounds_.low <= cleared_;
  const bool awaited = found_ < bounds_.cycle;
  checked_ = bounds_.cycle;
  if (awaited && !may_be_unseen) {
    if (bounds_.high > earliest) {
      bounds_.low = earliest;
      learn_period();
    } else {
      start_over(earliest, earliest + most_period_);
    }
  }
  // If the end is known closely enough, one early poll per cycle suffices: the next poll comes when the end has certainly
  // passed.
  aim(awaited ? bounds_.low : bounds_.low + least_period_, awaited ? bounds_.high : bounds_.high + most_period_,
      since(flag.latest), resolution_);
}

void ConversionTracker::ready(Span flag, TimeNs cleared) {
  const double earliest = since(flag.earliest);
  const double latest = since(flag.latest);
  advance_to(latest);
  bool known = true;
  if (bounds_.width() > nominal_ / 2) {  // after a long silence
    start_over(std::max(seen_, latest - most_period_), latest);
  } else if (found_ == bounds_.cycle) {  // earlier than the bounds allow
    ++bounds_.cycle;
    start_over(seen_, latest);
  } else if (bounds_.high > earliest) {
    // The end may lie after the poll. If the previous end was found, it cannot have set the flag again.
    known = found_ == bounds_.cycle - 1;
    if (known) bounds_.high = std::min(bounds_.high, latest);
  }
  if (known) {
    bounds_.low = std::max(bounds_.low, std::min(seen_, bounds_.high));
    learn_period();
  }
  found_ = known ? bounds_.cycle : bounds_.cycle - 1;
  seen_ = earliest;
  cleared_ = since(cleared);
  last_ready_ = flag.latest;
  end_ = std::nullopt;
  if (known && bounds_.width() <= resolution_)
    end_ = Span{.earliest = origin_ + static_cast<TimeNs>(bounds_.low), .latest = origin_ + static_cast<TimeNs>(bounds_.high)};
  aim_beyond(std::max(latest, cleared_));
}

void ConversionTracker::skip(TimeNs t, TimeNs pause) {
  probing_ = false;
  target_ = since(t + pause);
}

// Aims at the first end after `t`.
void ConversionTracker::aim_beyond(double t) {
  double low = bounds_.low + least_period_;
  double high = bounds_.high + most_period_;
  while (high <= t) {
    low += least_period_;
    high += most_period_;
  }
  aim(low, high, t, resolution_ / 2);
}

// Aims after the end, or between its bounds if they are further apart than `close`, so that either result of the poll brings
// them closer than the resolution. From time to time aims before the end, to check that it is not earlier.
void ConversionTracker::aim(double low, double high, double t, double close) {
  const bool check = bounds_.cycle - checked_ >= check_every && low - resolution_ / 2 > t;
  low = std::max(low, t);
  const double between = std::min((low + high) / 2, low + 0.8 * resolution_);
  probing_ = check || (high - low > close && between > t);
  target_ = check ? low - resolution_ / 2 : probing_ ? between : std::max(high, t + nominal_ / 64);
}

}  // namespace tbft::power
