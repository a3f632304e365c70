// The options that name a network: --network, --variant, --depth, --width.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "models/architecture.h"

namespace tbft::cli {

struct NetworkOptions {
  std::string family;
  std::optional<std::string> variant;
  std::optional<int> depth;
  std::optional<double> width;
};

void add_network_options(CLI::App& command, NetworkOptions& options);
// The family's usual network, changed by the options. Throws UsageError for values that the family does not have.
models::NetworkSpec spec_of(const NetworkOptions& options);

}  // namespace tbft::cli
