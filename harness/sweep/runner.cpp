#include "harness/sweep/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <thread>
#include <utility>

#include "harness/experiment/row.h"
#include "harness/experiment/run_status.h"
#include "harness/experiment/trace_space.h"
#include "harness/host/cpufreq.h"
#include "harness/host/provenance.h"
#include "harness/host/usage_error.h"
#include "harness/measurement/measurement_session.h"
#include "harness/measurement/monitors.h"
#include "harness/measurement/run_meter.h"
#include "harness/sweep/cell_run.h"
#include "harness/sweep/run_setup.h"
#include "harness/sweep/until.h"
#include "harness/training/compute.h"
#include "harness/training/phases.h"
#include "harness/training/trainer.h"
#include "results/csv.h"
#include "tbft/power/monitor.h"

namespace tbft {

namespace {

using SteadyClock = std::chrono::steady_clock;

class Run {
 public:
  // `status` and its file must outlive the run, because the caller reports the end.
  Run(const RunRequest& request, const Board& board, Console& console, const std::atomic<bool>& stop, RunStatus& status,
      StatusFile& status_file)
      : board_(board), console_(console), stop_(stop), status_(status), status_file_(status_file), warm_up_(request.warm_up) {
    std::vector<std::string> warnings;
    auto meters = open_named_meters({request.settings.meter.uri, request.programs, request.settings.meter.also},
                                    request.settings.meter.interval_s, WithoutMeter::estimates, warnings);
    const auto info = meters.front()->info();
    hold_frequencies(request);
    auto on_mark = open_marker(request.settings.meter.marker, console);
    // run.json stores what `auto` selected, so that a resume with another meter is noticed.
    auto settings = effective(request.settings, board.cores());
    settings.meter.uri = info.uri;
    nlohmann::json facts{{"meter", to_json(info)}};
    settings.meter.also.clear();
    for (std::size_t i = 1; i < meters.size(); ++i) {
      settings.meter.also.push_back(meters[i]->info().uri);
      facts["further_meters"].push_back(to_json(meters[i]->info()));
    }
    settings.idle.seconds = idle_seconds(settings.idle.seconds, info);
    const auto realtime = power::parse_realtime(settings.meter.realtime);
    const auto scheduling = power::try_scheduling(realtime);
    const auto compute = set_compute({settings.threads, settings.backend});
    settings.threads = compute.threads;
    settings.backend = compute.backend;
    if (settings.meter.trace != "off") check_room(request, meters, settings);
    facts["sampler"] = to_json(scheduling);

    setup_ = std::make_unique<RunSetup>(request, settings, facts, board, console, stop,
                                        [this](const SearchOutcome& outcome) { record(outcome); });
    for (const auto& warning : warnings) console.warning(warning);
    if (board_.name().starts_with("Raspberry Pi") && !board_.throttled_bits())
      console.warning("throttling of the board cannot be read: join the group video, sudo usermod -aG video $USER");
    power::MonitorOptions options{.on_mark = std::move(on_mark), .realtime = realtime};
    if (settings.meter.trace != "off") {
      options.trace = setup_->directory.trace(setup_->journal.before().executions + 1);
      if (settings.meter.trace == "cells") options.trace_keep = power::TraceKeep::cells;
      trace_ = options.trace->filename().string();
    }
    setup_->journal.execution(tool_version(), trace_);
    until_ = Until(precision_of(settings));
    if (!settings.sweep.until.empty() && !setup_->directory.done().empty())
      for (const auto& row : results::read_cells(setup_->directory.cells_csv()).rows) until_.add(row);
    monitors_.emplace(std::move(meters), std::move(options));
    // A signal does not shorten it, because the finished cell before needs its whole idle window.
    session_.emplace(monitors_->pointers(),
                     SessionOptions{.idle_s = settings.idle.seconds,
                                    .wait = [](double s) { std::this_thread::sleep_for(std::chrono::duration<double>(s)); },
                                    .processor_times = [this] { return board_.processor_times(); }});
    status_.meter = monitors_->first().meter().uri;
    status_.measured = monitors_->first().meter().measured;
  }

