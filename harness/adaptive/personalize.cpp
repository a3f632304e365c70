#include "harness/adaptive/personalize.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "harness/adaptive/diagnosed.h"
#include "harness/adaptive/step_timing.h"
#include "harness/experiment/cell_observer.h"
#include "harness/host/interrupted.h"
#include "harness/measurement/measurement_session.h"
#include "harness/training/phases.h"
#include "harness/training/strategies/strategy.h"
#include "results/files.h"
#include "results/text.h"
#include "tbft/power/plausible.h"

namespace tbft {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

class Personalization {
 public:
  Personalization(Trainer& trainer, power::Monitor& monitor, power::Clock& clock, const PersonalizeRequest& request,
                  Console& console, const std::atomic<bool>& stop)
      : trainer_(trainer),
        monitor_(monitor),
        clock_(clock),
        session_(monitor, {.idle_s = request.idle_s, .wait = [this](double seconds) { wait(seconds); }}),
        request_(request),
        console_(console),
        stop_(stop) {}

  Personalized run() {
    session_.idle("idle/before");
    began_J_ = monitor_.live().joules_J;
    session_.begin("personalize");
    look();
    calibrate();
    predict();
    if (request_.dry_run)
      out_.verdict = "nothing was tuned";
    else
      tune();
    session_.end("personalize");
    session_.idle("idle/after");
    auto window = session_.measured();
    window.use = ProcessorUse{.busy_processors = 1};  // this program keeps a processor busy all the time
    auto result = result_of(window, monitor_.meter());
    out_.all = std::move(result.gross);
    out_.net = result.net;
    console_.warning(result.net_reason);
    compare_with_budget(out_, request_);
    console_.clear();
    if (out_.kept) best_->commit();
    return std::move(out_);
  }

 private:
  void wait(double seconds) const {
    console_.progress(fmt::format("measuring idle power for {} s", seconds));
    clock_.sleep_until(clock_.now() + power::from_seconds(seconds));
    if (stop_) throw Interrupted("interrupted");
  }

  // The joules spent since the diagnosis began; NaN after the meter has failed, because no budget can then be kept.
  double spent_J() const { return monitor_.failure().empty() ? monitor_.live().joules_J - began_J_ : nan; }

  void look() {
    console_.progress("diagnosing");
    session_.begin("diagnosis");
    const auto sample = diagnosis_sample(request_.split, request_.train.seed);
    const auto seen = trainer_.observe(request_.images, sample, std::nullopt, [&](std::int64_t) {
      if (stop_) throw Interrupted("interrupted");
    });
    out_.diagnosis = adaptive::diagnose(request_.reference, seen, request_.train.seed);
    session_.end("diagnosis");
    const auto predicted = seen.predicted();
    for (std::size_t i = 0; i < predicted.size(); ++i) labelled_correct_ += predicted[i] == seen.labels[i] ? 1 : 0;
    n_labelled_ = std::ssize(predicted);
    out_.diagnosing = monitor_.energy("diagnosis");
  }

  // Times forward passes and steps of two sizes until the meter has enough readings for a mean power.
  void calibrate() {
    constexpr double least_s = 0.5;
    constexpr int most_rounds = 20;
    const auto batch = std::min<std::int64_t>(request_.train.batch, std::ssize(request_.split.train));
    auto steps = adaptive::steps_to_time(trainer_.network(), batch);
    for (int round = 0; round < most_rounds; ++round) {
      console_.progress(fmt::format("timing steps, round {}", round + 1));
      session_.begin("calibration");
      adaptive::time_steps(steps, trainer_, request_.images, request_.split.train, request_.train, clock_, stop_);
      session_.end("calibration");
      out_.calibrating = monitor_.energy("calibration");
      if (out_.calibrating.valid && out_.calibrating.duration_s >= least_s) break;
      if (request_.budget_J && !(spent_J() <= *request_.budget_J)) break;
    }
    out_.model = adaptive::fit_steps(trainer_.network(), std::move(steps));
    out_.model.power_W = out_.calibrating.valid ? out_.calibrating.mean_W : nan;
  }

  adaptive::Work work_of(const Attempt& attempt, std::int64_t epochs) const {
    const adaptive::Sizes sizes{
        .n_train = std::ssize(request_.split.train), .n_val = std::ssize(request_.split.val), .batch = request_.train.batch};
    return adaptive::work_of_tuning(trainer_.network(), find_strategy(attempt.candidate.strategy), sizes, epochs);
  }
  double pass_J(const std::vector<std::int64_t>& images) const {
    return out_.model.joules(adaptive::work_of_test(trainer_.network(), std::ssize(images), std::ssize(images)));
  }
  double test_J() const { return pass_J(request_.split.test) + pass_J(request_.split.val); }

