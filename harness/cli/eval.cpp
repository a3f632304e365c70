// tbft eval: how many images of a data set a checkpoint classifies correctly.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <numeric>
#include <vector>

#include "harness/cli/network_option.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/train_program.h"
#include "harness/data/class_names.h"
#include "harness/data/load_images.h"
#include "harness/host/board.h"
#include "harness/host/console.h"
#include "harness/host/interrupted.h"
#include "harness/training/compute.h"
#include "harness/training/phases.h"
#include "harness/training/trainer.h"

namespace tbft::cli {

namespace {

struct EvalOptions {
  FileOptions file;
  std::string dataset;
  std::int64_t threads = 0;
  std::string backend = "auto";
  bool json = false;
};

class EvalProgress : public StopObserver {
 public:
  EvalProgress(Console& console, const std::atomic<bool>& stop) : StopObserver(stop), console_(console) {}
  void evaluated(std::int64_t images, std::int64_t of) override {
    StopObserver::evaluated(images, of);
    console_.progress(
        fmt::format("{} {} of {} images", bar(static_cast<double>(images) / static_cast<double>(of)), images, of));
  }

 private:
  Console& console_;
};

int execute(const EvalOptions& options) {
  Console console;
  const StopOnSignal stop;
  EvalProgress progress(console, stop.flag());
  set_compute({options.threads == 0 ? Board().cores() : options.threads, options.backend});
  Trainer trainer(network_file(options.file));
  console.warning(trainer.note());
  auto images = load_images(options.dataset, console);
  console.warning(data::fit_to_outputs(images, trainer.class_names(), trainer.spec().classes, options.dataset));
  std::vector<std::int64_t> all(static_cast<std::size_t>(images.size()));
  std::iota(all.begin(), all.end(), 0);
  // A TorchScript file may view its maps as vectors, and has no passes of ours that need the usual layout.
  const std::string layout = trainer.spec().family == models::torchscript_network ? "contiguous" : TrainSettings().layout;
  const auto correct = trainer.correct(images, all, layout, std::nullopt, progress);
  console.clear();
  const double accuracy_pct = 100.0 * static_cast<double>(correct) / static_cast<double>(images.size());
  if (options.json)
    print_json(nlohmann::json{{"correct", correct},
                              {"n_test", images.size()},
                              {"accuracy_pct", accuracy_pct},
                              {"checkpoint", options.file.checkpoint},
                              {"dataset", options.dataset}});
  else
    print_out("correct {} of {} ({:.2f} %)\n", correct, images.size(), accuracy_pct);
  return Exit::ok;
}

}  // namespace

void add_eval(CLI::App& app, Action& action) {
  const auto [command, options] = add_command(app, action, "eval", summary_of_train_command("eval"), execute);
  add_file_options(*command, options->file, "State dict (.pth, .safetensors), or with --model a TorchScript file")->required();
  command->add_option("--dataset", options->dataset, "Data set, name:PATH?key=value; see `tbft data list`")->required();
  add_threads_option(*command, options->threads);
  command->add_option("--backend", options->backend, "onednn or native; auto: onednn where libtorch has it")
      ->check(CLI::IsMember({"auto", "onednn", "native"}));
  command->add_flag("--json", options->json, "Print JSON");
  command->footer(
      "Examples:\n"
      "  tbft eval --checkpoint resnet26.pth --dataset imagefolder:cifar10/test\n"
      "  tbft eval --checkpoint base.pth --dataset 'synthetic:?part=test' --json\n"
      "  tbft eval --checkpoint own.pt --model own.toml --allow-script --dataset imagefolder:own/test   # a TorchScript file");
}

}  // namespace tbft::cli
