// Where an experiment comes from: a file, or the files of experiments/, which are compiled in so that the programs need no
// source tree.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tbft {

struct Experiment {
  std::string_view name;  // the file's name without .toml
  std::string_view description, protocol;
  std::string_view toml;
};
// All built-in experiments, in the order of their files.
std::span<const Experiment> experiments();
// Null if there is none of this name.
const Experiment* find_experiment(std::string_view name);

// Which experiment a run uses.
struct ExperimentOrigin {
  std::string name;  // of the file, or of the built-in experiment
  bool built_in = false;

  std::string text() const { return (built_in ? "built-in experiment " : "") + name; }
};

struct ExperimentText {
  ExperimentOrigin origin;
  std::string toml;
};
// Reads the file of this name or, where there is none, the built-in experiment of this name. Throws UsageError, which suggests
// the nearest built-in experiment.
ExperimentText read_experiment(const std::string& name);

}  // namespace tbft
