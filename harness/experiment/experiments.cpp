#include "harness/experiment/experiments.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <system_error>
#include <utility>

#include "harness/host/edit_distance.h"
#include "harness/host/usage_error.h"
#include "results/files.h"

namespace tbft {

const Experiment* find_experiment(std::string_view name) {
  const auto all = experiments();
  const auto found = std::ranges::find(all, name, &Experiment::name);
  return found == all.end() ? nullptr : &*found;
}

ExperimentText read_experiment(const std::string& name) {
  namespace fs = std::filesystem;
  constexpr std::size_t max_bytes = 1U << 20U;
  std::error_code none;
  const bool is_file = fs::exists(name, none) && !fs::is_directory(name, none);
  if (const Experiment* built_in = find_experiment(name); built_in != nullptr && !is_file)
    return {{name, true}, std::string(built_in->toml)};
  try {
    auto toml = results::read_file(name, max_bytes);  // not in the braces: GCC 12 frees the name twice if it throws there
    return {{name, false}, std::move(toml)};
  } catch (const std::exception& error) {
    const auto all = experiments();
    const auto nearest = nearest_to(name, all, &Experiment::name);
    const bool near = nearest != all.end() && is_near(name, nearest->name);
    throw UsageError(fmt::format("{}; {}`tbft experiments` lists the built-in ones", error.what(),
                                 near ? fmt::format("did you mean '{}'? ", nearest->name) : ""));
  }
}

}  // namespace tbft
