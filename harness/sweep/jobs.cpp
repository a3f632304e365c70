#include "harness/sweep/runner.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <csignal>
#include <list>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "harness/host/interrupted.h"
#include "harness/host/provenance.h"
#include "harness/host/usage_error.h"
#include "harness/sweep/cell_run.h"
#include "harness/sweep/job_queue.h"
#include "harness/sweep/run_setup.h"
#include "harness/sweep/worker.h"
#include "harness/training/compute.h"
#include "results/csv.h"

namespace tbft {

namespace {

using nlohmann::json;
using SteadyClock = std::chrono::steady_clock;

// The accuracy of a base model depends on training size and repetition only if noise is drawn for it.
std::optional<std::string> base_evaluation(const Cell& cell) {
  if (find_strategy(cell.strategy).adapts() || noised_block(cell.condition)) return std::nullopt;
  return fmt::format("base/{}/{}/{}", cell.drift_text(), cell.strategy, cell.point.text());
}

std::string bits(const std::vector<bool>& values) {
  std::string text;
  for (const bool value : values) text += value ? '1' : '0';
  return text;
}
std::vector<bool> bits(const std::string& text) {
  std::vector<bool> values;
  for (const char c : text) values.push_back(c == '1');
  return values;
}

struct Scored {
  results::CellRow row;
  std::vector<bool> correct;
  std::string diagnosis;  // JSON or empty
};

struct Job {
  const Cell* cell;
  std::string started_utc;
  std::unique_ptr<Worker> worker;
  std::optional<Scored> scored;
  double fraction = 0;  // of the training, 0 to 1
};

// A cell whose row is not written yet.
struct Ended {
  const Cell* cell;
  Scored scored;
  bool begun;  // whether the journal has its beginning
};

class JobsRun {
 public:
  JobsRun(const RunRequest& request, const Settings& effective, const Board& board, Console& console,
          const std::atomic<bool>& stop, RunStatus& status, StatusFile& status_file)
      : jobs_(static_cast<std::size_t>(request.jobs)),
        console_(console),
        stop_(stop),
        status_(status),
        status_file_(status_file),
        setup_(request, effective, {{"meter", nullptr}}, board, console, stop,
               [this](const SearchOutcome& outcome) { send_(to_json(outcome)); }) {
    setup_.journal.execution(tool_version(), "");
  }

  RunOutcome execute() {
    RunOutcome outcome;
    const auto todo = setup_.todo(outcome);
    if (todo.empty()) return outcome;
    announce(todo.size());
    JobQueue queue(todo, [this](const Cell& cell) {
      auto work = setup_.cell_settings.searches_of(cell);
      if (const auto base = base_evaluation(cell)) work.push_back(*base);
      return work;
    });
    all_ = todo.size();
    began_ = SteadyClock::now();
    bool signalled = false;
    try {
      while (!running_.empty() || !ended_.empty() || (!queue.empty() && !stop_)) {
        start_cells(queue);
        if (stop_ && !signalled) {
          for (const auto& job : running_) job.worker->signal(SIGTERM);
          signalled = true;
        }
        // Rows wait for the disk, so they are written once every worker has a cell.
        write_rows(outcome);
        receive(queue);
      }
    } catch (...) {
      write_rows(outcome);  // what was computed is not lost where a further process cannot be started
      throw;
    }
    if (stop_) throw Interrupted("interrupted");
    return outcome;
  }

 private:
  void announce(std::size_t cells) {
    const auto threads = setup_.settings.threads;
    console_.line(fmt::format("{}: {} of {} cells to run, {}", setup_.settings.name, cells, setup_.plan.size(),
                              setup_.trainer.description()));
    console_.line(
        fmt::format("--jobs {}: accuracies only, {} thread{} each; no meter is opened, joules, watts and times stay empty",
                    jobs_, threads, threads == 1 ? "" : "s"));
    if (static_cast<std::int64_t>(std::min(jobs_, cells)) * threads > setup_.board.cores())
      console_.warning(fmt::format("{} processes with {} threads each share {} cores, so that they wait for each other", jobs_,
                                   threads, setup_.board.cores()));
  }

