// Shows a base training on the console: a progress line, and one line for each epoch.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <chrono>

#include "harness/host/console.h"
#include "harness/host/interrupted.h"
#include "harness/training/pretrain.h"

namespace tbft {

class PretrainProgress : public PretrainObserver {
 public:
  PretrainProgress(Console& console, const std::atomic<bool>& stop, std::int64_t epochs)
      : console_(console), stop_(stop), epochs_(epochs) {}
  void begin(Phase) override {}
  void end(Phase) override {}
  void resumed(std::int64_t epochs_done) override {
    written_ = true;
    console_.line(fmt::format("continuing after epoch {}/{}", epochs_done, epochs_));
  }
  void stepped(std::int64_t step, std::int64_t planned) override {
    stop_point();
    if (first_step_ < 0) first_step_ = step - 1;
    const double elapsed_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    const double left_s = elapsed_s * static_cast<double>(planned - step) / static_cast<double>(step - first_step_);
    console_.progress(fmt::format("{} step {} of {} | ETA {}", bar(static_cast<double>(step) / static_cast<double>(planned)),
                                  step, planned, duration_text(left_s)));
  }
  void evaluated(std::int64_t, std::int64_t) override { stop_point(); }
  void epoch_done(const EpochReport& r) override {
    written_ = true;
    console_.line(fmt::format("epoch {}/{}: train loss {:.4f}, val loss {:.4f}, val {:.2f} %{}", r.epoch, epochs_, r.train_loss,
                              r.val_loss, r.val_accuracy_pct, r.best ? ", best so far, saved" : ""));
  }

 private:
  void stop_point() const {
    if (!stop_) return;
    throw Interrupted(
        written_ ? "interrupted; the best weights are written, --resume continues after the last complete epoch"
                 : "interrupted before the end of the first epoch: nothing is written, and there is nothing to resume");
  }
  Console& console_;
  const std::atomic<bool>& stop_;
  std::int64_t epochs_;
  std::int64_t first_step_ = -1;
  bool written_ = false;  // weights and the state for --resume, of an epoch that is complete
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace tbft
