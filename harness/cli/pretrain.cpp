// tbft pretrain: a base model from source data.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>

#include "harness/board.h"
#include "harness/cli/command.h"
#include "harness/console.h"
#include "harness/interrupted.h"
#include "harness/pretrain.h"
#include "harness/settings.h"
#include "harness/trainer.h"

namespace tbft::cli {

namespace {

struct PretrainOptions {
  std::string train, val, out, recipe = "paper";
  std::optional<std::int64_t> epochs, batch;
  std::optional<double> lr;
  std::int64_t threads = 0;
  std::uint64_t seed = 0;
};

// The paper's base training, and one that a small board ends in minutes.
PretrainSettings recipe(const std::string& name) {
  PretrainSettings settings;
  settings.layout = default_layout();
  if (name == "quick") {
    settings.schedule = "one-cycle";
    settings.lr = 0.1;
    settings.epochs = 8;
    settings.batch = 64;
    settings.augment = false;
  }
  return settings;
}

class Progress : public PretrainObserver {
 public:
  Progress(Console& console, const std::atomic<bool>& stop, std::int64_t epochs)
      : console_(console), stop_(stop), epochs_(epochs) {}
  void begin(Phase) override {}
  void end(Phase) override {}
  void stepped(std::int64_t step, std::int64_t planned) override {
    stop_point();
    const double share = static_cast<double>(step) / static_cast<double>(planned);
    const double elapsed_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    console_.progress(
        fmt::format("{} step {} of {} | ETA {}", bar(share), step, planned, duration_text(elapsed_s / share - elapsed_s)));
  }
  void evaluated(std::int64_t, std::int64_t) override { stop_point(); }
  void epoch_done(const EpochReport& r) override {
    console_.line(fmt::format("epoch {}/{}: train loss {:.4f}, val loss {:.4f}, val {:.2f} %{}", r.epoch, epochs_, r.train_loss,
                              r.val_loss, r.val_accuracy_pct, r.best ? ", best so far, written" : ""));
  }

 private:
  void stop_point() const {
    if (stop_) throw Interrupted("interrupted; the weights of the best epoch that ended are written");
  }
  Console& console_;
  const std::atomic<bool>& stop_;
  std::int64_t epochs_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

int execute(const PretrainOptions& options) {
  auto settings = recipe(options.recipe);
  settings.epochs = options.epochs.value_or(settings.epochs);
  settings.batch = options.batch.value_or(settings.batch);
  settings.lr = options.lr.value_or(settings.lr);
  settings.seed = options.seed;
  Console console;
  const StopOnSignal stop;
  set_compute({options.threads == 0 ? Board().cores() : options.threads, "onednn"});
  console.progress("loading " + options.train);
  const auto train = data::load_dataset(data::parse_dataset_spec(options.train));
  const auto val = data::load_dataset(data::parse_dataset_spec(options.val));
  Progress progress(console, stop.flag(), settings.epochs);
  const auto best = pretrain(train, val, settings, options.out, progress);
  console.clear();
  fmt::print("{}: {:.2f} % of {} validation images, best of epoch {}\n", options.out, best.val_accuracy_pct, val.size(),
             best.epoch);
  return Exit::ok;
}

}  // namespace

void add_pretrain(CLI::App& app, Action& action) {
  auto options = std::make_shared<PretrainOptions>();
  auto* command = app.add_subcommand("pretrain", "Train a base model from nothing on source data");
  command->add_option("--dataset", options->train, "Training data, name:PATH?key=value")->required();
  command->add_option("--val", options->val, "Validation data; the weights of its best loss are kept")->required();
  command->add_option("-o,--output", options->out, "State dict to write (.pth)")->required();
  command
      ->add_option("--recipe", options->recipe,
                   "paper: SGD 0.01, up to 300 epochs, halved every 50, patience 60, crop and mirror. "
                   "quick: SGD 0.1, batch 64, 8 epochs up and down again, no augmentation")
      ->check(CLI::IsMember({"paper", "quick"}))
      ->capture_default_str();
  command->add_option("--epochs", options->epochs, "Epochs at most")->check(CLI::Range(1, 100000));
  command->add_option("--batch", options->batch, "Images a step")->check(CLI::Range(1, 65536));
  command->add_option("--lr", options->lr, "Learning rate (its peak, in the quick recipe)")->check(CLI::PositiveNumber);
  command->add_option("--seed", options->seed, "Seed of weights and batches");
  command->add_option("--threads", options->threads, "Threads; 0: every core")
      ->envname("TBFT_THREADS")
      ->check(CLI::Range(0, 1024));
  command->footer(
      "Examples:\n"
      "  tbft pretrain --dataset 'synthetic:?part=train' --val 'synthetic:?part=test' --recipe quick -o base.pth\n"
      "  tbft pretrain --dataset imagefolder:cifar10/train --val imagefolder:cifar10/test -o resnet26.pth");
  command->callback([options, &action] { action = [options] { return execute(*options); }; });
}

}  // namespace tbft::cli
