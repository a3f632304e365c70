// The experiment files of experiments/, compiled in so that `tbft reproduce` needs no source tree.
#pragma once

#include <span>
#include <string_view>

namespace tbft {

struct Experiment {
  std::string_view name;  // the file's name without .toml
  std::string_view toml;
};
std::span<const Experiment> experiments();

}  // namespace tbft