  static std::string to_json(const SearchOutcome& o) {
    return json{{"search", o.name}, {"found", o.json}, {"failure", o.failure}}.dump();
  }

  void start_cells(JobQueue& queue) {
    while (!stop_ && running_.size() < jobs_) {
      const Cell* cell = queue.next();
      if (cell == nullptr) return;
      if (same_evaluation(*cell))
        queue.ended(*cell);
      else
        start(*cell);
    }
  }

  void start(const Cell& cell) {
    running_.push_back({&cell, utc_now(), nullptr, std::nullopt, 0});
    running_.back().worker = std::make_unique<Worker>([&](const Worker::Send& send) { work(cell, send); });
    setup_.journal.cell_begins(cell.id);
  }

  // Runs in the worker's process.
  void work(const Cell& cell, const Worker::Send& send) {
    send_ = send;
    const auto threads = cell.point.threads > 0 ? cell.point.threads : setup_.settings.threads;
    set_compute({threads, setup_.settings.backend});
    SteadyClock::time_point sent_at;
    CellObserver observer(nullptr, "", false, stop_, [&](double fraction) {
      if (!console_.terminal() || seconds_since(sent_at) < 0.2) return;
      sent_at = SteadyClock::now();
      send(fmt::format(R"({{"fraction":{}}})", fraction));
    });
    const auto resolved = resolve_settings(setup_, cell);
    const auto measured = run_cell(setup_, cell, resolved, observer);
    // The board's name may contain any bytes.
    send(json{{"row", results::to_line(make_row(measured, setup_.facts()))},
              {"correct", bits(measured.result ? measured.result->correct_by_image : std::vector<bool>{})},
              {"diagnosis", measured.result ? measured.result->diagnosis : ""}}
             .dump(-1, ' ', false, json::error_handler_t::replace));
  }

  // Waits briefly for messages of the workers, and takes the results of those that have ended.
  void receive(JobQueue& queue) {
    if (running_.empty()) return;
    std::vector<pollfd> ready;
    for (const auto& job : running_) ready.push_back({job.worker->fd(), POLLIN, 0});
    constexpr int patience_ms = 200;
    if (poll(ready.data(), ready.size(), patience_ms) <= 0) ready.clear();
    auto job = running_.begin();
    for (const auto& state : ready) {
      const auto current = job++;
      if (state.revents == 0) continue;
      std::vector<std::string> lines;
      const bool open = current->worker->read(lines);
      for (const auto& line : lines) handle(*current, json::parse(line));
      if (open) continue;
      finish(*current);
      queue.ended(*current->cell);
      running_.erase(current);
    }
    show_progress();
  }

  void handle(Job& job, const json& message) {
    if (message.contains("fraction")) job.fraction = message["fraction"].get<double>();
    if (message.contains("search")) {
      const SearchOutcome outcome{message["search"].get<std::string>(), message["found"].get<std::string>(),
                                  message["failure"].get<std::string>()};
      setup_.cell_settings.learn(outcome);
      if (!outcome.failure.empty()) return;
      setup_.journal.found(outcome.name, outcome.json);
      console_.line(fmt::format("{}: {}", outcome.name, outcome.json));
    }
    if (message.contains("row")) {
      const auto text = fmt::format("{}\n{}\n", results::header_line(), message["row"].get<std::string>());
      job.scored = {results::parse_cells(text, "a worker's row").rows.at(0), bits(message["correct"].get<std::string>()),
                    message["diagnosis"].get<std::string>()};
    }
  }

  void finish(Job& job) {
    const auto ending = job.worker->wait();
    if (!job.scored) {
      if (stop_) return;  // ended by our own request
      CellMeasurement lost;
      lost.cell = *job.cell;
      lost.started_utc = job.started_utc;
      lost.failure =
          fmt::format("its process {}; if memory ran out, use fewer --jobs", ending.empty() ? "sent no result" : ending);
      job.scored = {make_row(lost, setup_.facts()), {}, {}};
    }
    if (const auto base = base_evaluation(*job.cell); base && job.scored->row.status == "ok") evaluated_[*base] = *job.scored;
    ended_.push_back({job.cell, std::move(*job.scored), true});
  }

