#include "harness/runner.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <thread>
#include <variant>

#include "harness/cell_settings.h"
#include "harness/journal.h"
#include "harness/marker.h"
#include "harness/plan.h"
#include "harness/provenance.h"
#include "harness/row.h"
#include "harness/run_directory.h"
#include "harness/run_meter.h"
#include "harness/stop_observer.h"
#include "harness/target_data.h"
#include "harness/trainer.h"
#include "harness/trial.h"
#include "power/monitor.h"

namespace tbft {

namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// Feeds the phases of one cell to the power monitor and the progress line, and keeps the time spent in training.
class CellObserver : public PhaseObserver {
 public:
  CellObserver(power::Monitor* monitor, std::string window, bool trace_steps, const std::atomic<bool>& stop,
               std::function<void(double)> progress)
      : monitor_(monitor), window_(std::move(window)), trace_steps_(trace_steps), stop_(stop), progress_(std::move(progress)) {}

  void begin(Phase phase) override {
    if (phase == Phase::train) train_began_ = SteadyClock::now();
    if (traced(phase)) monitor_->begin(name(phase));
  }
  void end(Phase phase) override {
    if (traced(phase)) monitor_->end(name(phase));
    if (phase == Phase::train) train_s_ += seconds_since(train_began_);
  }
  void stepped(std::int64_t step, std::int64_t planned) override {
    if (stop_) throw Interrupted("interrupted");
    progress_(static_cast<double>(step) / static_cast<double>(std::max<std::int64_t>(planned, 1)));
  }
  void evaluated(std::int64_t, std::int64_t) override {
    if (stop_) throw Interrupted("interrupted");
  }
  double train_s() const { return train_s_; }

 private:
  bool traced(Phase phase) const {
    const bool inner = phase == Phase::forward || phase == Phase::backward || phase == Phase::step;
    return monitor_ != nullptr && (trace_steps_ || !inner);
  }
  std::string name(Phase phase) const { return fmt::format("{}/{}", window_, to_string(phase)); }

  power::Monitor* monitor_;
  std::string window_;
  bool trace_steps_;
  const std::atomic<bool>& stop_;
  std::function<void(double)> progress_;
  SteadyClock::time_point train_began_;
  double train_s_ = 0;
};

// A finished cell that waits for the idle window after it.
struct Pending {
  CellMeasurement measurement;
  std::string window;
  int idle_before = -1;
};

class Run {
 public:
  Run(const RunRequest& request, const Board& board, Console& console, const std::atomic<bool>& stop)
      : board_(board), console_(console), stop_(stop) {
    // Everything that may be wrong is opened and read before anything is written.
    RunDirectory::refuse(request.directory, request.resume);
    auto meter = open_meter_or_estimate(request.settings.meter.uri, request.settings.meter.interval_s);
    auto on_mark = open_marker(request.settings.meter.marker, console);
    // The directory pins what `auto` found, so that a resume with another meter is noticed.
    auto settings = effective(request.settings, board.cores());
    settings.meter.uri = meter->info().uri;
    if (settings.idle.seconds < 0) settings.idle.seconds = meter->info().measured ? default_idle_s : 0;
    trainer_ = std::make_unique<Trainer>(settings.model.checkpoint);
    pick_kernels(request, settings);
    const auto compute = set_compute({settings.threads, settings.backend});
    settings.threads = compute.threads;
    settings_ = settings;

    identity_ = identify(settings);
    plan_ = make_plan(settings, identity_);
    data_ = std::make_unique<TargetData>(settings, plan_, [&](const std::string& name) {
      stop_point();
      console.progress("loading " + name);
    });
    console.clear();
    if (request.settings.meter.uri == "auto" && !meter->info().measured)
      console.warning(fmt::format("no power meter found; joules are an estimate: {}", meter->info().description));
    directory_ = std::make_unique<RunDirectory>(request.directory, request.resume);
    run_id_ = directory_->begin(describe(request, meter->info()), plan_);
    journal_ = std::make_unique<Journal>(directory_->journal());
    const auto trace = directory_->trace(journal_->before().executions + 1);
    cell_settings_ = std::make_unique<CellSettings>(settings_, *trainer_, *data_, *journal_, console, stop);
    journal_->execution(tool_version(), trace.filename().string());
    monitor_ = std::make_unique<power::Monitor>(
        std::move(meter), power::MonitorOptions{settings.meter.interval_s, trace, nullptr, std::move(on_mark)});
  }

  RunOutcome execute() {
    RunOutcome outcome;
    outcome.planned = static_cast<std::int64_t>(plan_.size());
    std::vector<const Cell*> todo;
    for (const auto& cell : plan_) {
      if (directory_->done().contains(cell.id))
        ++outcome.skipped;
      else
        todo.push_back(&cell);
    }
    if (todo.empty()) return outcome;
    console_.line(fmt::format("{}: {} of {} cells to run, {}, meter {}", settings_.name, todo.size(), plan_.size(),
                              trainer_->description(), monitor_->meter().uri));
    if (settings_.warmup) warm_up(*todo.front());
    began_ = SteadyClock::now();
    remaining_ = todo.size();
    idle_window();
    for (const Cell* cell : todo) {
      stop_point();
      const auto settings = settings_of(*cell);
      pending_ = run_cell(*cell, settings);
      cool_down();
      idle_window();
      write_pending(outcome);
      --remaining_;
      ++finished_;
    }
    monitor_->close();
    return outcome;
  }

