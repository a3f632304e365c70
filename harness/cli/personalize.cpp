// tbft personalize: adapts a base model to a few labelled images of the target.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <system_error>

#include "harness/adaptive/diagnosed.h"
#include "harness/adaptive/personalize.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/source_option.h"
#include "harness/cli/train_program.h"
#include "harness/data/class_names.h"
#include "harness/data/load_images.h"
#include "harness/experiment/journal.h"
#include "harness/experiment/settings.h"
#include "harness/host/board.h"
#include "harness/host/console.h"
#include "harness/host/interrupted.h"
#include "harness/host/provenance.h"
#include "harness/measurement/run_meter.h"
#include "harness/sweep/memory_choice.h"
#include "harness/training/compute.h"
#include "harness/training/memory.h"
#include "harness/training/memory_model.h"
#include "harness/training/strategies/strategy.h"
#include "results/files.h"
#include "tbft/power/monitor.h"

namespace tbft::cli {

namespace {

struct PersonalizeOptions {
  std::string checkpoint, key, dataset, test, output, record, trace;
  SourceOptions source;
  MeterChoice meter;
  double interval_s = 0;
  std::optional<double> idle_s, lr;
  std::string budget;
  double holdout = 0.3;
  std::int64_t epochs = 10, patience = 5, threads = 0;
  std::optional<std::int64_t> batch;
  std::string memory_limit;
  std::uint32_t seed = 0;
  std::string backend = "auto";
  bool json = false, force = false;
  PersonalizeRequest request;  // what the options set of it
};

// Parses "50J", "50 J", "50" or "2kJ" as joules.
std::optional<double> budget_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  std::size_t end = 0;
  double joules = 0;
  try {
    joules = std::stod(text, &end);
  } catch (const std::exception&) {
    end = 0;
  }
  auto unit = end == 0 ? std::string("?") : text.substr(end);
  std::erase(unit, ' ');
  if (unit == "kJ") joules *= 1000;
  if (!(unit.empty() || unit == "J" || unit == "kJ") || !std::isfinite(joules) || joules <= 0)
    throw UsageError(fmt::format("--budget {}: expected joules above 0, such as 50J or 2kJ", text));
  return joules;
}

// The images per step: as asked for, or the default of 16, or under --memory-limit the largest power of two up to it with which
// `full` fits, because its steps are timed. Throws UsageError with the figure if none does, or not the one that was asked for.
std::int64_t batch_of(const PersonalizeOptions& options, const Trainer& trainer, const PersonalizeRequest& request,
                      Console& console) {
  constexpr std::int64_t usual = 16;
  const auto asked = options.batch.value_or(usual);
  if (options.memory_limit.empty()) return asked;
  const auto limit_bytes = parse_size("--memory-limit", options.memory_limit);
  const auto& pixels = request.images.pixels;
  const auto needed_bytes = [&](std::int64_t batch) {
    return peak_memory(trainer.network(), find_strategy("full"),
                       {.batch = batch,
                        .n_train = std::ssize(request.split.train),
                        .n_val = std::ssize(request.split.val),
                        .images_bytes = pixels.is_mapped() ? 0 : static_cast<std::int64_t>(pixels.size()),
                        .backend = options.backend})
        .total();
  };
  auto batch = asked;
  while (batch > 1 && needed_bytes(batch) > limit_bytes)
    batch = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(batch - 1)));
  const auto needs = fmt::format("--memory-limit {}: full with {} images per step needs about {}", options.memory_limit, asked,
                                 MiB_text(needed_bytes(asked)));
  if (needed_bytes(batch) > limit_bytes)
    throw UsageError(fmt::format("{}, with one image {}; raise the limit", needs, MiB_text(needed_bytes(1))));
  if (batch == asked) return asked;
  if (options.batch) throw UsageError(fmt::format("{}; --batch {} would fit, or raise the limit", needs, batch));
  console.line(fmt::format("{}; taking {}, which need {}", needs, batch, MiB_text(needed_bytes(batch))));
  return batch;
}

// Maps labels to the model's outputs. A separate test set is appended to the target's images.
void complete(const PersonalizeOptions& options, const Trainer& trainer, PersonalizeRequest& request, Console& console) {
  const auto& names = class_names_of(trainer, request.reference);
  console.warning(data::fit_to_outputs(request.images, names, trainer.spec().classes, options.dataset));
  if (options.test.empty()) return;
  const auto n = request.images.size();
  const auto what = "--test " + options.test;
  auto test = load_images(options.test, console);
  if (test.height != request.images.height || test.width != request.images.width)
    throw data::DataError(fmt::format("{}: images of {}x{}; --dataset has {}x{}", what, test.width, test.height,
                                      request.images.width, request.images.height));
  if (!names.empty()) console.warning(data::fit_to_outputs(test, names, trainer.spec().classes, what));
  console.warning(data::use_class_names(test, request.images.class_names, what));
  console.warning(data::check_shared(request.images, "--dataset", test, what));
  request.images.pixels.append(test.pixels);
  request.images.labels.insert(request.images.labels.end(), test.labels.begin(), test.labels.end());
  for (std::int64_t i = 0; i < test.size(); ++i) request.split.test.push_back(n + i);
}

