#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

#include "models/families/list.h"

namespace tbft::models {

std::span<const Family* const> families() {
#define TBFT_ENTRY(NAME) &family::NAME(),
  static const std::array list{TBFT_FOR_EACH_FAMILY(TBFT_ENTRY)};
#undef TBFT_ENTRY
  return list;
}

const Family& find_family(std::string_view name) {
  const auto list = families();
  const auto found = std::ranges::find(list, name, [](const Family* family) { return family->name; });
  if (found != list.end()) return **found;
  std::vector<std::string_view> known;
  for (const Family* family : list) known.push_back(family->name);
  throw std::invalid_argument(fmt::format("unknown network '{}'; known: {}", name, fmt::join(known, ", ")));
}

Architecture describe(const NetworkSpec& spec) {
  return find_family(spec.family).describe(spec);
}

Architecture recognise(const StateDict& state) {
  const auto list = families();
  const auto found = std::ranges::find_if(list, [&](const Family* family) { return family->resembles(state); });
  // If no family matches, the first one reports what it expects.
  const Family& family = found == list.end() ? *list.front() : **found;
  Architecture network = family.describe(family.infer(state));
  check(network, state);
  return network;
}

}  // namespace tbft::models