  void predict() {
    for (const auto& candidate : adaptive::candidates(out_.diagnosis)) {
      if (candidate.strategy == "none") continue;
      auto& attempt = out_.attempts.emplace_back();
      attempt.candidate = candidate;
      const auto work = work_of(attempt, request_.train.epochs);
      attempt.predicted_s = out_.model.seconds(work);
      attempt.predicted_J = out_.model.joules(work);
    }
  }

  void tune() {
    if (request_.budget_J && !(spent_J() + test_J() <= *request_.budget_J)) {
      out_.verdict = std::isfinite(spent_J() + test_J())
                         ? fmt::format(
                               "refused: diagnosis and calibration took {:.3g} J, testing the base model would take "
                               "{:.3g} J, of the budget of {:.3g} J; the base model is left unchanged",
                               spent_J(), test_J(), *request_.budget_J)
                         : "refused: the meter measured no power, so that the budget cannot be kept";
      out_.as_asked = false;
      return;
    }
    test_base();
    if (out_.attempts.empty()) {
      out_.verdict = "these images show no drift: the base model is left unchanged";
      compare_with_target(out_, request_, out_.base_pct());
      return;
    }
    // The labelled images decide, because those kept apart must not decide anything.
    if (request_.target_accuracy_pct &&
        100.0 * static_cast<double>(labelled_correct_) >= *request_.target_accuracy_pct * static_cast<double>(n_labelled_)) {
      out_.verdict = fmt::format(
          "the base model already classifies {} of {} labelled images and {:.1f} % of the {} kept apart correctly: nothing to "
          "tune",
          labelled_correct_, n_labelled_, out_.base_pct(), out_.n_test);
      compare_with_target(out_, request_, out_.base_pct());
      return;
    }
    std::int64_t tried = 0;
    for (auto& attempt : out_.attempts) {
      if (tried == request_.tries) {
        attempt.skipped = fmt::format("{} candidates were tried before", tried);
        continue;
      }
      if (done()) {
        attempt.skipped = "not needed";
        continue;
      }
      const auto epochs = affordable_epochs(attempt);
      if (epochs == 0) continue;
      ++tried;
      try_out(attempt, epochs);
    }
    if (out_.chosen) test_chosen();
    conclude(out_, request_, tried);
  }

  TrainResult test(Trainer& trainer, const data::Split& split, const char* window) {
    CellObserver observer(&session_, window, false, stop_, [](double) {});
    observer.begin_cell();
    auto result = trainer.run(find_strategy("none"), request_.images, split, request_.train, observer);
    observer.end_cell();
    return result;
  }

  void test_base() {
    console_.progress("testing the base model");
    auto split = request_.split;
    split.test.insert(split.test.begin(), split.val.begin(), split.val.end());
    const auto result = test(trainer_, split, "base");
    out_.base_test = monitor_.energy("base");
    out_.n_val = std::ssize(split.val);
    out_.n_test = std::ssize(request_.split.test);
    const auto middle = result.correct_by_image.begin() + out_.n_val;
    base_val_.assign(result.correct_by_image.begin(), middle);
    base_correct_.assign(middle, result.correct_by_image.end());
    out_.base_val_correct = std::ranges::count(base_val_, true);
    out_.base_correct = std::ranges::count(base_correct_, true);
    out_.base_val_loss = result.val_loss;
  }

  // Whether to stop trying candidates. Only the validation images decide.
  bool done() const {
    if (!out_.chosen) return false;
    const auto& result = *out_.attempts[*out_.chosen].result;
    if (!request_.target_accuracy_pct) return compare(result.correct_by_image, base_val_).p < beyond_noise_p;
    return 100.0 * static_cast<double>(result.correct) >= *request_.target_accuracy_pct * static_cast<double>(result.n_test);
  }

  // All epochs, or as many as the budget allows. For 0 the reason is in `attempt`.
  std::int64_t affordable_epochs(Attempt& attempt) const {
    if (!request_.budget_J) return request_.train.epochs;
    const double left_J = *request_.budget_J - spent_J() - test_J() - pass_J(request_.split.val);
    for (auto epochs = request_.train.epochs; epochs > 0; --epochs)
      if (out_.model.joules(work_of(attempt, epochs)) <= left_J) return epochs;
    if (!std::isfinite(left_J)) {
      attempt.skipped = fmt::format("the meter failed, so that the budget cannot be kept: {}", monitor_.failure());
      return 0;
    }
    attempt.skipped = fmt::format(
        "one epoch and its test would take {:.3g} J, but of the budget of {:.3g} J only {:.3g} J are left",
        out_.model.joules(work_of(attempt, 1)) + test_J(), *request_.budget_J, std::max(0.0, *request_.budget_J - spent_J()));
    return 0;
  }