nlohmann::ordered_json record_of(const PersonalizeOptions& options, const Personalized& outcome,
                                 const PersonalizeRequest& request, const power::Monitor& monitor,
                                 const std::string& started_utc, const std::string& model) {
  const auto meter = monitor.meter();
  auto json = to_json(outcome, request);
  json["schema"] = 1;
  json["started_utc"] = started_utc;
  json["checkpoint"] = options.checkpoint;
  json["checkpoint_sha256"] = request.reference.checkpoint_sha256;
  json["model"] = model;
  json["dataset"] = options.dataset;
  json["test"] = options.test;
  json["output"] = outcome.kept ? nlohmann::ordered_json(options.output) : nlohmann::ordered_json(nullptr);
  json["meter"] = meter.uri;
  json["meter_scope"] = to_string(meter.scope);
  json["measured"] = meter.measured ? 1 : 0;
  if (!meter.assumption.empty()) json["meter_assumption"] = meter.assumption;
  json["settings"] = {{"optimizer", request.train.optimizer},
                      {"batch", request.train.batch},
                      {"epochs", request.train.epochs},
                      {"patience", request.train.patience},
                      {"batchnorm", request.train.batchnorm},
                      {"layout", request.train.layout},
                      {"backend", options.backend},
                      {"seed", options.seed},
                      {"tries", request.tries},
                      {"holdout", options.holdout},
                      {"lr", request.lr}};
  json["provenance"] = provenance_json(Board());
  json["provenance"]["libtorch"] = libtorch_version();
  json["provenance"]["blas"] = blas_library();
  return json;
}

std::string written(const std::string& what, const std::string& file) {
  if (file.empty() || results::is_stream(file)) return "";
  std::error_code none;
  const auto bytes = std::filesystem::file_size(file, none);
  return none ? "" : fmt::format("{:<9} {} ({:.3g} kB)\n", what, file, static_cast<double>(bytes) / 1e3);
}

// The files that this call wrote.
std::string files_text(const PersonalizeOptions& options, const Personalized& outcome, const std::string& record_file) {
  std::string text = outcome.kept ? written("weights", options.output) : "";
  text += written("record", record_file) + written("trace", options.trace);
  return text.empty() ? "" : "\nwritten\n" + text;
}

// A warning where --force permitted to replace an earlier call's weights, and this call has none: they are not of its record.
std::string earlier_weights(const PersonalizeOptions& options, const Personalized& outcome) {
  if (outcome.kept || options.output.empty()) return "";
  std::error_code none;
  const auto bytes = std::filesystem::file_size(options.output, none);
  if (none || bytes == 0) return "";
  return fmt::format("-o {}: holds what an earlier run wrote, unchanged; this run wrote no weights", options.output);
}

int execute(const PersonalizeOptions& options) {
  PersonalizeRequest request = options.request;
  request.budget_J = budget_of(options.budget);
  request.output = options.output;
  if (options.output.empty() && !request.dry_run) throw UsageError("personalize: -o OUT.pth is needed, or --dry-run");
  std::error_code none;
  if (!options.output.empty() && std::filesystem::equivalent(options.output, options.checkpoint, none))
    throw UsageError(fmt::format("personalize: -o {} is the base model itself; name another file", options.output));
  if (!options.output.empty() && results::is_stream(options.output))
    throw UsageError(
        fmt::format("-o {}: is not a regular file; weights are written to one, with their record beside it", options.output));
  const std::string beside = options.output.empty() ? "" : options.output + ".json";
  const std::string record_file = options.record.empty() ? beside : options.record;
  check_output("-o", options.output, options.force, {options.source.reference});
  check_output("--record", record_file, options.force, {options.output, options.checkpoint, options.source.reference});
  check_appended("--trace", options.trace,
                 {options.output, record_file, options.checkpoint, options.source.reference, played_back(options.meter.uri)});
  std::string estimated;
  auto meter = open_named_meter(options.meter, options.interval_s, WithoutMeter::estimates, estimated);
  Console console;
  const StopOnSignal stop;
  const auto started = utc_now();
  console.warning(estimated);
  request.idle_s = idle_seconds(options.idle_s.value_or(-1), meter->info());
  const auto compute = set_compute({options.threads == 0 ? Board().cores() : options.threads, options.backend});
  Trainer trainer(options.checkpoint, options.key);
  console.warning(trainer.note());
  request.images = load_images(options.dataset, console);
  request.split = personal_split(request.images.size(), options.test.empty() ? options.holdout : 0, options.seed);
  request.lr = Settings().train.lr;
  if (options.lr) request.lr = {{"default", *options.lr}};
  request.train = {.epochs = options.epochs, .patience = options.patience, .seed = options.seed};
  const auto labelled = std::ssize(request.split.train) + std::ssize(request.split.val);
  request.reference = reference_of(options.source, options.checkpoint, options.key,
                                   {std::min<std::int64_t>(labelled, diagnosed_images)}, options.seed, trainer, console, stop);
  complete(options, trainer, request, console);
  request.train.batch = batch_of(options, trainer, request, console);
  hand_back_memory();

  const auto clock = power::steady_clock();
  power::MonitorOptions monitor_options{.clock = clock};
  if (!options.trace.empty()) monitor_options.trace = options.trace;
  power::Monitor monitor(std::move(meter), monitor_options);
  const auto outcome = personalize(trainer, monitor, *clock, request, console, stop.flag());
  auto record = record_of(options, outcome, request, monitor, started, trainer.description());
  record["settings"]["threads"] = compute.threads;
  if (!record_file.empty())
    results::write_file_atomically(record_file,
                                   record.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  if (options.json)
    print_json(record);
  else
    print_text(to_text(outcome, request) +
               (monitor.meter().measured ? "" : fmt::format("not a measurement: {}\n", monitor.meter().description)));
  monitor.close();
  if (!options.json) print_text(files_text(options, outcome, record_file));
  console.warning(earlier_weights(options, outcome));
  if (!outcome.as_asked) {
    print_error(fmt::format("tbft: {}", outcome.verdict));
    return Exit::failed;
  }
  return outcome.all.valid ? Exit::ok : Exit::invalid_measurement;
}

}  // namespace

