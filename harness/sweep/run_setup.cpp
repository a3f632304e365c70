#include "harness/sweep/run_setup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>

#include "harness/adaptive/reference.h"
#include "harness/host/interrupted.h"
#include "harness/host/provenance.h"
#include "harness/host/usage_error.h"
#include "harness/training/compute.h"
#include "harness/training/noise.h"
#include "harness/training/strategies/strategy.h"
#include "models/product.h"

namespace tbft {

namespace {

// The names of the model's outputs. An unreadable reference is ignored here, because CellSettings reports it.
std::vector<std::string> class_names_of(const RunSetup& setup) {
  const auto& names = setup.trainer.class_names();
  if (!names.empty() || setup.settings.model.reference.empty()) return names;
  try {
    return adaptive::read_reference(setup.settings.model.reference, setup.identity.checkpoint_sha256).class_names;
  } catch (const std::runtime_error&) {
    return {};
  }
}

// Throws UsageError for a block that the network does not have: the settings alone cannot know.
void check_noised_blocks(const RunSetup& setup) {
  const auto blocks = setup.trainer.network().blocks();
  const auto check = [&](std::string_view key, const std::string& block) {
    if (std::ranges::find(blocks, block) == blocks.end())
      throw UsageError(fmt::format("{}: the network has no {}; its blocks: {}", key, block, fmt::join(blocks, ", ")));
  };
  for (const auto& cell : setup.selected)
    if (const auto block = noised_block(cell.condition)) check("data.conditions", *block);
  for (const auto& [block, sigma] : setup.settings.model.noise_sigma) check("model.noise_sigma", block);
}

// Throws UsageError for a strategy that the network cannot be tuned by.
void check_strategies(const RunSetup& setup) {
  for (const auto& cell : setup.selected) {
    try {
      check_strategy(find_strategy(cell.strategy), setup.trainer.network());
    } catch (const std::invalid_argument& error) {
      throw UsageError(fmt::format("sweep.strategies: {}", error.what()));
    }
  }
}

TargetData load(const RunSetup& setup) {
  check_strategies(setup);
  check_noised_blocks(setup);
  const auto loading = [&](const std::string& name) {
    if (setup.stop) throw Interrupted("interrupted");
    setup.console.progress("loading " + name);
  };
  const auto warn = [&](const std::string& note) { setup.console.warning(note); };
  const ModelClasses model{.outputs = setup.trainer.spec().classes, .names = class_names_of(setup)};
  TargetData data(setup.settings, setup.selected, loading, model, warn);
  warn(setup.trainer.note());
  setup.console.clear();
  return data;
}

// What runs the network's blocks (Architecture::Passes), and which blocks could not be separated.
std::string passes_of(const models::Architecture& network, const Settings& settings) {
  using enum models::Architecture::Passes;
  const bool onednn = settings.backend == "onednn";
  const bool channels_last = settings.layout == "channels_last";
  std::string text = "torch";
  if (network.passes == linear && onednn && models::has_fast_products) text = "torch, linear layers by oneDNN";
  if (network.passes == folded && onednn && channels_last) text = "torch, folded without a gradient";
  if (network.passes == fused && channels_last) text = "fused";
  for (const auto& shared : network.shared_stages()) text += fmt::format("; one stage for {}", shared);
  return text;
}

Settings without_cache_if(bool keeps_none, Settings settings) {
  if (keeps_none) settings.train.cache = "off";
  return settings;
}

std::string describe(const RunSetup& setup, const RunRequest& request, const nlohmann::json& facts) {
  nlohmann::json run = provenance_json(setup.board);
  run["schema"] = results::schema_version;
  run["run_id"] = fmt::format("{}-{}-{:04x}", setup.settings.name, utc_compact(), std::random_device{}() & 0xFFFFU);
  run["libtorch"] = libtorch_version();
  run["blas"] = blas_library();
  run["created_utc"] = utc_now();
  run["command_line"] = request.command_line;
  run["experiment"] = {{"name", request.experiment.name}, {"built_in", request.experiment.built_in}};
  run["requested"] = nlohmann::json::parse(to_json(request.settings));
  run["effective"] = nlohmann::json::parse(to_json(setup.settings));
  run["cell_ids"] = "declared";  // since 0.2; earlier ids also depended on values that the machine determined
  run["config_hash"] = setup.identity.config_hash;
  run["checkpoint_sha256"] = setup.identity.checkpoint_sha256;
  run["model"] = setup.trainer.description();
  const auto& network = setup.trainer.network();
  run["network"] = {{"family", network.spec.family}, {"variant", network.spec.variant},
                    {"depth", network.spec.depth},   {"width", network.spec.width},
                    {"blocks", network.blocks()},    {"passes", passes_of(network, setup.settings)}};
  run["cells"] = setup.plan.size();
  for (const auto& cell : setup.plan) run["plan"].push_back(cell.id);
  run.update(facts);
  run["data"] = nlohmann::json::parse(setup.data.describe());
  return run.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);  // a path may contain any bytes
}

}  // namespace

RunSetup::RunSetup(const RunRequest& request, const Settings& effective_settings, const nlohmann::json& facts,
                   const Board& on_board, Console& to_console, const std::atomic<bool>& stop_flag,
                   std::function<void(const SearchOutcome&)> record)
    : board(on_board),
      console(to_console),
      stop(stop_flag),
      settings(without_cache_if(request.keeps_none, effective_settings)),
      identity(identify(request.settings)),
      plan(make_plan(request.settings, identity)),
      selected(select_cells(plan, request.cells)),
      trainer(network_file(settings, request.allow_script)),
      data(load(*this)),
      cell_settings(settings, identity.checkpoint_sha256, trainer, data, console, stop, std::move(record)),
      directory(request.directory, request.resume),
      run_id(directory.begin(describe(*this, request, facts), plan)),
      journal(directory.journal()) {
  for (const auto& [name, json] : journal.before().found) cell_settings.learn({name, json, ""});
}

std::vector<const Cell*> RunSetup::todo(RunOutcome& outcome) const {
  outcome.planned = static_cast<std::int64_t>(selected.size());
  std::vector<const Cell*> left;
  for (const auto& cell : selected) {
    if (directory.done().contains(cell.id))
      ++outcome.skipped;
    else
      left.push_back(&cell);
  }
  return left;
}

}  // namespace tbft
