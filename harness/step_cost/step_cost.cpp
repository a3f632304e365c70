#include "harness/step_cost/step_cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <thread>

#include "harness/experiment/journal.h"
#include "harness/host/interrupted.h"
#include "harness/host/provenance.h"
#include "harness/host/usage_error.h"
#include "harness/measurement/measurement_session.h"
#include "harness/measurement/rounds.h"
#include "harness/measurement/run_meter.h"
#include "harness/step_cost/contender.h"
#include "harness/step_cost/step_cost_rows.h"
#include "harness/step_cost/stepper.h"
#include "harness/training/compute.h"
#include "harness/training/memory.h"
#include "results/files.h"
#include "tbft/power/monitor.h"
#include "tbft/power/plausible.h"
#include "tbft/power/registry.h"

namespace tbft {

namespace {

using SteadyClock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr double shortest_window_s = 0.5;
constexpr double periods_a_window = 20;

double now_s() {
  return std::chrono::duration<double>(SteadyClock::now().time_since_epoch()).count();
}

// Makes a candidate's steps.
struct StepMaker {
  std::unique_ptr<Stepper> stepper;
  GradientSeconds split;
};

// Measures one network: every candidate, round by round.
class NetworkCost {
 public:
  NetworkCost(const StepCostRequest& request, const models::NetworkSpec& network, const std::vector<Contender>& contenders,
              const Compute& compute, const Board& board, Console& console, const std::atomic<bool>& stop)
      : request_(request), network_(network), compute_(compute), board_(board), console_(console), stop_(stop) {
    options_.spec = network;
    options_.file = request.file;
    options_.layout = request.layout;
    options_.seed = request.seed;
    meter_ = open_named_meter(request.meter, request.interval_s, WithoutMeter::fails, warning_);
    for (const auto& contender : contenders) candidates_.push_back({.contender = contender});
  }

  const std::string& warning() const { return warning_; }  // of the meter

  power::MeterInfo meter() const { return monitor_ ? monitor_->meter() : meter_->info(); }

  // Appends the rows to `outcome`.
  void run(StepCostOutcome& outcome) {
    started_utc_ = utc_now();
    run_id_ = fmt::format("step-cost-{}-{:04x}", utc_compact(), std::random_device{}() & 0xFFFFU);
    warm_up();
    const fs::path trace = request_.directory / fmt::format("trace-{}px-{}out.csv", network_.pixels, network_.classes);
    fs::remove(trace);  // left by an incomplete measurement
    monitor_ = std::make_unique<power::Monitor>(std::move(meter_), power::MonitorOptions{.trace = trace});
    session_.emplace(*monitor_, SessionOptions{.idle_s = idle_seconds(request_.idle_s, meter()),
                                               .wait = [this](double seconds) { wait(seconds); }});
    session_->idle("idle/before");
    const auto rounds =
        run_rounds(candidates_.size(), limits(),
                   {.window = [&](std::size_t candidate, std::size_t round) { return window(candidate, round); },
                    .now_s = now_s,
                    .after_round = [&](std::size_t n, const auto& seconds) { after_round(n, seconds); }});
    session_->idle("idle/after");
    for (std::size_t i = 0; i < candidates_.size(); ++i) candidates_[i].seconds = rounds.seconds[i];
    std::ranges::move(step_cost_rows(candidates_, facts()), std::back_inserter(outcome.rows));
    std::ranges::move(operation_rows(candidates_, options_.spec), std::back_inserter(outcome.operations));
    if (!rounds.precise) ++outcome.imprecise;
    monitor_->close();
    console_.clear();
  }

 private:
  RoundLimits limits() const { return {.precision = request_.precision, .max_s = request_.max_s, .seed = request_.seed}; }

  double window_s() const {
    if (request_.window_s > 0) return request_.window_s;
    return std::max(shortest_window_s, periods_a_window * std::max(meter().nominal_period_s, request_.interval_s));
  }

  void stop_point() const {
    if (stop_) throw Interrupted("interrupted; complete networks are on disk");
  }

