// The source with which a diagnosis compares the target: source images, or the reference file made from them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/adaptive/reference.h"
#include "harness/data/dataset.h"
#include "harness/host/console.h"
#include "harness/host/interrupted.h"
#include "harness/training/trainer.h"

namespace CLI {
class App;
}

namespace tbft::cli {

struct SourceOptions {
  std::string source, reference;
  std::int64_t source_images = 2000;
};
// --source, --reference, --source-images
void add_source_options(CLI::App& command, SourceOptions& options);

// The base model's observations of these images, with a progress line that calls them `name`.
adaptive::Observation observe(Trainer& base, const data::Images& images, const std::vector<std::int64_t>& indices,
                              const std::string& name, Console& console, const StopOnSignal& stop);

// Draws at most `limit` of the images at random.
std::vector<std::int64_t> draw(const data::Images& images, std::int64_t limit, std::uint32_t seed);

// The class names of the model's outputs, from its checkpoint or from the source images of its reference; empty where neither
// has them.
const std::vector<std::string>& class_names_of(const Trainer& base, const adaptive::Reference& reference);

// Reads the reference from --reference, or makes it from --source for samples of these sizes. Throws UsageError unless exactly
// one of the options is given.
adaptive::Reference reference_of(const SourceOptions& options, const std::string& checkpoint, const std::string& key,
                                 const std::vector<std::int64_t>& sizes, std::uint32_t seed, Trainer& base, Console& console,
                                 const StopOnSignal& stop);

}  // namespace tbft::cli
