// sum://?cpu=hwmon://ina3221?label=VDD_CPU&soc=hwmon://ina3221?label=VDD_SOC : the sum of 2 to 16 named meters.
//
// Each part is polled when its own meter asks for it, all in the one thread that polls the sum. A reading follows once every
// part has a new one. Its power is the sum of the parts' powers, and its instant the mean of their instants; a part that gave
// several counts with their mean. The largest distance between the parts' instants seen so far is added to the latency: a part
// is stamped too early or too late by at most that much, which moves its share of the load within the window. Parts that count
// joules are added as counts, so no joule is lost between readings.
//
// A gap of a part is a gap of the sum, and gap_cause() names the part. A part that ends, ends the sum.
//
// Offset, rounding and latency depend on the readings, so they are unknown (or those of the parts) until the first reading, and
// info() changes afterwards; see sum_info.h.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "power/meters/list.h"
#include "power/meters/sum_info.h"
#include "power/meters/sum_parts.h"
#include "tbft/power/registry.h"

namespace tbft::power {
namespace {

constexpr TimeNs shortest_interval = 100'000;
constexpr MeterOption options[] = {[] {
  MeterOption option = gap_limit_option;
  option.otherwise = "the longest of its parts";
  return option;
}()};

// The readings of one part since the sum's last reading.
class NewReadings {
 public:
  bool any() const { return count_ > 0; }
  void clear() { count_ = 0; }
  // `alone`: it replaces the others, because they are counts or lie in a gap.
  void add(const Reading& reading, bool alone) {
    if (alone) clear();
    if (count_++ == 0) {
      first_ns_ = reading.t_ns;
      later_ns_ = 0;
      power_W_ = 0;
      energy_J_ = 0;
    }
    later_ns_ += reading.t_ns - first_ns_;
    power_W_ += reading.power_W;
    energy_J_ += reading.energy_J;
  }
  // Means; each requires any().
  TimeNs t_ns() const { return first_ns_ + later_ns_ / count_; }
  double power_W() const { return power_W_ / static_cast<double>(count_); }
  double energy_J() const { return energy_J_ / static_cast<double>(count_); }

 private:
  TimeNs count_ = 0;
  TimeNs first_ns_ = 0, later_ns_ = 0;
  double power_W_ = 0, energy_J_ = 0;
};

struct Part {
  std::string name;
  std::unique_ptr<Meter> meter;
  TimeNs interval = 0;
  TimeNs gap_limit = 0;
  TimeNs due = 0;      // the next instant of its sampling grid
  TimeNs arrived = 0;  // when its last reading arrived, or the start
  bool heard = false;  // since the start
  std::optional<TimeNs> last_ns;
  NewReadings readings;
};

class Sum final : public Meter {
 public:
  Sum(const MeterUri& uri, std::vector<Part> parts, std::shared_ptr<Clock> clock)
      : uri_(to_string(uri)), gap_limit_s_(uri.number(gap_limit_option)), parts_(std::move(parts)), clock_(std::move(clock)) {
    accuracies_.resize(parts_.size());
    describe();
  }

  const MeterInfo& info() const override { return info_; }

  void start(TimeNs first_window) override {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      try {
        parts_[i].meter->start(first_window);
      } catch (const MeterUnavailable& error) {
        for (std::size_t started = 0; started < i; ++started) parts_[started].meter->stop();
        throw MeterUnavailable(fmt::format("meter sum: part {}: {}", parts_[i].name, error.what()));
      }
    }
    const TimeNs now = clock_->now();  // to start some meters takes seconds
    for (Part& part : parts_) {
      part.readings.clear();
      part.last_ns.reset();
      part.heard = false;
      part.arrived = part.due = now;
    }
    for (PartAccuracy& part : accuracies_) part.largest = {};
    last_ns_.reset();
    spread_ = 0;
    flags_ = 0;
    in_gap_ = gap_due_ = changed_ = false;
    cause_.clear();
    describe();
  }

  void stop() override {
    for (Part& part : parts_) part.meter->stop();
  }

  TimeNs next_poll(TimeNs /*scheduled*/) const override {
    TimeNs next = due(parts_.front());
    for (const Part& part : parts_) next = std::min(next, due(part));
    return next;
  }