  RunOutcome execute() {
    RunOutcome outcome;
    const auto todo = setup_->todo(outcome);
    if (todo.empty()) return outcome;
    std::string meters = monitors_->first().meter().uri;
    for (const auto& uri : settings().meter.also) meters += fmt::format(", beside it {}", uri);
    console_.line(fmt::format("{}: {} of {} cells to run, {}, meter {}", settings().name, todo.size(), setup_->plan.size(),
                              setup_->trainer.description(), meters));
    if (settings().warmup) {
      move_to(todo.front()->point);
      warm_up(*todo.front());
    }
    began_ = SteadyClock::now();
    remaining_ = todo.size();
    idle_window();
    for (const Cell* cell : todo) {
      if (stop_) throw Interrupted("interrupted");
      // A row that is not ok is repeated as --resume promises, also where the others suffice.
      if (!setup_->directory.present().contains(cell->id) && until_.enough(*cell)) {
        ++outcome.spared;
        --remaining_;
        continue;
      }
      if (move_to(cell->point)) idle_window();
      const auto resolved = resolve_then_settle(*cell);
      auto measurement = measure_cell(*cell, resolved);
      cool_down();
      idle_window();
      write(measurement, outcome);
      --remaining_;
      ++finished_;
    }
    for (const auto& warning : monitors_->warnings(trace_)) console_.warning(warning);
    // run.json contains the meter's state at the start.
    if (const auto note = monitors_->first().meter().note; !note.empty())
      setup_->journal.found(meter_note, nlohmann::json(note).dump());
    monitors_->close();
    return outcome;
  }

 private:
  const Settings& settings() const { return setup_->settings; }

  static nlohmann::json to_json(const power::MeterInfo& meter) {
    nlohmann::json json{{"uri", meter.uri},           {"description", meter.description}, {"scope", to_string(meter.scope)},
                        {"measured", meter.measured}, {"averaging_s", meter.averaging_s}, {"gap_limit_s", meter.gap_limit_s}};
    if (!meter.assumption.empty()) json["assumption"] = meter.assumption;
    return json;
  }

  static nlohmann::json to_json(const power::Scheduling& scheduling) {
    return {
        {"policy", scheduling.policy_name()}, {"priority", scheduling.priority}, {"timer_slack_ns", scheduling.timer_slack_ns}};
  }

  // Throws if the traces cannot fit, because a full disk would otherwise end the run after hours.
  void check_room(const RunRequest& request, std::span<const std::unique_ptr<power::Meter>> meters,
                  const Settings& settings) const {
    const auto cells = select_cells(make_plan(request.settings, identify(request.settings)), request.cells);
    const auto cells_csv = request.directory / "cells.csv";
    double rows_per_s = 0;
    for (const auto& meter : meters) rows_per_s += trace_rows_per_s(*meter, settings.meter.interval_s);
    const TracePlan plan{.rows_per_s = rows_per_s,
                         .seconds = seconds_left(cells_csv, cells, settings.idle.seconds),
                         .cells_only = settings.meter.trace == "cells"};
    const auto check = check_space(request.directory, free_bytes(request.directory), plan);
    const auto line = fmt::format("{}: {}; {}", check.name, check.detail, check.fix);
    if (check.health == Health::problem) throw std::runtime_error(line);
    if (check.health == Health::warning) console_.warning(line);
  }

  // Records a search, so that a resumed run need not repeat it.
  void record(const SearchOutcome& outcome) {
    if (!outcome.failure.empty()) return;
    setup_->journal.found(outcome.name, outcome.json);
    console_.line(fmt::format("{}: {}", outcome.name, outcome.json));
  }

  // A search is not part of the cell, so the cell then begins after another idle window.
  ResolvedSettings resolve_then_settle(const Cell& cell) {
    const auto before = setup_->cell_settings.searches();
    auto resolved = resolve_settings(*setup_, cell);
    if (setup_->cell_settings.searches() == before || settings().idle.seconds <= 0) return resolved;
    cool_down();
    idle_window();
    return resolved;
  }

  // Refuses frequencies that cannot be had, or not by this user, before anything is written.
  void hold_frequencies(const RunRequest& request) {
    const auto points = sweep_points(request.settings);
    if (std::ranges::all_of(points, [](const SweepPoint& point) { return point.frequencies.empty(); })) return;
    for (const auto& point : points)
      if (const auto why = refusal(board_.root(), point.frequencies); !why.empty())
        throw UsageError(fmt::format("sweep.governor or sweep.max_kHz: {}", why));
    frequencies_ = std::make_unique<FrequencyKeeper>(board_.root(), frequency_record_folder(board_.root()));
    for (const auto& policy : frequencies_->restored())
      console_.warning(fmt::format("a run that was killed had left other frequencies; put back {}", policy));
    frequencies_->apply(points.front().frequencies);
    at_ = points.front();
  }

