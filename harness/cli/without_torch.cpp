// The commands that need a network, in a build without libtorch: each reports that.
#include <CLI/CLI.hpp>

#include "harness/cli/command.h"
#include "harness/cli/cost.h"

namespace tbft::cli {

namespace {

void add_unavailable(CLI::App& app, Action& action, const char* name) {
  auto* command = app.add_subcommand(name, "Not available: this program was built without libtorch");
  command->allow_extras();
  command->callback([&action, name] {
    action = [name]() -> int {
      throw UsageError(std::string(name) + ": built without libtorch; build with -DTBFT_WITH_TORCH=ON");
    };
  });
}

}  // namespace

void add_cost(CLI::App& app, Action& action) {
  add_cost_with(app, action, [](const models::NetworkFile&) -> models::Architecture {
    throw UsageError("cost: built without libtorch, which a TorchScript file needs; build with -DTBFT_WITH_TORCH=ON");
  });
}
void add_run(CLI::App& app, Action& action) {
  add_unavailable(app, action, "run");
}
void add_eval(CLI::App& app, Action& action) {
  add_unavailable(app, action, "eval");
}
void add_reproduce(CLI::App& app, Action& action) {
  add_unavailable(app, action, "reproduce");
}
void add_pretrain(CLI::App& app, Action& action) {
  add_unavailable(app, action, "pretrain");
}
void add_step_cost(CLI::App& app, Action& action) {
  add_unavailable(app, action, "step-cost");
}
void add_diagnose(CLI::App& app, Action& action) {
  add_unavailable(app, action, "diagnose");
}
void add_personalize(CLI::App& app, Action& action) {
  add_unavailable(app, action, "personalize");
}

}  // namespace tbft::cli