  std::optional<Reading> poll(TimeNs /*scheduled*/) override {
    for (std::size_t i = 0; i < parts_.size(); ++i) take_new(i);
    if (!in_gap_) find_silence();
    if (std::exchange(gap_due_, false)) return gap();
    if (!std::ranges::all_of(parts_, [](const Part& part) { return part.readings.any(); })) return std::nullopt;
    return add_up();
  }

  std::string gap_cause() const override { return cause_; }

 private:
  static TimeNs due(const Part& part) { return part.meter->next_poll(part.due); }

  void take_new(std::size_t i) {
    Part& part = parts_[i];
    const TimeNs now = clock_->now();  // the parts before it took some time
    if (now < due(part)) return;
    try {
      while (const auto reading = part.meter->poll(now)) accept(i, *reading, now);
    } catch (const MeterUnavailable& error) {
      throw MeterUnavailable(fmt::format("part {} of the sum: {}", part.name, error.what()));
    }
    if (now >= part.due) part.due += part.interval * (1 + (now - part.due) / part.interval);
  }

  void accept(std::size_t i, const Reading& reading, TimeNs now) {
    Part& part = parts_[i];
    if ((reading.flags & repeated) != 0) return;
    if (!std::isfinite(info_.counter ? reading.energy_J : reading.power_W)) {
      begin_gap(part, "a read failed");
      part.readings.clear();
      return;
    }
    if (part.last_ns && reading.t_ns - *part.last_ns > part.gap_limit)
      begin_gap(part, fmt::format("no reading for {:.3g} s", to_seconds(reading.t_ns - *part.last_ns)));
    part.last_ns = reading.t_ns;
    part.arrived = now;
    part.heard = true;
    flags_ |= reading.flags & (saturated | reinitialised);
    changed_ = changed_ || (reading.flags & reinitialised) != 0;
    rose_ = accuracies_[i].largest.add(reading) || rose_;
    part.readings.add(reading, info_.counter || in_gap_);
  }

  void find_silence() {
    const TimeNs now = clock_->now();
    for (const Part& part : parts_) {
      const TimeNs limit = part.heard ? part.gap_limit : first_limit_;
      if (now - part.arrived > limit)
        return begin_gap(part, fmt::format("no reading for {:.3g} s", to_seconds(now - part.arrived)));
    }
  }

  // Until the next sum the parts' most recent readings count alone: older ones are of the gap.
  void begin_gap(const Part& part, std::string_view what) {
    if (in_gap_) return;
    in_gap_ = gap_due_ = true;
    cause_ = fmt::format("part {} of the sum: {}", part.name, what);
    for (Part& each : parts_) each.readings.clear();
  }

  // Stamped directly behind the last reading: the instant of the next one is not known yet.
  Reading gap() {
    const TimeNs t = last_ns_ ? *last_ns_ : clock_->now() - from_seconds(info_.averaging_s + info_.latency_s);
    return Reading{.t_ns = in_order(t), .flags = gap_begins};
  }

  Reading add_up() {
    const TimeNs base = parts_.front().readings.t_ns();
    TimeNs earliest = 0, latest = 0, total = 0;  // since `base`
    Reading sum;
    (info_.counter ? sum.energy_J : sum.power_W) = 0;
    for (Part& part : parts_) {
      const TimeNs t = part.readings.t_ns() - base;
      earliest = std::min(earliest, t);
      latest = std::max(latest, t);
      total += t;
      if (info_.counter) {
        sum.energy_J += part.readings.energy_J();
      } else {
        sum.power_W += part.readings.power_W();
      }
      part.readings.clear();
    }
    sum.t_ns = in_order(base + total / static_cast<TimeNs>(parts_.size()));
    sum.flags = std::exchange(flags_, std::uint8_t{0});
    in_gap_ = false;
    update(latest - earliest);
    return sum;
  }

  TimeNs in_order(TimeNs t) {
    last_ns_ = last_ns_ ? std::max(t, *last_ns_ + 1) : t;
    return *last_ns_;
  }

  // What the readings tell: accuracy and latency, and for a part that changed its averaging the whole description.
  void update(TimeNs spread) {
    const bool wider = spread > spread_;
    if (wider) spread_ = spread + spread / 100;
    if (std::exchange(changed_, false)) {
      describe();
    } else if (std::exchange(rose_, false) || wider) {
      describe_readings();
    }
  }