  void try_out(Attempt& attempt, std::int64_t epochs) {
    const auto window = fmt::format("try/{}", attempt.candidate.strategy);
    const auto& strategy = find_strategy(attempt.candidate.strategy);
    auto settings = request_.train;
    settings.epochs = epochs;
    const auto rate = request_.lr.find(std::string(strategy.name));
    settings.lr = rate != request_.lr.end() ? rate->second : request_.lr.at("default");
    CellObserver observer(&session_, window, false, stop_, [&](double fraction) {
      console_.progress(fmt::format("{} {}, {} J", bar(fraction), strategy.name, results::decimals(spent_J(), 1)));
    });
    observer.joins_tuning = true;
    if (request_.budget_J) {
      // Continues only if the budget suffices for one more epoch, a reserve epoch and the test. If the last epoch took more
      // joules than predicted, these costs are scaled up accordingly.
      const double epoch_J = out_.model.joules(work_of(attempt, 1));
      const double base_J = out_.base_test.valid ? std::max(out_.base_test.energy_J, test_J()) : test_J();
      observer.is_enough = [this, epoch_J, base_J, before_J = spent_J()]() mutable {
        const double now_J = spent_J();
        const double cost_factor = std::max(1.0, (now_J - before_J) / epoch_J);
        before_J = now_J;
        return !(now_J + cost_factor * (2 * epoch_J + base_J) <= *request_.budget_J);
      };
    }
    observer.begin_cell();
    auto split = request_.split;
    split.test = split.val;
    try {
      attempt.result = trainer_.run(strategy, request_.images, split, settings, observer);
    } catch (const DivergedError& error) {
      attempt.skipped = error.what();
    }
    observer.end_cell();
    if (!attempt.result) return;
    attempt.tuning = monitor_.energy(window + "/tuning");
    attempt.predicted_done_J = out_.model.joules(work_of(attempt, attempt.result->epochs));
    // The base model is one of the alternatives.
    const auto* best = out_.chosen ? &*out_.attempts[*out_.chosen].result : nullptr;
    const auto correct = best != nullptr ? best->correct : out_.base_val_correct;
    const double loss = best != nullptr ? best->val_loss : out_.base_val_loss;
    if (std::pair(-attempt.result->correct, attempt.result->val_loss) >= std::pair(-correct, loss)) return;
    if (!best_) best_.emplace(request_.output);
    trainer_.save(best_->staged(), class_names());
    out_.chosen = static_cast<std::size_t>(&attempt - out_.attempts.data());
  }

  // Names for the adapted weights if the checkpoint has none. The labels have been matched with its outputs.
  std::vector<std::string> class_names() const {
    const auto& names = request_.images.class_names;
    return std::ssize(names) == trainer_.spec().classes ? names : std::vector<std::string>{};
  }

  // Tests the chosen weights on the images kept apart.
  void test_chosen() {
    console_.progress(fmt::format("testing {}", out_.attempts[*out_.chosen].candidate.strategy));
    Trainer adapted(best_->staged());
    const data::Split split{.train = {}, .val = {request_.split.test.front()}, .test = request_.split.test};
    const auto result = test(adapted, split, "test");
    out_.test = compare(result.correct_by_image, base_correct_);
    out_.kept = out_.test->p < beyond_noise_p;
  }

  Trainer& trainer_;
  power::Monitor& monitor_;
  power::Clock& clock_;
  MeasurementSession session_;
  const PersonalizeRequest& request_;
  Console& console_;
  const std::atomic<bool>& stop_;
  std::optional<results::Output> best_;  // the best weights so far
  Personalized out_;
  std::vector<bool> base_val_, base_correct_;           // for the validation images; for those kept apart
  std::int64_t labelled_correct_ = 0, n_labelled_ = 0;  // in the diagnosis
  double began_J_ = 0;
};

}  // namespace

Personalized personalize(Trainer& trainer, power::Monitor& monitor, power::Clock& clock, const PersonalizeRequest& request,
                         Console& console, const std::atomic<bool>& stop) {
  return Personalization(trainer, monitor, clock, request, console, stop).run();
}

}  // namespace tbft
