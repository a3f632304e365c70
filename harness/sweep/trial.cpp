#include "harness/sweep/trial.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "harness/experiment/settings.h"

namespace tbft {

std::vector<ComputePath> compute_paths(const std::string& backend, const std::string& layout) {
  const std::string usual = default_layout();
  const std::string other = usual == "channels_last" ? "contiguous" : "channels_last";
  std::vector<ComputePath> all;
  for (const std::string b : {"onednn", "native"})
    for (const std::string& l : {usual, other})
      if ((backend == automatic || backend == b) && (layout == automatic || layout == l)) all.push_back({b, l});
  return all;
}

Trial try_out(const std::vector<ComputePath>& candidates, const std::function<double(const ComputePath&, double)>& step_s) {
  constexpr double clearly_faster = 0.95;
  constexpr double hopeless = 3;  // a first step also pages in its code
  Trial trial;
  if (candidates.size() == 1) {
    trial.picked = candidates.front();
    return trial;
  }
  double fastest_s = std::numeric_limits<double>::infinity();
  for (const auto& kernels : candidates) {
    trial.times.push_back({kernels, step_s(kernels, hopeless * fastest_s)});
    fastest_s = std::min(fastest_s, trial.times.back().step_s);
  }
  auto& usual = trial.times.front();
  if (std::isfinite(usual.step_s)) usual.step_s = std::min(usual.step_s, step_s(usual.kernels, hopeless * fastest_s));
  const auto fastest = std::ranges::min_element(trial.times, {}, &Trial::Timed::step_s);
  if (!std::isfinite(fastest->step_s)) throw std::runtime_error("no convolution back end of this libtorch works here");
  trial.picked = fastest->step_s < clearly_faster * usual.step_s ? fastest->kernels : usual.kernels;
  return trial;
}

std::optional<ComputePath> picked_before(const std::filesystem::path& run_json) {
  std::ifstream file(run_json);
  if (!file) return std::nullopt;
  const auto run = nlohmann::json::parse(file, nullptr, false);
  const auto text = [&](const char* key) -> std::optional<std::string> {
    if (!run.is_object() || !run.contains("effective") || !run["effective"].is_object()) return std::nullopt;
    const auto& effective = run["effective"];
    if (!effective.contains(key) || !effective[key].is_string()) return std::nullopt;
    return effective[key].get<std::string>();
  };
  const auto backend = text("backend");
  const auto layout = text("layout");
  if (!backend || !layout) return std::nullopt;
  return ComputePath{*backend, *layout};
}

}  // namespace tbft
