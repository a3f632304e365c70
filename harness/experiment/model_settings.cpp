#include "harness/experiment/model_settings.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <stdexcept>

#include "harness/host/usage_error.h"
#include "harness/training/noise.h"
#include "models/script/blocks.h"

namespace tbft {

using setting::check_range;
using setting::fail;

namespace {

void check_colours(std::string_view key_name, const std::vector<double>& values, double low) {
  if (values.empty()) return;
  if (values.size() != 3)
    fail(std::string(key_name), fmt::format("has {} numbers; it needs three: red, green, blue", values.size()));
  for (const double value : values) check_range(key_name, value, low, 1);
}

}  // namespace

std::vector<setting::Key> model_keys() {
  using enum SettingRole;
  return {
      TBFT_SETTING(model.checkpoint, place, "base model, a .pth state dict"),
      TBFT_SETTING(model.key, result, "key of the weights in a checkpoint with several models, such as ema"),
      TBFT_SETTING(model.network, result,
                   "torchscript: the checkpoint is a TorchScript file, a program (needs --allow-script); empty: recognised"),
      TBFT_SETTING(
          model.blocks, result,
          "of a TorchScript file: patterns for names of parameters, { block1 = [\"conv1.*\"], fc = [\"fc.*\"] }; none = "
          "[...] for those that only full tunes"),
      TBFT_SETTING(model.pixels, result,
                   "side of the images; 0: what the weights say, or the family's usual (32 for a TorchScript file)"),
      TBFT_SETTING(
          model.mean, result,
          "mean of red, green and blue in [0, 1] that inputs are normalised by; []: the family's (0.5 for a TorchScript "
          "file, as the paper's networks)"),
      setting::key(
          "model.std", result, "their deviation; []: the family's (0.5 for a TorchScript file)",
          [](auto& s) -> auto& { return s.model.deviation; }),
      TBFT_SETTING(model.reference, place,
                   "for strategy diagnosed: reference of the source, from tbft diagnose --save-reference"),
      TBFT_SETTING(model.noise_sigma, result,
                   "for conditions noise-BLOCK: deviation by block, { block1 = 0.15 }; searched for other blocks"),
  };
}

void check_network(const Settings& s) {
  const auto& model = s.model;
  check_range("model.pixels", static_cast<double>(model.pixels), 0, 32768);
  check_colours("model.mean", model.mean, 0);
  check_colours("model.std", model.deviation, 1e-3);
  if (model.network.empty()) {
    if (!model.blocks.empty()) fail("model.blocks", "only a TorchScript file needs them: model.network = \"torchscript\"");
    return;
  }
  setting::check_one_of("model.network", model.network, {models::torchscript_network});
  if (model.blocks.empty())
    fail("model.blocks",
         "required for a TorchScript file: a table such as block1 = [\"conv1.*\", \"layer1.*\"], fc = [\"fc.*\"]");
  try {
    models::blocks_in(model.blocks);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
}

void check_noise(const Settings& s) {
  for (const auto& [block, sigma] : s.model.noise_sigma) {
    if (!noised_block("noise-" + block))
      fail("model.noise_sigma", fmt::format("'{}' is none of block1, block2, ..., fc", block));
    check_range("model.noise_sigma." + block, sigma, 0, 1000);
  }
}

models::NetworkFile network_file(const Settings& settings, bool allow_script) {
  const auto& model = settings.model;
  const auto colours = [](const std::vector<double>& values) -> std::optional<std::array<float, 3>> {
    if (values.empty()) return std::nullopt;
    return std::array{static_cast<float>(values.at(0)), static_cast<float>(values.at(1)), static_cast<float>(values.at(2))};
  };
  return {.path = model.checkpoint,
          .key = model.key,
          .network = model.network,
          .blocks = model.blocks,
          .pixels = static_cast<int>(model.pixels),
          .mean = colours(model.mean),
          .deviation = colours(model.deviation),
          .allow_script = allow_script};
}

}  // namespace tbft

#undef TBFT_SETTING
