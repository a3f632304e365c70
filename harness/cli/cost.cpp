// tbft cost: computes the cost of each strategy's step by the model of multiply-accumulates.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "harness/cli/cost.h"
#include "harness/cli/network_option.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/train_program.h"
#include "harness/training/strategies/strategy.h"
#include "models/cost.h"
#include "models/families/family.h"
#include "models/read_model.h"

namespace tbft::cli {

namespace {

struct CostOptions {
  FileOptions file;
  NetworkOptions network;
  std::optional<int> pixels, classes;
  bool json = false;
  DescribeScript describe_script = nullptr;
};

models::Architecture network_of(const CostOptions& options) {
  if (!options.file.checkpoint.empty()) {
    auto file = network_file(options.file);
    file.pixels = options.pixels.value_or(file.pixels);
    if (file.network == models::torchscript_network) return options.describe_script(file);
    return models::recognise(models::read_model(file.path, file.key).state, file);
  }
  return models::describe(spec_of(options.network, options.pixels, options.classes));
}

// 1 and not 1.0 for an integer width.
nlohmann::ordered_json width_json(double width) {
  if (width == std::floor(width)) return std::llround(width);
  return width;
}

int execute(const CostOptions& options) {
  const auto network = network_of(options);
  const auto& spec = network.spec;
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const auto* strategy : strategies_for(network)) {
    if (!strategy->uses_gradient() || !strategy->has_plain_step()) continue;
    rows.push_back({{"strategy", strategy->name},
                    {"trainable_params", models::parameter_count(network, strategy->tuned)},
                    {"macs_a_sample", models::training_macs(network, strategy->tuned)},
                    {"saving_pct", models::saving_pct(network, strategy->tuned)},
                    {"saved_act_bytes_a_sample", models::saved_activation_bytes(network, strategy->tuned)}});
  }
  if (options.json) {
    print_json(nlohmann::ordered_json{{"network", network.title},
                                      {"family", spec.family},
                                      {"variant", spec.variant},
                                      {"blocks", network.blocks()},
                                      {"depth", spec.depth},
                                      {"width", width_json(spec.width)},
                                      {"pixels", spec.pixels},
                                      {"classes", spec.classes},
                                      {"params", models::parameter_count(network)},
                                      {"forward_macs_a_sample", models::forward_macs(network)},
                                      {"strategies", rows}});
    return Exit::ok;
  }
  print_out("{}, {} px, {} classes: {} parameters, {:.2f} million MACs forward\n", network.title, spec.pixels, spec.classes,
            models::parameter_count(network), static_cast<double>(models::forward_macs(network)) / 1e6);
  print_out("{:<9}  {:>10}  {:>14}  {:>8}  {:>22}\n", "strategy", "parameters", "MMACs/sample", "saving %",
            "activations kept, MiB");
  for (const auto& row : rows)
    print_out("{:<9}  {:>10}  {:>14.2f}  {:>8.1f}  {:>22.3f}\n", row["strategy"].get<std::string>(),
              row["trainable_params"].get<std::int64_t>(), row["macs_a_sample"].get<double>() / 1e6,
              row["saving_pct"].get<double>(), row["saved_act_bytes_a_sample"].get<double>() / (1024 * 1024));
  print_text(
      "a training step of one sample: forward + input gradients + weight gradients; no gradients below the first tuned "
      "layer\n");
  return Exit::ok;
}

}  // namespace

void add_cost_with(CLI::App& app, Action& action, DescribeScript describe_script) {
  const auto [command, options] = add_command(app, action, "cost", summary_of_train_command("cost"), execute);
  options->describe_script = describe_script;
  auto* checkpoint = add_file_options(
      *command, options->file,
      "State dict (.pth, .safetensors) from which to take the network's shape, or with --model a TorchScript file");
  command->add_option("--pixels", options->pixels, "Side of the image in pixels (default: the family's usual)");
  command->add_option("--classes", options->classes, "Number of classes (default: the family's usual)");
  add_network_options(*command, options->network);
  checkpoint->excludes("--classes", "--network", "--variant", "--depth", "--width");  // the file says what they are
  command->add_flag("--json", options->json, "Print JSON");
  command->footer(
      "Examples:\n"
      "  tbft cost                              # savings 21.6, 34.1, 45.0, 66.6 % at 32 px\n"
      "  tbft cost --pixels 128 --classes 17\n"
      "  tbft cost --network resnet --depth 50\n"
      "  tbft cost --checkpoint own.pt --model own.toml --allow-script     # a TorchScript file: counted while one image runs");
}

}  // namespace tbft::cli
