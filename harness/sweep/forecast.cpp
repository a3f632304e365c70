#include "harness/sweep/forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <utility>

#include "harness/adaptive/step_timing.h"
#include "harness/host/interrupted.h"
#include "harness/measurement/run_meter.h"
#include "harness/sweep/target_data.h"
#include "harness/sweep/until.h"
#include "harness/training/compute.h"
#include "harness/training/noise.h"
#include "harness/training/strategies/strategy.h"
#include "results/csv.h"
#include "results/text.h"
#include "tbft/power/monitor.h"

namespace tbft {

namespace {

TrainSettings settings_to_time(const Settings& s) {
  return {.optimizer = s.train.optimizer,
          .momentum = s.train.momentum,
          .weight_decay = s.train.weight_decay,
          .patience = s.train.patience,
          .batchnorm = s.train.batchnorm,
          .layout = s.layout,
          .augment = s.train.augment};
}

// Times steps until the meter has enough readings for a mean power.
adaptive::StepModel timed_model(Trainer& trainer, const data::Images& images, const std::vector<std::int64_t>& train,
                                const Settings& settings, power::Monitor& monitor, const power::Clock& clock, Console& console,
                                const std::atomic<bool>& stop) {
  constexpr double least_s = 0.5;
  constexpr int most_rounds = 20;
  const auto batch = std::min<std::int64_t>(settings.train.batch, std::ssize(train));
  auto steps = adaptive::steps_to_time(trainer.network(), batch);
  auto window = monitor.window("forecast");
  const auto began = clock.now();
  for (int round = 0; round < most_rounds && power::to_seconds(clock.now() - began) < least_s; ++round) {
    console.progress(fmt::format("timing steps, round {}", round + 1));
    adaptive::time_steps(steps, trainer, images, train, settings_to_time(settings), clock, stop);
  }
  const auto energy = window.end();
  auto model = adaptive::fit_steps(trainer.network(), std::move(steps));
  model.power_W = energy.valid ? energy.mean_W : power::unknown;
  return model;
}

// What the forecast of these cells cannot know.
std::vector<std::string> notes_of(const Settings& settings, const std::vector<Cell>& cells) {
  std::vector<std::string> notes{settings.cooldown.max_C > 0 ? "without loading, warm-up and cooling"
                                                             : "without loading and warm-up"};
  if (std::ranges::any_of(cells, [](const Cell& cell) { return find_strategy(cell.strategy).chooses(); }))
    notes.emplace_back("strategies that choose what they tune count as full");
  if (settings.train.cache != "off") notes.emplace_back("kept activations will make it faster");
  const bool searches = !settings.train.lr_search.empty() || std::ranges::any_of(cells, [&](const Cell& cell) {
    const auto block = noised_block(cell.condition);
    return block && !settings.model.noise_sigma.contains(*block);
  });
  if (!settings.sweep.threads.empty() || !settings.sweep.governor.empty() || !settings.sweep.max_kHz.empty())
    notes.emplace_back("as if every cell had the threads and frequencies of now");
  if (searches) notes.emplace_back("searches come on top");
  return notes;
}

// The sum over the cells, which have as many images as the first one has.
double seconds_of(const std::vector<Cell>& cells, const TargetData& data, const adaptive::StepModel& model,
                  const models::Architecture& network, const Settings& settings) {
  double sum_s = 0;
  std::map<double, data::Split> splits;  // by training size
  for (const auto& cell : cells) {
    auto split = splits.find(cell.train_size);
    if (split == splits.end()) {
      Cell like = cells.front();
      like.train_size = cell.train_size;
      split = splits.emplace(cell.train_size, data.split(like)).first;
    }
    const auto& parts = split->second;
    const auto& own = find_strategy(cell.strategy);
    const auto& strategy = own.chooses() ? find_strategy("full") : own;
    const auto batch = cell.point.batch > 0 ? cell.point.batch : settings.train.batch;
    const adaptive::Sizes sizes{.n_train = std::ssize(parts.train), .n_val = std::ssize(parts.val), .batch = batch};
    sum_s += model.seconds(adaptive::work_of_tuning(network, strategy, sizes, settings.train.epochs));
    sum_s += model.seconds(adaptive::work_of_test(network, std::ssize(parts.test), batch));
  }
  return sum_s;
}

Forecast timed(const ForecastRequest& request, std::unique_ptr<power::Meter> meter, double idle_s, const Board& board,
               Console& console, const std::atomic<bool>& stop) {
  const auto& cells = request.cells;
  auto settings = effective(request.settings, board.cores());
  settings.threads = set_compute({settings.threads, settings.backend}).threads;
  console.progress("opening the base model");
  Trainer trainer(network_file(settings, request.allow_script));
  const auto loading = [&](const std::string& name) {
    if (stop) throw Interrupted("interrupted");
    console.progress("loading " + name);
  };
  const ModelClasses model_classes{.outputs = trainer.spec().classes, .names = trainer.class_names()};
  const TargetData data(settings, {cells.front()}, loading, model_classes);
  const auto clock = power::steady_clock();
  power::Monitor monitor(std::move(meter), {.clock = clock});
  const auto& images = data.images(cells.front());
  const auto split = data.split(cells.front());
  const auto model = timed_model(trainer, images, split.train, settings, monitor, *clock, console, stop);
  console.clear();
  if (!std::isfinite(model.relative_error)) throw std::runtime_error("the timed steps fit no model of a step's time");

  const double cells_s = seconds_of(cells, data, model, trainer.network(), settings);
  Forecast forecast;
  forecast.cells = std::ssize(cells);
  forecast.seconds = cells_s + idle_s * static_cast<double>(forecast.cells + 1);
  forecast.power_W = model.power_W;
  forecast.joules = model.power_W * cells_s;
  forecast.measured = monitor.meter().measured && std::isfinite(model.power_W);
  forecast.notes = notes_of(settings, cells);
  constexpr double rough = 0.1;
  if (model.relative_error > rough)
    forecast.notes.push_back(fmt::format("the fit of the step times is off by {:.0f} %", 100 * model.relative_error));
  monitor.close();
  return forecast;
}

// Without the cells that sweep.until no longer needs after the rows of the run so far.
ForecastRequest without_spared(ForecastRequest request) {
  const auto rows = request.directory / "cells.csv";
  if (request.settings.sweep.until.empty() || request.directory.empty() || !std::filesystem::exists(rows)) return request;
  Until until(precision_of(request.settings));
  std::set<std::string> there;
  for (const auto& row : results::read_cells(rows).rows) {
    until.add(row);
    there.insert(row.cell_id);
  }
  std::erase_if(request.cells, [&](const Cell& cell) { return !there.contains(cell.id) && until.enough(cell); });
  return request;
}

Forecast with_note_on_until(Forecast forecast, const Settings& settings) {
  if (!settings.sweep.until.empty()) forecast.notes.emplace_back("sweep.until may spare repetitions, so that it takes less");
  return forecast;
}

}  // namespace

Forecast make_forecast(const ForecastRequest& asked, const Board& board, Console& console, const std::atomic<bool>& stop) {
  Forecast unknown;
  const auto request = without_spared(asked);
  if (request.cells.empty()) return unknown;
  try {
    std::string estimated;
    const auto& settings = request.settings;
    auto meter =
        open_named_meter({settings.meter.uri, request.programs}, settings.meter.interval_s, WithoutMeter::estimates, estimated);
    const double idle_s = idle_seconds(settings.idle.seconds, meter->info());
    const auto rows = request.directory / "cells.csv";
    if (!request.directory.empty() && std::filesystem::exists(rows)) {
      auto by_rows = forecast_from_rows(rows, request.cells, idle_s);
      if (by_rows.unknown.empty()) return with_note_on_until(std::move(by_rows), settings);
    }
    return with_note_on_until(timed(request, std::move(meter), idle_s, board, console, stop), settings);
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& error) {
    console.clear();
    unknown.unknown = results::error_text(error);
    return unknown;
  }
}

}  // namespace tbft
