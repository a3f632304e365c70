#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "harness/training/pretrain.h"

namespace tbft {

std::span<const Recipe> recipes() {
  static const std::array list{
      Recipe{.name = "paper",
             .summary = "CIFAR-10 as published: SGD 0.01, halved every 50 epochs, up to 300, patience 60, crop and mirror",
             .settings = {}},
      Recipe{.name = "living17",
             .summary = "Living-17 as published: Adam 2e-3, weight decay 5e-3, halved every 25 epochs, 75 epochs, batch 224",
             .settings = {.optimizer = "adam",
                          .halving_epochs = 25,
                          .lr = 2e-3,
                          .weight_decay = 5e-3,
                          .batch = 224,
                          .epochs = 75,
                          .patience = 75}},
      Recipe{.name = "short",
             .summary = "for an evening: SGD, 16 epochs, rate up to 0.1 and down to 0, crop and mirror",
             .settings = {.schedule = "one-cycle", .lr = 0.1, .epochs = 16, .patience = 16}},
      Recipe{.name = "quick",
             .summary = "for the synthetic set: SGD, batch 64, 8 epochs, rate up to 0.1 and down to 0, no augmentation",
             .settings = {.schedule = "one-cycle", .lr = 0.1, .batch = 64, .epochs = 8, .augment = false}},
  };
  return list;
}

const Recipe& find_recipe(std::string_view name) {
  const auto found = std::ranges::find(recipes(), name, &Recipe::name);
  if (found != recipes().end()) return *found;
  std::string known;
  for (const auto& recipe : recipes()) known += fmt::format("{}{}", known.empty() ? "" : ", ", recipe.name);
  throw std::invalid_argument(fmt::format("unknown recipe '{}'; known: {}", name, known));
}

}  // namespace tbft