  // Gives the machine the threads and frequencies of the point. Returns whether idle power may have changed with it.
  bool move_to(const SweepPoint& point) {
    if (!settings().sweep.threads.empty()) set_compute({point.threads, settings().backend});
    const bool moved = frequencies_ && point.frequencies != std::exchange(at_, point).frequencies;
    if (moved) frequencies_->apply(point.frequencies);
    return moved;
  }

  // Looks about twice a second: often enough for a mean, rarely enough to cost nothing.
  void see_frequency(std::vector<double>& seen_kHz) {
    if (!seen_kHz.empty() && seconds_since(last_seen_) < 0.5) return;
    last_seen_ = SteadyClock::now();
    if (const auto now = current_kHz(board_.root())) seen_kHz.push_back(*now);
  }

  // Runs a discarded cell with few images, which trains everything unless memory is short, to load code, select kernels and
  // raise clock rates.
  void warm_up(const Cell& cell) {
    console_.progress("warming up");
    status_.state = "warming up";
    status_file_.write(status_);
    auto settings = setup_->cell_settings.warm_up(cell);
    settings.epochs = 1;
    auto split = setup_->data.split(cell);
    const auto at_most = [](std::vector<std::int64_t>& part, std::int64_t n) {
      part.resize(std::min(part.size(), static_cast<std::size_t>(n)));
    };
    constexpr std::int64_t steps = 4;
    constexpr std::int64_t evaluated = 256;
    at_most(split.train, steps * settings.batch);
    at_most(split.val, evaluated);
    at_most(split.test, evaluated);
    StopObserver observer(stop_);
    try {
      setup_->trainer.run(find_strategy(warm_up_), setup_->data.images(cell), split, settings, observer);
    } catch (const DivergedError&) {  // the machine is warm even so
    }
  }

  // Updates rarely, because the meter also measures the cost of the display.
  void show_progress(const Cell& cell, double fraction) {
    if (!(console_.terminal() || status_file_.wanted()) || seconds_since(last_drawn_) < 0.1) return;
    last_drawn_ = SteadyClock::now();
    const double done = static_cast<double>(finished_) + fraction;
    const double all = static_cast<double>(finished_ + remaining_);
    status_.state = "running";
    status_.cell_id = cell.id;
    const auto point = cell.point.text();
    status_.cell = fmt::format("{} {:.0f} % {}{}{}", cell.drift_text(), cell.train_size * 100, cell.strategy,
                               point.empty() ? "" : " ", point);
    status_.fraction = done / all;
    status_.eta_s = done > 0.5 ? seconds_since(began_) / done * (all - done) : results::unknown;
    show_status();
  }

  void show_status() {
    const auto live = monitors_->first().live();
    status_.elapsed_s = seconds_since(began_);
    status_.done = static_cast<std::int64_t>(finished_);
    status_.planned = static_cast<std::int64_t>(finished_ + remaining_);
    status_.power_W = live.watts_W;
    status_.energy_J = live.joules_J;
    console_.progress(status_line(status_));
    status_file_.update(status_);
  }

  static std::string window_of(const Cell& cell) { return "cell/" + cell.id; }

  CellMeasurement measure_cell(const Cell& cell, const ResolvedSettings& resolved) {
    setup_->journal.cell_begins(cell.id);
    const auto cpu_before_s = monitors_->sampler_cpu_s();
    CellObserver observer(&*session_, window_of(cell), settings().trace_steps, stop_,
                          [&](double fraction) { show_progress(cell, fraction); });
    std::vector<double> seen_kHz;
    observer.at_work = [&] { see_frequency(seen_kHz); };
    auto m = run_cell(*setup_, cell, resolved, observer);
    m.seen_kHz = std::move(seen_kHz);
    sampler_cpu_s_ = monitors_->sampler_cpu_s();
    for (std::size_t i = 0; i < sampler_cpu_s_.size(); ++i) sampler_cpu_s_[i] -= cpu_before_s[i];
    const auto result = m.result.value_or(TrainResult{});
    setup_->journal.cell_ends(cell.id, result.correct_by_image, result.diagnosis);
    return m;
  }

