#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/families/list.h"

namespace tbft::models {
namespace {

// A checkpoint read as a network of a family.
struct Attempt {
  Architecture network;
  std::string problem;  // empty: it is one
};

Attempt try_family(const Family& family, const StateDict& state) {
  Attempt attempt;
  try {
    attempt.network = family.describe(family.infer(state));
    check(attempt.network, state);
    return attempt;
  } catch (const CheckpointError& error) {
    attempt.problem = error.what();
  } catch (const std::invalid_argument& error) {
    attempt.problem = error.what();
  }
  if (attempt.network.tensors.empty()) attempt.network = family.describe(family.usual);
  return attempt;
}

// The network for images of another size, if its weights do not fix it. Throws CheckpointError.
Architecture resized(const Family& family, const Architecture& network, int pixels, const StateDict& state) {
  if (pixels == network.spec.pixels) return network;
  NetworkSpec spec = network.spec;
  spec.pixels = pixels;
  std::string problem;
  try {
    Architecture other = family.describe(spec);
    check(other, state);
    return other;
  } catch (const std::exception& error) {
    problem = error.what();
  }
  throw CheckpointError(fmt::format("a {} of {} px cannot be used at {} px (model.pixels): {}", family.name,
                                    network.spec.pixels, pixels, problem));
}

// Names in both less names in only one of them; nullopt without a common name. Checkpoints may lack counters.
std::optional<std::int64_t> likeness(const Architecture& network, const std::set<std::string_view>& names) {
  const auto common =
      std::ranges::count_if(network.tensors, [&](const TensorInfo& tensor) { return names.contains(tensor.name); });
  if (common == 0) return std::nullopt;
  return 3 * common - std::ranges::count(network.tensors, false, &TensorInfo::is_counter) - std::ssize(names);
}

}  // namespace

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

Architecture recognise(const StateDict& state, int pixels) {
  std::set<std::string_view> names;
  for (const NamedTensor& tensor : state) names.insert(tensor.name);
  std::string problem = "no tensor has a name as in a known network; tbft pretrain --help lists the families";
  std::optional<std::int64_t> nearest;
  for (const Family* family : families()) {
    Attempt attempt = try_family(*family, state);
    if (attempt.problem.empty()) return pixels == 0 ? attempt.network : resized(*family, attempt.network, pixels, state);
    if (const auto common = likeness(attempt.network, names); common > nearest) {
      nearest = common;
      problem = fmt::format("{} (nearest family: {})", attempt.problem, family->name);
    }
  }
  throw CheckpointError(problem);
}

}  // namespace tbft::models
