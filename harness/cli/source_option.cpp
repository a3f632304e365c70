#include "harness/cli/source_option.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>

#include "harness/cli/command.h"
#include "harness/data/class_names.h"
#include "harness/data/load_images.h"
#include "harness/data/split.h"
#include "harness/experiment/plan.h"
#include "results/files.h"

namespace tbft::cli {

void add_source_options(CLI::App& command, SourceOptions& options) {
  command.add_option("--source", options.source,
                     "Source images that the base model was not trained on; they determine the thresholds");
  command.add_option("--reference", options.reference, "File that `tbft diagnose --save-reference` wrote; replaces --source");
  command.add_option("--source-images", options.source_images, "Maximum number of source images")
      ->check(CLI::Range(200, 100000))
      ->capture_default_str();
}

adaptive::Observation observe(Trainer& base, const data::Images& images, const std::vector<std::int64_t>& indices,
                              const std::string& name, Console& console, const StopOnSignal& stop) {
  try {
    return base.observe(images, indices, std::nullopt, [&](std::int64_t done) {
      if (stop.flag()) throw Interrupted("interrupted");
      const double fraction = static_cast<double>(done) / static_cast<double>(indices.size());
      console.progress(fmt::format("{} {} of {} images of {}", bar(fraction), done, indices.size(), name));
    });
  } catch (const data::DataError& error) {
    throw data::DataError(fmt::format("{}: {}", name, error.what()));
  }
}

std::vector<std::int64_t> draw(const data::Images& images, std::int64_t limit, std::uint32_t seed) {
  auto drawn = data::permutation(images.size(), seed);
  drawn.resize(static_cast<std::size_t>(std::min(limit, images.size())));
  return drawn;
}

const std::vector<std::string>& class_names_of(const Trainer& base, const adaptive::Reference& reference) {
  return base.class_names().empty() ? reference.class_names : base.class_names();
}

adaptive::Reference reference_of(const SourceOptions& options, const std::string& checkpoint, const std::string& key,
                                 const std::vector<std::int64_t>& sizes, std::uint32_t seed, Trainer& base, Console& console,
                                 const StopOnSignal& stop) {
  if (options.source.empty() == options.reference.empty())
    throw UsageError("give either --source DATASET (held-out source images) or --reference FILE");
  const auto sha256 = model_sha256(sha256_hex(results::read_file(checkpoint, std::size_t{1} << 30U)), key);
  if (options.source.empty()) {
    try {
      return adaptive::read_reference(options.reference, sha256);
    } catch (const adaptive::ReferenceError& error) {
      throw UsageError(error.what());
    }
  }
  auto source = load_images(options.source, console);
  console.warning(data::fit_to_outputs(source, base.class_names(), base.spec().classes, options.source));
  const auto seen = observe(base, source, draw(source, options.source_images, seed), options.source, console, stop);
  console.progress("sampling the source");
  try {
    auto reference = adaptive::calibrate(seen, sizes, seed);
    reference.checkpoint_sha256 = sha256;
    reference.source = options.source;
    // There are fewer class names than outputs, so it is unknown which outputs they name.
    if (std::ssize(source.class_names) == base.spec().classes) reference.class_names = source.class_names;
    return reference;
  } catch (const adaptive::ReferenceError& error) {
    throw std::runtime_error(fmt::format("{}: {}", options.source, error.what()));
  }
}

}  // namespace tbft::cli