  void cool_down() {
    if (settings().cooldown.max_C <= 0) return;
    const auto start = SteadyClock::now();
    while (!stop_ && seconds_since(start) < settings().cooldown.timeout_s) {
      const auto now = board_.temperature_C();
      if (!now || *now <= settings().cooldown.max_C) return;
      status_.state = fmt::format("cooling: {:.1f} C, waiting for {:.1f} C", *now, settings().cooldown.max_C);
      show_status();
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
  }

  // Data are loaded and threads are idle.
  void idle_window() {
    if (settings().idle.seconds <= 0) return;
    status_.state = "idle";
    show_status();
    session_->idle(fmt::format("idle/{}", idle_windows_++));
  }

  // The cell's row by one of the meters.
  results::CellRow row_by(std::size_t meter, CellMeasurement& m) {
    auto& monitor = (*monitors_)[meter];
    CellEnergy energy{session_->measured(meter)};
    const bool trained = m.result && m.train_s > 0;
    if (trained) energy.train = monitor.energy(window_of(m.cell) + "/train");
    if (m.result) energy.test = monitor.energy(window_of(m.cell) + "/test");
    m.sampler_cpu_s = sampler_cpu_s_.at(meter);
    const auto info = monitor.meter();
    auto row = make_row(m, energy, info, setup_->facts());
    if (meter == 0) warn_once(row.other_cpu_pct, result_of(m, energy, info).doubt);
    return row;
  }

  // Called after the idle window that follows the cell.
  void write(CellMeasurement& m, RunOutcome& outcome) {
    const auto row = row_by(0, m);
    std::vector<results::CellRow> further;
    for (std::size_t i = 1; i < monitors_->size(); ++i) further.push_back(row_by(i, m));
    // Readings are synced first, so that the trace contains the joules of every row on the disk.
    monitors_->sync();
    setup_->directory.commit(row, further);
    until_.add(row);
    session_->forget(window_of(m.cell));
    count(row, outcome);
    warn_of_failures();
    console_.line(fmt::format("[{}/{}] {}", finished_ + 1, finished_ + remaining_, outcome_text(m.cell, row)));
  }

  // The remaining cells are still trained and tested, because an accuracy needs no meter.
  void warn_of_failures() {
    if (const auto failure = session_->new_failure(); !failure.empty())
      console_.warning(
          fmt::format("the meter failed: {}; from now on only accuracies are measured and energies are invalid; "
                      "once the meter works again, --resume repeats these cells",
                      failure));
    for (std::size_t i = 1; i < monitors_->size(); ++i)
      if (const auto failure = session_->new_failure(i); !failure.empty())
        console_.warning(
            fmt::format("{} failed: {}; from now on its rows in meters.csv are invalid", (*monitors_)[i].meter().uri, failure));
  }

  // Warns once, because each cell's row has its own reason.
  void warn_once(std::optional<double> other_pct, const std::string& doubt) {
    if (other_pct && *other_pct > crowded_pct && !std::exchange(warned_of_others_, true))
      console_.warning(
          fmt::format("{}: joules and times include their work (column other_cpu_pct)", other_programs_text(*other_pct)));
    if (!doubt.empty() && !std::exchange(warned_of_meter_, true)) console_.warning(doubt);
  }

  const Board& board_;
  Console& console_;
  const std::atomic<bool>& stop_;
  RunStatus& status_;
  StatusFile& status_file_;
  const std::string warm_up_;  // the strategy of the warm-up cell
  std::unique_ptr<RunSetup> setup_;
  std::optional<Monitors> monitors_;
  std::string trace_;                  // name of the first one's file; empty: no trace is kept
  std::vector<double> sampler_cpu_s_;  // of each, in the cell
  std::optional<MeasurementSession> session_;
  std::unique_ptr<FrequencyKeeper> frequencies_;  // where the sweep sets them
  SweepPoint at_;
  Until until_{{}};
  SteadyClock::time_point last_seen_;
  int idle_windows_ = 0;
  bool warned_of_others_ = false, warned_of_meter_ = false;
  std::size_t remaining_ = 0, finished_ = 0;
  SteadyClock::time_point began_, last_drawn_;
};

}  // namespace

RunOutcome run_experiment(const RunRequest& request, const Board& board, Console& console, const std::atomic<bool>& stop) {
  RunStatus status;
  status.command = "run";
  status.output = request.directory.string();
  RunDirectory::refuse(request.directory, request.resume);
  StatusFile file(request.status, status);
  return file.until_end(status, [&] {
    const auto outcome = request.jobs > 0 ? run_jobs(request, board, console, stop, status, file)
                                          : Run(request, board, console, stop, status, file).execute();
    status.state = "done";
    status.done = status.planned = outcome.planned;
    status.cell_id.clear();
    status.cell.clear();
    status.fraction = 1;
    status.eta_s = 0;
    file.write(status);
    return outcome;
  });
}

}  // namespace tbft