  // Reuses the evaluation of a base model on the same images.
  bool same_evaluation(const Cell& cell) {
    const auto base = base_evaluation(cell);
    const auto known = base ? evaluated_.find(*base) : evaluated_.end();
    if (known == evaluated_.end()) return false;
    auto scored = known->second;
    auto& row = scored.row;
    row.reason = fmt::format("evaluated once, as cell {}", row.cell_id);
    row.cell_id = cell.id;
    row.train_size = cell.train_size;
    row.repetition = cell.repetition;
    row.seed = cell.seed;
    row.order_index = cell.order_index;
    ended_.push_back({&cell, std::move(scored), false});
    return true;
  }

  void write_rows(RunOutcome& outcome) {
    for (const auto& [cell, scored, begun] : std::exchange(ended_, {})) {
      if (stop_ && !begun) continue;  // costs nothing the next time
      if (!begun) setup_.journal.cell_begins(cell->id);
      setup_.journal.cell_ends(cell->id, scored.correct, scored.diagnosis);
      setup_.directory.commit(scored.row);
      count(scored.row, outcome);
      console_.line(fmt::format("[{}/{}] {}", ++finished_, all_, outcome_text(*cell, scored.row)));
    }
  }

  void show_progress() {
    if (!(console_.terminal() || status_file_.wanted())) return;
    const auto ended = finished_ + ended_.size();
    auto done = static_cast<double>(ended);
    for (const auto& job : running_) done += job.fraction;
    const auto all = static_cast<double>(all_);
    status_.state = "running";
    status_.done = static_cast<std::int64_t>(ended);
    status_.planned = static_cast<std::int64_t>(all_);
    status_.fraction = done / all;
    status_.elapsed_s = seconds_since(began_);
    status_.eta_s = done > 0.5 ? status_.elapsed_s / done * (all - done) : results::unknown;
    status_file_.update(status_);
    const auto left = done > 0.5 ? duration_text(status_.eta_s) : "...";
    console_.progress(
        fmt::format("{} {} of {} done, {} at work | ETA {}", bar(done / all), ended, all_, running_.size(), left));
  }

  std::size_t jobs_;
  Console& console_;
  const std::atomic<bool>& stop_;
  RunStatus& status_;
  StatusFile& status_file_;
  Worker::Send send_;  // set in a worker's process
  RunSetup setup_;
  std::list<Job> running_;
  std::vector<Ended> ended_;
  std::map<std::string, Scored> evaluated_;
  std::size_t all_ = 0, finished_ = 0;
  SteadyClock::time_point began_;
};

// Effective settings of such a run: without a meter; if threads is 0, each of `jobs` processes gets its share of `cores`.
Settings settings_of_jobs(Settings settings, std::int64_t jobs, std::int64_t cores) {
  if (settings.threads == 0) settings.threads = std::max<std::int64_t>(1, cores / jobs);
  settings.meter.uri = no_meter;
  settings.meter.also.clear();
  settings.meter.interval_s = 0;
  settings.meter.marker.clear();
  settings.idle.seconds = 0;
  return effective(settings, cores);
}

}  // namespace

RunOutcome run_jobs(const RunRequest& request, const Board& board, Console& console, const std::atomic<bool>& stop,
                    RunStatus& status, StatusFile& status_file) {
  if (!request.settings.sweep.governor.empty() || !request.settings.sweep.max_kHz.empty())
    throw UsageError(
        "--jobs: cells that run at once cannot have frequencies of their own; leave sweep.governor and sweep.max_kHz out");
  if (!request.settings.sweep.until.empty())
    throw UsageError("--jobs: sweep.until needs joules or seconds, which cells that run at once do not have; leave it out");
  // Nothing before the fork may start libtorch's threads, because forked processes would wait for them forever.
  auto settings = settings_of_jobs(request.settings, request.jobs, board.cores());
  settings.backend = set_compute({1, settings.backend}).backend;
  return JobsRun(request, settings, board, console, stop, status, status_file).execute();
}

}  // namespace tbft