 private:
  void stop_point() const {
    if (stop_) throw Interrupted("interrupted");
  }

  // Back end and layout, where the request leaves them open. A resumed run stays with what it has.
  void pick_kernels(const RunRequest& request, Settings& settings) {
    const auto tried = candidates(request.settings.backend,
                                  request.settings.layout.empty() ? std::string(automatic) : request.settings.layout);
    auto picked = request.resume ? picked_before(request.directory / "run.json") : std::nullopt;
    if (!picked || std::ranges::find(tried, *picked) == tried.end()) {
      console_.progress("timing convolution back ends and layouts");
      trial_ = try_out(tried, [&](const Kernels& kernels, double enough_s) {
        stop_point();
        try {
          set_compute({settings.threads, kernels.backend});
        } catch (const std::runtime_error&) {  // this libtorch has it not
          return std::numeric_limits<double>::infinity();
        }
        return trainer_->step_s(kernels.layout, enough_s);
      });
      console_.clear();
      picked = trial_.picked;
    }
    settings.backend = picked->backend;
    settings.layout = picked->layout;
  }

  std::string describe(const RunRequest& request, const power::MeterInfo& meter) const {
    nlohmann::json run = provenance_json(board_);
    run["schema"] = results::schema_version;
    run["run_id"] = fmt::format("{}-{}-{:04x}", settings_.name, utc_compact(), std::random_device{}() & 0xFFFFU);
    run["libtorch"] = libtorch_version();
    run["created_utc"] = utc_now();
    run["command_line"] = request.command_line;
    run["requested"] = nlohmann::json::parse(to_json(request.settings));
    run["effective"] = nlohmann::json::parse(to_json(settings_));
    run["config_hash"] = identity_.config_hash;
    run["checkpoint_sha256"] = identity_.checkpoint_sha256;
    run["model"] = trainer_->description();
    run["cells"] = plan_.size();
    for (const auto& [kernels, step_s] : trial_.times)
      run["trial"].push_back({{"backend", kernels.backend}, {"layout", kernels.layout}, {"step_s", step_s}});
    run["meter"] = {{"uri", meter.uri},           {"description", meter.description}, {"scope", to_string(meter.scope)},
                    {"measured", meter.measured}, {"averaging_s", meter.averaging_s}, {"gap_limit_s", meter.gap_limit_s}};
    run["data"] = nlohmann::json::parse(data_->describe());
    return run.dump();
  }

  // What has to be searched first is no part of the cell: it begins after an idle window of its own. Text: why there are none.
  std::variant<TrainSettings, std::string> settings_of(const Cell& cell) {
    const auto before = cell_settings_->searches();
    std::variant<TrainSettings, std::string> settings;
    try {
      settings = cell_settings_->of(cell);
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& error) {
      settings = error.what();
    }
    if (cell_settings_->searches() == before || settings_.idle.seconds <= 0) return settings;
    cool_down();
    idle_window();
    monitor_->forget(fmt::format("idle/{}", idle_windows_ - 2));  // the one before the search
    return settings;
  }

  // A discarded cell of few images that trains everything: code paged in, kernels chosen, clocks up.
  void warm_up(const Cell& cell) {
    console_.progress("warming up");
    auto settings = cell_settings_->warm_up(cell);
    settings.epochs = 1;
    auto split = data_->split(cell);
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
      trainer_->run(find_strategy("full"), data_->images(cell), split, settings, observer);
    } catch (const DivergedError&) {  // warm all the same
    }
  }

  void show_progress(const Cell& cell, double fraction) {
    if (!console_.terminal() || seconds_since(last_drawn_) < 0.1) return;
    last_drawn_ = SteadyClock::now();
    const double done = static_cast<double>(finished_) + fraction;
    const double all = static_cast<double>(finished_ + remaining_);
    const auto live = monitor_->live();
    console_.progress(fmt::format("{} {}/{} {} {:.0f} % {} | {:.2f} W {:.0f} J | ETA {}", bar(done / all), finished_ + 1,
                                  finished_ + remaining_, cell.drift_text(), cell.train_size * 100, cell.strategy, live.watts_W,
                                  live.joules_J,
                                  done > 0.5 ? duration_text(seconds_since(began_) / done * (all - done)) : "..."));
  }