  static std::string window_name(const ContenderRounds& candidate, std::size_t round) {
    return fmt::format("round/{}/{}/{}", round, candidate.contender.variant, candidate.contender.strategy->name);
  }

  // Loads code and lets libtorch choose kernels. Determines the steps in a window and the peak memory
  // of a step.
  void warm_up() {
    // The memory of a step is measured while no other network is loaded.
    for (auto& candidate : candidates_) {
      console_.progress(fmt::format("{} px: memory of {}", network_.pixels, candidate.contender.strategy->name));
      hand_back_memory();
      board_.reset_peak_rss();
      Stepper alone(options_, candidate.contender);
      for (int step = 0; step < 2; ++step) alone.step();
      candidate.peak_rss_MiB = board_.peak_rss_MiB();
      stop_point();
    }
    for (const auto& candidate : candidates_) {
      stop_point();
      const auto split = convolution_gradients(options_, candidate.contender);
      makers_.push_back({std::make_unique<Stepper>(options_, candidate.contender), split});
    }
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      auto& candidate = candidates_[i];
      console_.progress(fmt::format("{} px: warming up {}", network_.pixels, candidate.contender.strategy->name));
      constexpr int min_steps = 5;
      double fastest_s = std::numeric_limits<double>::infinity();
      const double start_s = now_s();
      for (int step = 0; step < min_steps || now_s() - start_s < shortest_window_s; ++step) {
        stop_point();
        const double began_s = now_s();
        makers_[i].stepper->step();
        fastest_s = std::min(fastest_s, now_s() - began_s);
      }
      candidate.steps = std::max<std::int64_t>(1, std::llround(std::ceil(window_s() / fastest_s)));
    }
  }

  void wait(double seconds) const {
    console_.progress(fmt::format("idle window of {} s", seconds));
    for (const double end_s = now_s() + seconds; now_s() < end_s; stop_point())
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }

  double window(std::size_t index, std::size_t round) {
    ContenderRounds& candidate = candidates_[index];
    auto& [stepper, split] = makers_[index];
    console_.progress(
        fmt::format("{} px, round {}: {}{}", network_.pixels, round + 1, candidate.contender.strategy->name, so_far_));
    stepper->restore();
    stepper->step();  // brings its weights back into the caches
    const std::string name = window_name(candidate, round);
    session_->begin(name);
    const double start_s = now_s();
    for (std::int64_t step = 0; step < candidate.steps; ++step) {
      stop_point();
      stepper->step();
    }
    const double seconds = now_s() - start_s;
    session_->end(name);
    // The same work again for fewer steps, timed by operation.
    stepper->restore();
    OperationTimes mean;
    const std::int64_t profiled = std::max<std::int64_t>(2, candidate.steps / 4);
    for (std::int64_t step = 0; step < profiled; ++step) {
      stop_point();
      const OperationTimes times = stepper->profiled_step(split);
      for (std::size_t i = 0; i < times.seconds.size(); ++i)
        mean.seconds[i] += times.seconds[i] / static_cast<double>(profiled);
    }
    candidate.operations.push_back(mean);
    return seconds / static_cast<double>(candidate.steps);
  }

  void after_round(std::size_t rounds, std::span<const std::vector<double>> seconds) {
    for (auto& candidate : candidates_) {
      candidate.energies.push_back(monitor_->energy(window_name(candidate, rounds - 1)));
      power::refuse_implausible(candidate.energies.back(), meter());
    }
    monitor_->forget(fmt::format("round/{}/", rounds - 1));
    std::size_t widest = 0;
    const auto width = [&](std::size_t candidate) { return student_interval(seconds[candidate]).relative_width(); };
    for (std::size_t candidate = 1; candidate < candidates_.size(); ++candidate)
      if (width(candidate) > width(widest)) widest = candidate;
    if (rounds > 1)
      so_far_ = fmt::format(" | widest interval so far {:.1f} % ({}), target {:.1f} %", 100 * width(widest),
                            candidates_[widest].contender.strategy->name, 100 * request_.precision);
  }

