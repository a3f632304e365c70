#include "harness/measurement/power_curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <list>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "tbft/power/running_energy.h"
#include "tbft/power/trace.h"

namespace tbft {

namespace {

namespace fs = std::filesystem;
using power::TimeNs;

constexpr std::string_view cell_prefix = "cell/";
constexpr std::size_t most_gaps = 200;
constexpr std::size_t most_phases = 400;

// forward, backward and step lie inside train and are not shown, because there are thousands of them.
bool is_shown(std::string_view phase) {
  return phase == "load" || phase == "train" || phase == "validate" || phase == "test";
}

// Of more than `most` the shortest is left out.
void add_span(std::vector<results::PowerCurve::Span>& spans, results::PowerCurve::Span span, std::size_t most,
              std::size_t& left_out) {
  spans.push_back(std::move(span));
  if (spans.size() <= most) return;
  spans.erase(std::ranges::min_element(spans, {}, [](const auto& s) { return s.to_s - s.from_s; }));
  ++left_out;
}

// Builds the curve of one cell from its readings. A mark may precede readings that are older than it, so that a cell stays open
// until a reading after its end has been seen.
class CellCurve {
 public:
  CellCurve(std::string id, TimeNs t0_ns, const power::MeterInfo& meter, std::size_t most_buckets)
      : id_(std::move(id)), t0_ns_(t0_ns), meter_(meter), limit_ns_(gap_limit_ns()), points_(most_buckets) {}

  const std::string& id() const { return id_; }
  bool closed() const { return t1_ns_.has_value(); }
  void close(TimeNs t1_ns) { t1_ns_ = t1_ns; }

  void phase_opens(const std::string& phase, TimeNs t0_ns, const std::optional<power::Reading>& before) {
    auto& part = parts_.emplace_back(phase, power::RunningEnergy(t0_ns, meter_));
    if (before) part.second.add(*before);
  }
  void phase_closes(const std::string& phase, TimeNs t0_ns, TimeNs t1_ns) {
    if (t1_ns > t0_ns) add_span(curve_.phases, {phase, seconds(t0_ns), seconds(t1_ns)}, most_phases, curve_.phases_left_out);
    const auto last = std::find_if(parts_.rbegin(), parts_.rend(), [&](const auto& part) { return part.first == phase; });
    if (last != parts_.rend()) last->second.close(t1_ns);
  }

  // Returns false once no more readings are needed.
  bool add(const power::Reading& reading) {
    for (auto part = parts_.begin(); part != parts_.end();) {
      part->second.add(reading);
      if (part->second.complete()) {
        energies_[part->first].push_back(part->second.finish());
        part = parts_.erase(part);
      } else {
        ++part;
      }
    }
    if (!power::is_sample(reading, meter_)) return true;
    if (last_) interval(*last_, reading);
    last_ = reading;
    limit_ns_ = gap_limit_ns();
    return !t1_ns_ || reading.t_ns < *t1_ns_;
  }

  results::PowerCurve finish() {
    for (auto& [phase, part] : parts_) energies_[phase].push_back(part.finish());
    for (const auto& [phase, parts] : energies_) {
      if (const auto energy = power::combine(parts); energy.valid) curve_.phase_J[phase] = energy.energy_J;
    }
    if (last_ && t1_ns_ && *t1_ns_ - last_->t_ns > limit_ns_) gap(last_->t_ns, *t1_ns_);
    curve_.duration_s = seconds(t1_ns_.value_or(t0_ns_));
    curve_.readings = points_.readings();
    curve_.buckets = points_.buckets();
    return std::move(curve_);
  }

 private:
  TimeNs gap_limit_ns() const {
    return power::from_seconds(meter_.gap_limit_s > 0 ? meter_.gap_limit_s
                                                      : power::default_gap_limit_s(meter_.nominal_period_s));
  }
  double seconds(TimeNs t_ns) const { return power::to_seconds(t_ns - t0_ns_); }

  void interval(const power::Reading& a, const power::Reading& b) {
    const bool gap_between = (a.flags & power::gap_begins) != 0 || b.t_ns - a.t_ns > limit_ns_;
    if (gap_between) gap(a.t_ns, b.t_ns);
    if (!meter_.counter) return point(b.t_ns, b.power_W);
    // A counter gives the mean power since the reading before.
    if (!gap_between && b.t_ns > a.t_ns)
      point(a.t_ns + (b.t_ns - a.t_ns) / 2, (b.energy_J - a.energy_J) / power::to_seconds(b.t_ns - a.t_ns));
  }
  void point(TimeNs t_ns, double power_W) {
    if (t_ns >= t0_ns_ && (!t1_ns_ || t_ns <= *t1_ns_) && std::isfinite(power_W)) points_.add(t_ns - t0_ns_, power_W);
  }
  void gap(TimeNs from_ns, TimeNs to_ns) {
    from_ns = std::max(from_ns, t0_ns_);
    if (t1_ns_) to_ns = std::min(to_ns, *t1_ns_);
    if (to_ns <= from_ns) return;
    add_span(curve_.gaps, {"", seconds(from_ns), seconds(to_ns)}, most_gaps, curve_.gaps_left_out);
  }