  Pending run_cell(const Cell& cell, const std::variant<TrainSettings, std::string>& how) {
    const auto* settings = std::get_if<TrainSettings>(&how);
    Pending pending;
    pending.window = "cell/" + cell.id;
    pending.idle_before = idle_windows_ - 1;
    auto& m = pending.measurement;
    m.cell = cell;
    if (settings != nullptr) m.lr = settings->lr;
    m.started_utc = utc_now();
    m.before = BoardState::of(board_);
    malloc_trim(0);  // what an earlier cell needed is no memory of this one
    board_.reset_peak_rss();
    journal_->cell_begins(cell.id);
    const double sampler_before = monitor_->sampler().cpu_s;
    const auto start = SteadyClock::now();
    CellObserver observer(monitor_.get(), pending.window, settings_.trace_steps, stop_,
                          [&](double fraction) { show_progress(cell, fraction); });
    monitor_->begin(pending.window);
    try {
      if (settings == nullptr) throw std::runtime_error(std::get<std::string>(how));
      m.result = trainer_->run(find_strategy(cell.strategy), data_->images(cell), data_->split(cell), *settings, observer);
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& error) {
      m.failure = error.what();
    }
    monitor_->end(pending.window);
    m.duration_s = seconds_since(start);
    m.train_s = observer.train_s();
    m.sampler_cpu_s = monitor_->sampler().cpu_s - sampler_before;
    m.peak_rss_MiB = board_.peak_rss_MiB();
    m.after = BoardState::of(board_);
    journal_->cell_ends(cell.id, m.result ? m.result->correct_by_image : std::vector<bool>{});
    return pending;
  }

  void cool_down() {
    if (settings_.cooldown.max_C <= 0) return;
    const auto start = SteadyClock::now();
    while (!stop_ && seconds_since(start) < settings_.cooldown.timeout_s) {
      const auto now = board_.temperature_C();
      if (!now || *now <= settings_.cooldown.max_C) return;
      console_.progress(fmt::format("cooling down: {:.1f} C, waiting for {:.1f} C", *now, settings_.cooldown.max_C));
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
  }

  // Data loaded, threads parked. Not cut short by a signal: the finished cell before it needs it whole.
  void idle_window() {
    if (settings_.idle.seconds <= 0) return;
    console_.progress(fmt::format("idle window of {} s", settings_.idle.seconds));
    const auto name = fmt::format("idle/{}", idle_windows_++);
    monitor_->begin(name);
    std::this_thread::sleep_for(std::chrono::duration<double>(settings_.idle.seconds));
    monitor_->end(name);
  }

  power::Energy idle_energy(int index) { return index < 0 ? power::Energy{} : monitor_->energy(fmt::format("idle/{}", index)); }

  void write_pending(RunOutcome& outcome) {
    auto& m = pending_->measurement;
    CellEnergy energy;
    energy.gross = monitor_->energy(pending_->window);
    const bool trained = m.result && m.result->steps > 0;
    if (trained) energy.train = monitor_->energy(pending_->window + "/train");
    energy.idle_before = idle_energy(pending_->idle_before);
    energy.idle_after = idle_energy(idle_windows_ - 1);
    const auto row = make_row(m, energy, monitor_->meter(), RunFacts{run_id_, &settings_, &board_, identity_.config_hash});
    // The readings first: a row on the disk must find its joules again in the trace.
    monitor_->sync();
    directory_->commit(row);
    // The last idle window is the one before the next cell.
    monitor_->forget(pending_->window);
    if (pending_->idle_before >= 0) monitor_->forget(fmt::format("idle/{}", pending_->idle_before));
    count(m.cell, row, outcome);
    pending_.reset();
  }

  void count(const Cell& cell, const results::CellRow& row, RunOutcome& outcome) {
    if (row.status == "ok") ++outcome.ok;
    if (row.status == "failed") ++outcome.failed;
    if (row.status == "invalid") ++outcome.invalid;
    console_.line(
        fmt::format("[{}/{}] {} {:.0f} % {} #{}: {}{}, {:.1f} s{}", finished_ + 1, finished_ + remaining_, cell.drift_text(),
                    cell.train_size * 100, cell.strategy, cell.repetition,
                    row.accuracy_pct ? fmt::format("{:.2f} %", *row.accuracy_pct) : "no accuracy",
                    row.gross_J ? fmt::format(", {:.1f} J{}", *row.gross_J, *row.measured == 1 ? "" : " (estimate)") : "",
                    row.duration_s.value_or(0), row.status == "ok" ? "" : fmt::format(" {}: {}", row.status, row.reason)));
  }

  const Board& board_;
  Console& console_;
  const std::atomic<bool>& stop_;
  std::unique_ptr<RunDirectory> directory_;
  Settings settings_;
  Identity identity_;
  std::vector<Cell> plan_;
  Trial trial_;
  std::unique_ptr<Trainer> trainer_;
  std::unique_ptr<TargetData> data_;
  std::string run_id_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<CellSettings> cell_settings_;
  std::unique_ptr<power::Monitor> monitor_;
  std::optional<Pending> pending_;
  int idle_windows_ = 0;
  std::size_t remaining_ = 0, finished_ = 0;
  SteadyClock::time_point began_, last_drawn_;
};

}  // namespace

RunOutcome run_experiment(const RunRequest& request, const Board& board, Console& console, const std::atomic<bool>& stop) {
  return Run(request, board, console, stop).execute();
}

}  // namespace tbft