  StepCostFacts facts() {
    const auto idle = session_->idle_windows();
    return {.run_id = run_id_,
            .started_utc = started_utc_,
            .network = network_of(options_),
            .compute = compute_,
            .layout = options_.layout,
            .board = &board_,
            .meter = meter(),
            .idle_before = idle.idle_before,
            .idle_after = idle.idle_after};
  }

  const StepCostRequest& request_;
  models::NetworkSpec network_;
  Compute compute_;
  const Board& board_;
  Console& console_;
  const std::atomic<bool>& stop_;
  StepperOptions options_;
  std::string warning_;
  std::unique_ptr<power::Meter> meter_;  // until it moves to the monitor
  std::unique_ptr<power::Monitor> monitor_;
  std::optional<MeasurementSession> session_;
  std::vector<ContenderRounds> candidates_;
  std::vector<StepMaker> makers_;  // in the order of candidates_
  std::string started_utc_, run_id_, so_far_;
};

// Fills in the network of a file and the strategies that the request leaves out. Returns the networks' title. Throws UsageError
// for a network or a strategy that cannot be measured.
std::string check(StepCostRequest& request) {
  std::string title;
  if (request.file) request.networks = {network_of({.file = request.file}).spec};
  for (const auto& spec : request.networks) {
    try {
      const auto network = network_of({.spec = spec, .file = request.file});
      if (title.empty()) title = network.title;
      if (request.strategies.empty()) {
        request.strategies.emplace_back("none");
        if (network.has(models::Layer::Kind::batchnorm)) request.strategies.emplace_back("bn-stats");
        std::ranges::copy(network.blocks(), std::back_inserter(request.strategies));
      }
      for (const auto& name : request.strategies) check_strategy(find_strategy(name), network);
    } catch (const std::invalid_argument& error) {
      throw UsageError(error.what());
    }
  }
  return title;
}

std::vector<Contender> contenders_of(const StepCostRequest& request) {
  try {
    return contenders({request.strategies.begin(), request.strategies.end()}, request.quirk);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
}

}  // namespace

StepCostOutcome measure_step_cost(const StepCostRequest& requested, const Board& board, Console& console,
                                  const std::atomic<bool>& stop) {
  StepCostRequest request = requested;
  const std::string title = check(request);
  const auto contenders = contenders_of(request);
  if (request.threads == 0) request.threads = board.cores();
  // The meter and back end that `auto` selects now serve every network, also after an interrupt.
  std::string estimated;
  if (request.meter.uri == "auto")
    request.meter.uri = open_named_meter(request.meter, request.interval_s, WithoutMeter::estimates, estimated)->info().uri;
  const auto compute = set_compute({request.threads, request.backend});
  request.backend = compute.backend;
  // As step_cost.json has them: the meter's path may contain any bytes, and those that are not UTF-8 are replaced.
  constexpr auto replace = nlohmann::json::error_handler_t::replace;
  auto description = provenance_json(board);
  description["libtorch"] = libtorch_version();
  description["blas"] = blas_library();
  description["settings"] = settings_json(request);
  const std::string text = description.dump(1, ' ', false, replace) + "\n";
  description = nlohmann::json::parse(text);
  auto outcome = read_earlier(request.directory, description["settings"]);
  outcome.title = title;
  bool begun = false;
  for (const auto& network : request.networks) {
    if (std::ranges::any_of(outcome.rows, [&](const results::StepCostRow& row) {
          return row.pixels == network.pixels && row.classes == network.classes;
        })) {
      ++outcome.reused;
      continue;
    }
    if (!begun && !outcome.rows.empty()) check_machine(request.directory, description);
    NetworkCost cost(request, network, contenders, compute, board, console, stop);
    if (!begun) {
      console.warning(estimated.empty() ? cost.warning() : estimated);
      fs::create_directories(request.directory);
      results::write_file_atomically(request.directory / "step_cost.json", text);
      begun = true;
    }
    cost.run(outcome);
    // Rows are written last, because a network with rows counts as complete.
    results::write_operations(request.directory / "operations.csv", outcome.operations);
    results::write_step_costs(request.directory / "step_cost.csv", outcome.rows);
  }
  return outcome;
}

}  // namespace tbft