  void describe() {
    std::vector<std::string> names;
    std::vector<MeterInfo> infos;
    names.reserve(parts_.size());
    infos.reserve(parts_.size());
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      Part& part = parts_[i];
      names.push_back(part.name);
      infos.push_back(part.meter->sampled_info());
      part.interval = std::max(to_ns(part.meter->interval()), shortest_interval);
      part.gap_limit = from_seconds(infos.back().gap_limit_s);
      accuracies_[i].accuracy = infos.back().accuracy;
      accuracies_[i].counter = infos.back().counter;
    }
    info_ = info_of_sum(uri_, gap_limit_s_, names, infos);
    own_latency_s_ = info_.latency_s;
    // As long as the monitor waits for the first reading.
    first_limit_ = from_seconds(info_.gap_limit_s + info_.averaging_s + info_.latency_s + 2 * info_.nominal_period_s);
    describe_readings();
  }

  void describe_readings() {
    info_.accuracy = accuracy_of_sum(accuracies_);
    info_.latency_s = own_latency_s_ + to_seconds(spread_);
  }

  std::string uri_;
  std::optional<double> gap_limit_s_;
  std::vector<Part> parts_;
  std::vector<PartAccuracy> accuracies_;  // of the parts, in their order
  std::shared_ptr<Clock> clock_;
  MeterInfo info_;
  double own_latency_s_ = 0;  // the largest of the parts
  TimeNs first_limit_ = 0;    // the longest wait for a part's first reading
  TimeNs spread_ = 0;         // the largest distance between the parts' instants
  std::optional<TimeNs> last_ns_;
  std::uint8_t flags_ = 0;  // of the readings since the last sum
  bool in_gap_ = false;
  bool gap_due_ = false;  // the gap was not reported yet
  bool changed_ = false;  // a part changed its description
  bool rose_ = false;     // a value was larger than all before
  std::string cause_;     // of the last gap
};

void refuse_mixture(std::span<const SumPart> parts, std::span<const MeterInfo> infos) {
  const auto odd = std::ranges::find_if(infos, [&](const MeterInfo& info) { return info.counter != infos.front().counter; });
  if (odd == infos.end()) return;
  const auto kind = [](const MeterInfo& info) { return info.counter ? "counts joules" : "gives watts"; };
  throw BadMeterUri(fmt::format("meter sum: {} {} and {} {}: it adds meters of one kind", parts[0].name, kind(infos[0]),
                                parts[static_cast<std::size_t>(odd - infos.begin())].name, kind(*odd)));
}

}  // namespace

std::span<const MeterOption> sum_options() {
  return options;
}

std::unique_ptr<Meter> make_sum(const MeterUri& uri, std::vector<std::unique_ptr<Meter>> meters, std::shared_ptr<Clock> clock,
                                const Roots& roots) {
  const auto named = sum_parts(uri);
  std::vector<MeterInfo> infos;
  infos.reserve(meters.size());
  for (const auto& meter : meters) infos.push_back(meter->info());
  refuse_overlap(named, infos, roots);
  refuse_mixture(named, infos);
  MeterUri canonical = uri;
  std::vector<Part> parts;
  for (std::size_t i = 0; i < named.size(); ++i) {
    canonical.options[named[i].name] = to_string(named[i].uri);
    parts.push_back({.name = named[i].name, .meter = std::move(meters.at(i))});
  }
  return std::make_unique<Sum>(canonical, std::move(parts), std::move(clock));
}

std::unique_ptr<Meter> open_sum(const MeterUri& uri, double interval_s) {
  const auto parts = sum_parts(uri);
  std::vector<std::unique_ptr<Meter>> meters;
  meters.reserve(parts.size());
  for (const SumPart& part : parts) {
    try {
      meters.push_back(open_meter(to_string(part.uri), Seconds(interval_s)));  // Programs::refused
    } catch (const BadMeterUri& error) {
      throw BadMeterUri(fmt::format("meter sum: part {}: {}", part.name, error.what()));
    } catch (const MeterUnavailable& error) {
      throw MeterUnavailable(fmt::format("meter sum: part {}: {}", part.name, error.what()));
    }
  }
  return make_sum(uri, std::move(meters), steady_clock());
}

}  // namespace tbft::power