void add_personalize(CLI::App& app, Action& action) {
  const auto [command, options] = add_command(app, action, "personalize", summary_of_train_command("personalize"), execute);
  add_checkpoint_options(*command, options->checkpoint, options->key, "Base model, a state dict (.pth, .safetensors)")
      ->required();
  command->add_option("--dataset", options->dataset, "About 100 labelled images of the target; see `tbft data list`")
      ->required();
  add_source_options(*command, options->source);
  command->add_option("-o,--output", options->output,
                      "Adapted weights (.pth), written only if they beat the base model beyond the noise");
  command->add_option("--record", options->record, "JSON record (default: OUT.pth.json)");
  command->add_flag("--force", options->force, "Replace an existing file of weights and its record");
  command->add_option("--test", options->test,
                      "Separate test images, none of them in --dataset; without this option a part of --dataset is kept apart");
  command->add_option("--holdout", options->holdout, "Fraction of --dataset kept apart for testing")
      ->check(number_in(0.05, 0.9))
      ->capture_default_str();
  command->add_option("--budget", options->budget,
                      "Gross joules from the start of the diagnosis on, e.g. 50J: candidates that exceed it are not tried, and "
                      "tuning stops before it is spent");
  command
      ->add_option(
          "--target-accuracy", options->request.target_accuracy_pct,
          "Try more candidates until this percentage of validation images is correct; the result is tested on those kept apart")
      ->check(number_in(0, 100));
  command->add_option("--tries", options->request.tries, "Maximal number of candidates to tune")
      ->check(CLI::Range(1, 10))
      ->capture_default_str();
  command->add_flag("--dry-run", options->request.dry_run, "Diagnose, calibrate and predict; tune nothing");
  add_meter_option(*command, options->meter, WithoutMeter::estimates);
  add_time_option(*command, "-i,--interval", options->interval_s, "Sampling interval, e.g. 2ms; 0: the meter's default");
  command
      ->add_option("--idle", options->idle_s,
                   "Seconds of each idle window, one before and one after (default 5; 0 for an estimate or replay)")
      ->check(number_in(0, 3600));
  command->add_option("--trace", options->trace, "Write every reading to this trace.csv");
  command->add_option("--epochs", options->epochs, "Maximal number of epochs")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--patience", options->patience, "Epochs without a better validation loss before stopping")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--batch", options->batch, "Images per step (default: 16, or what --memory-limit leaves)")
      ->check(CLI::Range(1, 65536));
  command
      ->add_option(
          "--memory-limit", options->memory_limit,
          "Peak memory of the process, e.g. 512MiB or 2GB: fewer images per step if that is needed, or a refusal with the "
          "figure")
      ->type_name("SIZE");
  command->add_option("--lr", options->lr, "Learning rate (default: 1e-3, 1e-2 for fc)")->check(number_above_0(100));
  command->add_option("--seed", options->seed, "Seed of all random draws")->capture_default_str();
  add_threads_option(*command, options->threads);
  command->add_option("--backend", options->backend, "onednn or native; auto: onednn if libtorch has it")
      ->check(CLI::IsMember({"auto", "onednn", "native"}));
  command->add_flag("--json", options->json, "Print the record");
  command->footer(
      "Examples:\n"
      "  tbft personalize --checkpoint base.pth --reference base.json --dataset imagefolder:camera -o camera.pth\n"
      "  tbft personalize --checkpoint base.pth --reference base.json --dataset imagefolder:camera --budget 50J -o camera.pth\n"
      "  tbft personalize --checkpoint base.pth --source imagefolder:clean/test --dataset imagefolder:camera --dry-run\n"
      "Exit code: 0 adapted, or rightly left unchanged; 1 budget or target accuracy missed, or every attempt diverged; 4 the\n"
      "energy is invalid.");
}

}  // namespace tbft::cli
