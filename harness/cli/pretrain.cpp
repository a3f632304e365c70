// tbft pretrain: trains a base model on source data.
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
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
#include "harness/training/pretrain.h"
#include "harness/training/pretrain_progress.h"
#include "results/files.h"

namespace tbft::cli {

namespace {

struct PretrainOptions {
  std::string train, val, out, recipe = "paper";
  NetworkOptions network;
  std::optional<std::int64_t> epochs, batch;
  std::optional<double> lr;
  std::int64_t threads = 0;
  std::uint64_t seed = 0;
  bool resume = false, force = false, json = false;
};

int execute(const PretrainOptions& options) {
  auto settings = find_recipe(options.recipe).settings;
  settings.epochs = options.epochs.value_or(settings.epochs);
  settings.batch = options.batch.value_or(settings.batch);
  settings.lr = options.lr.value_or(settings.lr);
  settings.network = spec_of(options.network);
  settings.seed = options.seed;
  if (results::is_stream(options.out))
    throw UsageError(
        fmt::format("-o {}: is not a regular file; training overwrites it with the best weights several times", options.out));
  if (std::filesystem::exists(resume_file(options.out))) {
    if (!options.resume)
      throw UsageError(fmt::format("{}: a training stopped there; continue it with --resume, or delete the file",
                                   resume_file(options.out).string()));
  } else if (options.resume && std::filesystem::exists(options.out)) {
    throw UsageError(fmt::format("{}: the training is complete, nothing to resume; --force in place of --resume trains it anew",
                                 options.out));
  }
  // A resumed training replaces its own weights.
  check_output("-o", options.out, options.force || options.resume);
  Console console;
  const StopOnSignal stop;
  set_compute({options.threads == 0 ? Board().cores() : options.threads});
  const auto train = load_images(options.train, console);
  auto val = load_images(options.val, console);
  // These labels choose the best epoch.
  console.warning(data::use_class_names(val, train.class_names, "--val " + options.val));
  PretrainProgress progress(console, stop.flag(), settings.epochs);
  EpochReport best;
  try {
    best = pretrain(train, val, settings, options.out, options.resume, progress);
  } catch (const OtherTraining& error) {
    throw UsageError(error.what());
  }
  console.clear();
  if (options.json)
    print_json(nlohmann::ordered_json{{"checkpoint", options.out},
                                      {"val_accuracy_pct", best.val_accuracy_pct},
                                      {"n_val", val.size()},
                                      {"val_loss", best.val_loss},
                                      {"epoch", best.epoch}});
  else
    print_out("{}: {:.2f} % of {} validation images, best of epoch {}\n", options.out, best.val_accuracy_pct, val.size(),
              best.epoch);
  return Exit::ok;
}

}  // namespace

void add_pretrain(CLI::App& app, Action& action) {
  const auto [command, options] = add_command(app, action, "pretrain", summary_of_train_command("pretrain"), execute);
  command->add_option("--dataset", options->train, "Training data, name:PATH?key=value")->required();
  command->add_option("--val", options->val, "Validation data; the weights with the best loss on it are kept")->required();
  command->add_option("-o,--output", options->out, "State dict to write (.pth)")->required();
  std::vector<std::string> names;
  std::string help;
  for (const auto& recipe : recipes()) {
    names.emplace_back(recipe.name);
    help += fmt::format("{}{}: {}", help.empty() ? "" : ". ", recipe.name, recipe.summary);
  }
  command->add_option("--recipe", options->recipe, help)->check(CLI::IsMember(names))->capture_default_str();
  command->add_flag("--resume", options->resume, "Continue a stopped training after its last complete epoch");
  add_force_option(*command, options->force);
  command->add_option("--epochs", options->epochs, "Maximum number of epochs")->check(CLI::Range(1, 100000));
  command->add_option("--batch", options->batch, "Images in a step")->check(CLI::Range(1, 65536));
  command->add_option("--lr", options->lr, "Learning rate (its peak, if the recipe varies it)")->check(number_above_0(100));
  add_network_options(*command, options->network);
  command->add_option("--seed", options->seed, "Seed of weights and batches");
  add_threads_option(*command, options->threads);
  command->add_flag("--json", options->json, "Print JSON");
  command->footer(
      "Examples:\n"
      "  tbft pretrain --dataset 'synthetic:?part=train' --val 'synthetic:?part=test' --recipe quick -o base.pth\n"
      "  tbft pretrain --dataset imagefolder:cifar10/train --val imagefolder:cifar10/test -o resnet26.pth\n"
      "  tbft pretrain --dataset imagefolder:cifar10/train --val imagefolder:cifar10/test --recipe short -o base.pth --resume\n"
      "  tbft pretrain --network resnet-cifar --depth 20 --dataset cifar10:DIR?part=train --val cifar10:DIR?part=test -o "
      "r20.pth");
}

}  // namespace tbft::cli
