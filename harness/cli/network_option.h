// The options that name a network: --network, --variant, --depth, --width, or the file of one: --checkpoint, --key, --model,
// --allow-script.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "models/architecture.h"
#include "models/network_file.h"

namespace tbft::cli {

struct NetworkOptions {
  std::string family;
  std::optional<std::string> variant;
  std::optional<int> depth;
  std::optional<double> width;
};

void add_network_options(CLI::App& command, NetworkOptions& options);
// The family's usual network, changed by the options. Throws UsageError for values that the family does not have.
models::NetworkSpec spec_of(const NetworkOptions& options, std::optional<int> pixels = {}, std::optional<int> classes = {});

struct FileOptions {
  std::string checkpoint, key;
  std::string experiment;  // its table [model] says how to read the checkpoint
  bool allow_script = false;
};

// Returns the option --checkpoint.
CLI::Option* add_file_options(CLI::App& command, FileOptions& options, const std::string& help);
// Throws UsageError for an experiment that cannot be read.
models::NetworkFile network_file(const FileOptions& options);

}  // namespace tbft::cli
