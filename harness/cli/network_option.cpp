#include "harness/cli/network_option.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>
#include <vector>

#include "harness/cli/options.h"
#include "harness/experiment/settings.h"
#include "harness/host/usage_error.h"
#include "models/families/family.h"

namespace tbft::cli {

void add_network_options(CLI::App& command, NetworkOptions& options) {
  options.family = models::NetworkSpec{}.family;
  std::vector<std::string> names;
  std::string help = "Family of the network";
  std::string variants = "Variant of the family";
  for (const models::Family* family : models::families()) {
    names.emplace_back(family->name);
    help += fmt::format(". {}: {}", family->name, family->summary);
    if (!family->variants.empty()) variants += fmt::format(". {}: {}", family->name, fmt::join(family->variants, ", "));
  }
  command.add_option("--network", options.family, help)->check(CLI::IsMember(names))->type_name("NAME")->capture_default_str();
  command.add_option("--variant", options.variant, variants);
  command.add_option("--depth", options.depth, "Layers of the network (default: the family's usual)")
      ->check(CLI::Range(1, 1202));
  command.add_option("--width", options.width, "Factor of its channels")->check(number_above_0(1024));
}

models::NetworkSpec spec_of(const NetworkOptions& options, std::optional<int> pixels, std::optional<int> classes) {
  models::NetworkSpec spec = models::find_family(options.family).usual;
  spec.variant = options.variant.value_or(spec.variant);
  spec.depth = options.depth.value_or(spec.depth);
  spec.width = options.width.value_or(spec.width);
  spec.pixels = pixels.value_or(spec.pixels);
  spec.classes = classes.value_or(spec.classes);
  try {
    models::describe(spec);
  } catch (const std::invalid_argument& error) {
    throw UsageError(fmt::format("--network {}: {}", options.family, error.what()));
  }
  return spec;
}

CLI::Option* add_file_options(CLI::App& command, FileOptions& options, const std::string& help) {
  auto* checkpoint = add_checkpoint_options(command, options.checkpoint, options.key, help);
  command
      .add_option("--model", options.experiment,
                  "Experiment file whose table [model] says how to read --checkpoint: network, blocks, pixels, mean, std")
      ->needs(checkpoint)
      ->type_name("EXPERIMENT");
  add_allow_script_option(command, options.allow_script);
  return checkpoint;
}

models::NetworkFile network_file(const FileOptions& options) {
  Settings settings;
  if (!options.experiment.empty()) settings = read_model_settings(options.experiment);
  settings.model.checkpoint = options.checkpoint;
  if (!options.key.empty()) settings.model.key = options.key;
  return tbft::network_file(settings, options.allow_script);
}

}  // namespace tbft::cli
