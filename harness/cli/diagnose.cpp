// tbft diagnose: which level of drift a few labelled images of the target show.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "harness/adaptive/diagnosis.h"
#include "harness/adaptive/observe.h"
#include "harness/board.h"
#include "harness/cli/command.h"
#include "harness/console.h"
#include "harness/data/split.h"
#include "harness/interrupted.h"
#include "harness/plan.h"
#include "harness/trainer.h"
#include "results/files.h"

namespace tbft::cli {

namespace {

using adaptive::Diagnosis;
using adaptive::Level;
using nlohmann::ordered_json;

struct DiagnoseOptions {
  std::string checkpoint, dataset, source, reference, save_reference;
  std::int64_t n = 100;
  std::int64_t samples = 1;
  std::int64_t source_images = 2000;
  std::int64_t threads = 0;
  std::uint32_t seed = 0;
  bool json = false;
};

// At most `limit` of the images, drawn at random.
std::vector<std::int64_t> draw(const data::Images& images, std::int64_t limit, std::uint32_t seed) {
  auto drawn = data::permutation(images.size(), seed);
  drawn.resize(static_cast<std::size_t>(std::min(limit, images.size())));
  return drawn;
}

adaptive::Observation observe(adaptive::Observer& observer, const data::Images& images,
                              const std::vector<std::int64_t>& indices, const std::string& name, Console& console,
                              const StopOnSignal& stop) {
  try {
    return observer.observe(images, indices, [&](std::int64_t done) {
      if (stop.flag()) throw Interrupted("interrupted");
      const double fraction = static_cast<double>(done) / static_cast<double>(indices.size());
      console.progress(fmt::format("{} {} of {} images of {}", bar(fraction), done, indices.size(), name));
    });
  } catch (const std::invalid_argument& error) {
    throw std::runtime_error(fmt::format("{}: {}", name, error.what()));
  }
}

adaptive::Reference read_reference(const std::string& path, const std::string& checkpoint_sha256) {
  const auto json = nlohmann::json::parse(results::read_file(path, 1U << 26), nullptr, /*allow_exceptions=*/false);
  try {
    auto reference = adaptive::reference_from_json(json);
    if (reference.checkpoint_sha256 != checkpoint_sha256)
      throw adaptive::ReferenceError("made with another checkpoint; make it again with --source and --save-reference");
    return reference;
  } catch (const adaptive::ReferenceError& error) {
    throw UsageError(fmt::format("{}: {}", path, error.what()));
  }
}

// For samples of exactly `n` images, or to be kept: of every ten up to 100, and of n.
std::vector<std::int64_t> sizes_for(std::int64_t n, bool to_keep) {
  std::vector<std::int64_t> sizes{n};
  for (std::int64_t size = 10; to_keep && size <= 100; size += 10)
    if (size != n) sizes.push_back(size);
  return sizes;
}

ordered_json as_json(const Diagnosis& diagnosis, const DiagnoseOptions& options, std::uint32_t seed) {
  ordered_json evidence = ordered_json::object();
  for (const auto& e : diagnosis.evidence)
    evidence[std::string(e.name)] = {
        {"value", e.value}, {"source_low", e.low}, {"source_high", e.high}, {"p_low", e.p_low}, {"p_high", e.p_high}};
  auto parts = ordered_json::array();
  for (const auto part : diagnosis.parts) parts.push_back(to_string(part));
  ordered_json json{{"level", to_string(diagnosis.level)},
                    {"parts", parts},
                    {"confidence", diagnosis.confidence},
                    {"suggested_strategy", adaptive::suggested_strategy(diagnosis.level)},
                    {"n", diagnosis.n},
                    {"labels_seen", diagnosis.labels_seen},
                    {"purity_gain_z", diagnosis.gain_z},
                    {"front_to_rear", nullptr},
                    {"evidence", evidence},
                    {"doubts", diagnosis.doubts},
                    {"seed", seed},
                    {"checkpoint", options.checkpoint},
                    {"dataset", options.dataset}};
  if (std::isfinite(diagnosis.front_to_rear)) json["front_to_rear"] = diagnosis.front_to_rear;
  return json;
}

std::string level_text(const Diagnosis& diagnosis) {
  if (diagnosis.level == Level::unsure) return "unsure";
  std::string text(to_string(diagnosis.level));
  for (const auto part : diagnosis.parts)
    text += fmt::format("{}{}", part == diagnosis.parts.front() ? " of " : " and ", to_string(part));
  return fmt::format("{}, confidence {:.1f} %", text, 100 * diagnosis.confidence);
}

void print(const Diagnosis& diagnosis) {
  fmt::print("drift: {} ({} images)\n", level_text(diagnosis), diagnosis.n);
  if (const auto strategy = adaptive::suggested_strategy(diagnosis.level); diagnosis.level == Level::mixture)
    fmt::print("the paper maps no block to a mixture; {} tunes all\n", strategy);
  else if (!strategy.empty())
    fmt::print("the paper's mapping suggests: {}\n", strategy);
  if (!diagnosis.evidence.empty()) fmt::print("\n{:<18} {:>8}   {:<22}\n", "evidence", "value", "source, 1 % to 99 %");
  for (const auto& e : diagnosis.evidence)
    fmt::print("{:<18} {:>8.3f}   {:>8.3f} to {:<8.3f} {}\n", e.name, e.value, e.low, e.high,
               e.value < e.low    ? "below"
               : e.value > e.high ? "above"
                                  : "");
  if (std::isfinite(diagnosis.front_to_rear)) fmt::print("{:<18} {:>8.3f}\n", "front_to_rear", diagnosis.front_to_rear);
  if (!diagnosis.doubts.empty()) fmt::print("\n");
  for (const auto& doubt : diagnosis.doubts) fmt::print("doubt: {}\n", doubt);
}

int execute(const DiagnoseOptions& options) {
  if (options.source.empty() == options.reference.empty())
    throw UsageError("diagnose: give --source DATASET (held-out source images) or --reference FILE, one of them");
  if (!options.save_reference.empty() && options.source.empty()) throw UsageError("diagnose: --save-reference wants --source");
  if (options.dataset.empty() && options.save_reference.empty())
    throw UsageError("diagnose: nothing to do; give --dataset TARGET, or --save-reference FILE");
  Console console;
  const StopOnSignal stop;
  set_compute({options.threads == 0 ? Board().cores() : options.threads, "onednn"});
  adaptive::Observer observer(options.checkpoint);
  const auto sha256 = sha256_hex(results::read_file(options.checkpoint, 1U << 30));

  std::optional<data::Images> target;
  std::int64_t n = options.n;
  if (!options.dataset.empty()) {
    console.progress("loading " + options.dataset);
    target = data::load_dataset(data::parse_dataset_spec(options.dataset));
    n = std::min(n, target->size());
  }
  adaptive::Reference reference;
  if (options.source.empty()) {
    reference = read_reference(options.reference, sha256);
  } else {
    console.progress("loading " + options.source);
    const auto source = data::load_dataset(data::parse_dataset_spec(options.source));
    const auto seen =
        observe(observer, source, draw(source, options.source_images, options.seed), options.source, console, stop);
    console.progress("sampling the source");
    try {
      reference =
          adaptive::calibrate(seen, sizes_for(std::max<std::int64_t>(n, 2), !options.save_reference.empty()), options.seed);
    } catch (const adaptive::ReferenceError& error) {
      throw std::runtime_error(fmt::format("{}: {}", options.source, error.what()));
    }
    reference.checkpoint_sha256 = sha256;
    reference.source = options.source;
  }
  if (!options.save_reference.empty())
    results::write_file_atomically(options.save_reference, adaptive::to_json(reference).dump() + "\n");
  for (std::int64_t sample = 0; target && sample < options.samples; ++sample) {
    const auto seed = options.seed + static_cast<std::uint32_t>(sample);
    const auto seen = observe(observer, *target, draw(*target, n, seed), options.dataset, console, stop);
    const auto diagnosis = adaptive::diagnose(reference, seen, seed);
    console.clear();
    if (options.json)
      fmt::print("{}\n", as_json(diagnosis, options, seed).dump());
    else
      print(diagnosis);
  }
  return Exit::ok;
}

}  // namespace

void add_diagnose(CLI::App& app, Action& action) {
  auto options = std::make_shared<DiagnoseOptions>();
  auto* command = app.add_subcommand("diagnose", "Name the level of a drift from a few labelled images of the target");
  command->add_option("--checkpoint", options->checkpoint, "Base model, a state dict (.pth)")->required();
  command->add_option("--dataset", options->dataset, "Labelled images of the target; see `tbft data list`");
  command->add_option("--source", options->source,
                      "Source images that the base model was not trained on: the thresholds come from them");
  command->add_option("--reference", options->reference, "Instead of --source: the file of --save-reference");
  command->add_option("--save-reference", options->save_reference,
                      "Keep what is needed of the source (JSON, under 2 MB), so that its images may stay elsewhere");
  command->add_option("--n", options->n, "Images of the target, drawn at random; fewer: wider doubt")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command->add_option("--samples", options->samples, "Samples to draw and diagnose, seeds from --seed on")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--source-images", options->source_images, "At most so many of the source")
      ->check(CLI::Range(200, 100000))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Of every draw")->capture_default_str();
  command->add_option("--threads", options->threads, "Threads; 0: every core")
      ->envname("TBFT_THREADS")
      ->check(CLI::Range(0, 1024));
  command->add_flag("--json", options->json, "Print JSON, a line a sample");
  command->footer(
      "Levels: none, input (block1), feature (block3), output (fc), a mixture of two, or unsure. Each number stands beside "
      "what\n"
      "samples of the source give; doubts say what the sample cannot tell.\n"
      "Examples:\n"
      "  tbft diagnose --checkpoint base.pth --source imagefolder:clean/test --dataset imagefolder:camera\n"
      "  tbft diagnose --checkpoint base.pth --source imagefolder:clean/test --save-reference base.json   # where the source "
      "is\n"
      "  tbft diagnose --checkpoint base.pth --reference base.json --dataset imagefolder:camera --n 50    # on the device");
  command->callback([options, &action] { action = [options] { return execute(*options); }; });
}

}  // namespace tbft::cli
