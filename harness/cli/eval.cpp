// tbft eval: how many images of a data set a checkpoint classifies correctly.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <vector>

#include "harness/cli/command.h"
#include "harness/data/class_names.h"
#include "harness/data/load_images.h"
#include "harness/host/board.h"
#include "harness/host/console.h"
#include "harness/host/interrupted.h"
#include "harness/training/compute.h"
#include "harness/training/trainer.h"

namespace tbft::cli {

namespace {

struct EvalOptions {
  std::string checkpoint;
  std::string dataset;
  std::int64_t threads = 0;
  std::string backend = "auto";
  bool json = false;
};

class EvalProgress : public PhaseObserver {
 public:
  EvalProgress(Console& console, const std::atomic<bool>& stop) : console_(console), stop_(stop) {}
  void begin(Phase) override {}
  void end(Phase) override {}
  void stepped(std::int64_t, std::int64_t) override {}
  void evaluated(std::int64_t images, std::int64_t of) override {
    if (stop_) throw Interrupted("interrupted");
    console_.progress(
        fmt::format("{} {} of {} images", bar(static_cast<double>(images) / static_cast<double>(of)), images, of));
  }

 private:
  Console& console_;
  const std::atomic<bool>& stop_;
};

int execute(const EvalOptions& options) {
  Console console;
  const StopOnSignal stop;
  EvalProgress progress(console, stop.flag());
  const auto cores = Board().cores();
  set_compute({options.threads == 0 ? cores : options.threads, options.backend});
  Trainer trainer(options.checkpoint);
  if (!trainer.note().empty()) console.warning(trainer.note());
  auto images = load_images(options.dataset, console);
  const auto note = data::fit_to_outputs(images, trainer.class_names(), trainer.spec().classes, options.dataset);
  if (!note.empty()) console.warning(note);
  std::vector<std::int64_t> all(static_cast<std::size_t>(images.size()));
  std::iota(all.begin(), all.end(), 0);
  const auto correct = trainer.correct(images, all, TrainSettings().layout, std::nullopt, progress);
  console.clear();
  const double accuracy_pct = 100.0 * static_cast<double>(correct) / static_cast<double>(images.size());
  if (options.json)
    fmt::print("{}\n", nlohmann::json{{"correct", correct},
                                      {"n_test", images.size()},
                                      {"accuracy_pct", accuracy_pct},
                                      {"checkpoint", options.checkpoint},
                                      {"dataset", options.dataset}}
                           .dump());
  else
    fmt::print("correct {} of {} ({:.2f} %)\n", correct, images.size(), accuracy_pct);
  return Exit::ok;
}

}  // namespace

void add_eval(CLI::App& app, Action& action) {
  auto options = std::make_shared<EvalOptions>();
  auto* command = app.add_subcommand("eval", "Test a checkpoint on a data set");
  command->add_option("--checkpoint", options->checkpoint, "State dict (.pth)")->required();
  command->add_option("--dataset", options->dataset, "Data set, name:PATH?key=value; see `tbft data list`")->required();
  command->add_option("--threads", options->threads, "Threads; 0: every core")
      ->envname("TBFT_THREADS")
      ->check(CLI::Range(0, 1024));
  command->add_option("--backend", options->backend, "onednn or native; auto: onednn where libtorch has it")
      ->check(CLI::IsMember({"auto", "onednn", "native"}));
  command->add_flag("--json", options->json, "Print JSON");
  command->footer(
      "Examples:\n"
      "  tbft eval --checkpoint resnet26.pth --dataset imagefolder:cifar10/test\n"
      "  tbft eval --checkpoint base.pth --dataset 'synthetic:?part=test' --json");
  command->callback([options, &action] { action = [options] { return execute(*options); }; });
}

}  // namespace tbft::cli
