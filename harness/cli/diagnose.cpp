// tbft diagnose: names the level of drift from a few labelled images of the target.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "harness/adaptive/diagnosis.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/source_option.h"
#include "harness/cli/train_program.h"
#include "harness/data/class_names.h"
#include "harness/data/load_images.h"
#include "harness/host/board.h"
#include "harness/host/console.h"
#include "harness/host/interrupted.h"
#include "harness/training/compute.h"
#include "harness/training/trainer.h"

namespace tbft::cli {

namespace {

struct DiagnoseOptions {
  std::string checkpoint, key, dataset, save_reference;
  SourceOptions source;
  std::int64_t n = 100;
  std::int64_t samples = 1;
  std::int64_t threads = 0;
  std::uint32_t seed = 0;
  bool json = false, force = false;
};

// Sample sizes of the reference: exactly `n`, or for a reference to be saved every multiple of ten up to 100, and n.
std::vector<std::int64_t> sizes_for(std::int64_t n, bool to_keep) {
  std::vector<std::int64_t> sizes{n};
  for (std::int64_t size = 10; to_keep && size <= 100; size += 10)
    if (size != n) sizes.push_back(size);
  return sizes;
}

int execute(const DiagnoseOptions& options) {
  const bool to_keep = !options.save_reference.empty();
  if (to_keep && options.source.source.empty()) throw UsageError("diagnose: --save-reference needs --source");
  if (options.dataset.empty() && !to_keep)
    throw UsageError("diagnose: nothing to do; give --dataset TARGET, or --save-reference FILE");
  check_output("--save-reference", options.save_reference, options.force, {options.checkpoint});
  Console console;
  const StopOnSignal stop;
  set_compute({options.threads == 0 ? Board().cores() : options.threads});
  Trainer base(options.checkpoint, options.key);
  console.warning(base.note());

  std::optional<data::Images> target;
  std::int64_t n = options.n;
  if (!options.dataset.empty()) {
    target = load_images(options.dataset, console);
    n = std::min(n, target->size());
  }
  const auto reference = reference_of(options.source, options.checkpoint, options.key,
                                      sizes_for(std::max<std::int64_t>(n, 2), to_keep), options.seed, base, console, stop);
  if (target)
    console.warning(data::fit_to_outputs(*target, class_names_of(base, reference), base.spec().classes, options.dataset));
  if (to_keep) adaptive::write_reference(options.save_reference, reference);
  for (std::int64_t sample = 0; target && sample < options.samples; ++sample) {
    const auto seed = options.seed + static_cast<std::uint32_t>(sample);
    const auto seen = observe(base, *target, draw(*target, n, seed), options.dataset, console, stop);
    const auto diagnosis = adaptive::diagnose(reference, seen, seed);
    console.clear();
    if (!options.json) {
      print_text(adaptive::to_text(diagnosis));
      continue;
    }
    auto json = adaptive::to_json(diagnosis);
    json["seed"] = seed;
    json["checkpoint"] = options.checkpoint;
    json["dataset"] = options.dataset;
    print_json(json);
  }
  return Exit::ok;
}

}  // namespace

void add_diagnose(CLI::App& app, Action& action) {
  const auto [command, options] = add_command(app, action, "diagnose", summary_of_train_command("diagnose"), execute);
  add_checkpoint_options(*command, options->checkpoint, options->key, "Base model, a state dict (.pth, .safetensors)")
      ->required();
  command->add_option("--dataset", options->dataset, "Labelled images of the target; see `tbft data list`");
  add_source_options(*command, options->source);
  command->add_option(
      "--save-reference", options->save_reference,
      "Write the statistics of the source to this file, which then replaces the source images (JSON; its size follows the "
      "channels: under 2 MB for the paper's network, about 10 MB for ResNet-18; refused above 64 MiB)");
  add_force_option(*command, options->force);
  command->add_option("--n", options->n, "Images of the target, drawn at random; fewer images give a less certain diagnosis")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command
      ->add_option("--samples", options->samples,
                   "Number of samples to draw and diagnose; their seeds are --seed, --seed + 1, ...")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Seed of the first sample")->capture_default_str();
  add_threads_option(*command, options->threads);
  command->add_flag("--json", options->json, "Print JSON, one line for each sample");
  command->footer(
      "Levels: none, input (block1), feature (block3), output (fc), a mixture of two, or unsure. Each number is printed beside "
      "those\n"
      "of samples of the source; doubts name what the sample cannot decide.\n"
      "Examples:\n"
      "  tbft diagnose --checkpoint base.pth --source imagefolder:clean/test --dataset imagefolder:camera\n"
      "  tbft diagnose --checkpoint base.pth --source imagefolder:clean/test --save-reference base.json   # where the source "
      "is\n"
      "  tbft diagnose --checkpoint base.pth --reference base.json --dataset imagefolder:camera --n 50    # on the device");
}

}  // namespace tbft::cli
