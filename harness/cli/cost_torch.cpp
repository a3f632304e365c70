// tbft cost of a TorchScript file.
#include "harness/cli/cost.h"
#include "harness/training/trainer.h"

namespace tbft::cli {

void add_cost(CLI::App& app, Action& action) {
  add_cost_with(app, action, [](const models::NetworkFile& file) { return Trainer(file).network(); });
}

}  // namespace tbft::cli
