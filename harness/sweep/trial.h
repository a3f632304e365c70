// The board decides: the fastest convolution back end and memory layout, by timing a few steps of each. No torch here.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tbft {

inline constexpr std::string_view automatic = "auto";

struct ComputePath {
  std::string backend;  // onednn | native
  std::string layout;   // channels_last | contiguous
  bool operator==(const ComputePath&) const = default;
};

// What `auto` may become; a setting that names one allows that alone. The machine's usual choice stands first.
std::vector<ComputePath> compute_paths(const std::string& backend, const std::string& layout);

struct Trial {
  struct Timed {
    ComputePath kernels;
    double step_s = 0;  // infinity: not available here
  };
  ComputePath picked;
  std::vector<Timed> times;
};

// Times each candidate, the first twice: before and after the others. Another one is picked only where it is 5 % faster than
// both, so that noise does not decide. `step_s` gives infinity for what is not available; where nothing is, throws
// std::runtime_error. It is also told from how many seconds on an answer may be rough, since it is hopeless: a slow back end
// takes seconds a step.
Trial try_out(const std::vector<ComputePath>& candidates, const std::function<double(const ComputePath&, double)>& step_s);

// What a run that is gone on with had picked: of its run.json. nullopt where the file does not say.
std::optional<ComputePath> picked_before(const std::filesystem::path& run_json);

}  // namespace tbft