  std::string id_;
  TimeNs t0_ns_;
  const power::MeterInfo& meter_;
  TimeNs limit_ns_;  // of the wait for the next sample
  std::optional<TimeNs> t1_ns_;
  std::optional<power::Reading> last_;
  results::MinMax points_;
  results::PowerCurve curve_;
  std::list<std::pair<std::string, power::RunningEnergy>> parts_;  // open windows, and closed ones without all their readings
  std::map<std::string, std::vector<power::Energy>> energies_;
};

class Curves : public power::TraceVisitor {
 public:
  Curves(const std::map<std::string, std::string>& run_of_cell, std::size_t most_buckets, results::PowerCurves& into)
      : run_of_cell_(run_of_cell), most_buckets_(most_buckets), into_(into) {}

  void segment(const power::MeterInfo& meter, const power::ClockPair& /*clock*/) override {
    finish();
    meter_ = meter;
    present_ = &meter;
    last_.reset();
  }
  void reading(const power::Reading& reading) override {
    follow_changes();
    for (auto cell = cells_.begin(); cell != cells_.end();) {
      if (cell->add(reading)) {
        ++cell;
      } else {
        store(*cell);
        cell = cells_.erase(cell);
      }
    }
    if (power::is_sample(reading, meter_)) last_ = reading;
  }
  void window_opens(const std::string& name, TimeNs t0_ns) override {
    const auto [id, phase] = parse(name);
    if (id.empty() || !run_of_cell_.contains(id)) return;
    if (phase.empty()) {
      auto& cell = cells_.emplace_back(id, t0_ns, meter_, most_buckets_);
      if (last_) cell.add(*last_);
    } else if (CellCurve* cell = find(id); cell != nullptr && is_shown(phase)) {
      cell->phase_opens(phase, t0_ns, last_);
    }
  }
  void window_closes(const power::Window& window) override {
    const auto [id, phase] = parse(window.name);
    CellCurve* cell = find(id);
    if (cell == nullptr) return;
    if (phase.empty())
      cell->close(window.t1_ns);
    else if (is_shown(phase))
      cell->phase_closes(phase, window.t0_ns, window.t1_ns);
  }
  // A window that was never closed (because the program was killed) has no curve.
  void finish() {
    for (CellCurve& cell : cells_) {
      if (cell.closed()) store(cell);
    }
    cells_.clear();
  }

 private:
  // A line between rows may have changed the meter: a converter averages longer.
  void follow_changes() {
    meter_.gap_limit_s = present_->gap_limit_s;
    meter_.averaging_s = present_->averaging_s;
    meter_.current_share = present_->current_share;
  }
  // Splits "cell/ID/phase" into ID and phase; both are empty for any other window.
  static std::pair<std::string, std::string> parse(std::string_view name) {
    if (!name.starts_with(cell_prefix)) return {};
    name.remove_prefix(cell_prefix.size());
    const auto slash = std::min(name.find('/'), name.size());
    return {std::string(name.substr(0, slash)), std::string(name.substr(std::min(slash + 1, name.size())))};
  }
  CellCurve* find(const std::string& id) {
    const auto cell =
        std::find_if(cells_.rbegin(), cells_.rend(), [&](const CellCurve& c) { return c.id() == id && !c.closed(); });
    return cell == cells_.rend() ? nullptr : &*cell;
  }
  void store(CellCurve& cell) { into_.insert_or_assign({run_of_cell_.at(cell.id()), cell.id()}, cell.finish()); }

  const std::map<std::string, std::string>& run_of_cell_;
  std::size_t most_buckets_;
  results::PowerCurves& into_;
  power::MeterInfo meter_;                     // its own: cells of a segment are finished when the next one begins
  const power::MeterInfo* present_ = nullptr;  // what the trace says of it now
  std::optional<power::Reading> last_;
  std::list<CellCurve> cells_;
};

// trace.csv, trace-2.csv, ... in the order of writing.
std::vector<fs::path> traces_of(const fs::path& run) {
  std::vector<fs::path> result;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(run / "traces", none)) {
    const std::string name = entry.path().filename().string();
    const bool of_further = name.find(".meter") != std::string::npos;  // trace_of_meter()
    if (name.starts_with("trace") && name.ends_with(".csv") && !of_further) result.push_back(entry.path());
  }
  // Shorter names are earlier: trace-9.csv before trace-10.csv.
  std::ranges::sort(result, {}, [](const fs::path& path) { return std::pair(path.string().size(), path.string()); });
  return result;
}

}  // namespace

std::size_t buckets_for(std::size_t cells) {
  constexpr std::size_t all = 200'000, fewest = 20, most = 4000;
  return std::clamp(all / std::max<std::size_t>(cells, 1), fewest, most);
}

void add_curves(const fs::path& run, std::span<const results::CellRow> rows, std::size_t most_buckets,
                results::PowerCurves& into, const std::function<void(const std::string&)>& warn) {
  std::map<std::string, std::string> run_of_cell;
  for (const auto& row : rows) run_of_cell[row.cell_id] = row.run_id;
  for (const auto& path : traces_of(run)) {
    Curves curves(run_of_cell, most_buckets, into);
    try {
      power::visit_trace(path, curves);
    } catch (const power::TraceError& error) {
      warn(fmt::format("{}; power is shown up to that point", error.what()));
    }
    curves.finish();
  }
}

}  // namespace tbft
