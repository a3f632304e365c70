#include "harness/experiment/plan.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/data/dataset.h"
#include "harness/data/split.h"
#include "harness/data/superclass_table.h"
#include "harness/host/usage_error.h"
#include "harness/training/noise.h"
#include "harness/training/strategies/strategy.h"
#include "results/files.h"

namespace tbft {

namespace {

constexpr std::size_t id_digits = 12;

std::string file_sha256(const std::string& key, const std::string& path) {
  constexpr std::size_t max_bytes = std::size_t{1} << 30U;
  try {
    return sha256_hex(results::read_file(path, max_bytes));
  } catch (const std::exception& error) {
    throw UsageError(fmt::format("{}: {}", key, error.what()));
  }
}

// What the options of a data set declare, wherever its files lie.
std::map<std::string, std::string> options_of(const std::string& path) {
  auto params = data::parse_dataset_spec(path).params;
  params.erase("cache");
  if (const auto frost = params.find("frost"); frost != params.end())
    frost->second = "pictures";  // no more known than the images
  if (const auto map = params.find("map"); map != params.end() && data::is_superclass_file(map->second))
    map->second = file_sha256("map=", map->second);  // a declaration, as the conditions are
  return params;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("SHA-256 is not available in this OpenSSL");
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string model_sha256(const std::string& file_sha256, const std::string& key) {
  return key.empty() ? file_sha256 : file_sha256 + ":" + key;
}

Identity identify(const Settings& declared) {
  Identity identity;
  identity.checkpoint_sha256 = model_sha256(file_sha256("model.checkpoint", declared.model.checkpoint), declared.model.key);
  if (!declared.model.reference.empty()) identity.reference_sha256 = file_sha256("model.reference", declared.model.reference);
  const auto values = nlohmann::json::parse(to_json(completed(declared)));
  const auto defaults = nlohmann::json::parse(to_json(Settings()));
  nlohmann::json accuracy{{"model.sha256", identity.checkpoint_sha256}, {"data.options", options_of(declared.data.path)}};
  if (!declared.data.train_path.empty()) accuracy["data.train_options"] = options_of(declared.data.train_path);
  nlohmann::json of_the_run = nlohmann::json::object();
  for (const auto& [key, role, help] : setting_keys()) {
    const std::string name(key);
    if (values.at(name) == defaults.at(name)) continue;  // so that settings added later do not change ids
    if (role == SettingRole::result || role == SettingRole::machine) accuracy[name] = values.at(name);
    if (role == SettingRole::run && name != "name") of_the_run[name] = values.at(name);
  }
  identity.accuracy_json = accuracy.dump();
  accuracy.update(of_the_run);
  identity.config_hash = sha256_hex(accuracy.dump()).substr(0, id_digits);
  return identity;
}

namespace {

// The id of a cell that is complete but for it.
std::string id_of(const Cell& cell, const Settings& settings, const Identity& identity) {
  const auto& strategy = find_strategy(cell.strategy);
  nlohmann::json key{cell.drift,
                     cell.condition,
                     cell.train_size,
                     cell.strategy,
                     cell.repetition,
                     strategy.uses_gradient() ? settings.lr_of(cell.strategy) : 0,
                     identity.accuracy_json};
  // It may become any strategy, with that strategy's learning rate.
  if (strategy.becomes_another()) {
    key.push_back(identity.reference_sha256);
    key.push_back(settings.train.lr);
  }
  if (const auto point = cell.point.text(); !point.empty()) key.push_back(point);
  return sha256_hex(key.dump()).substr(0, id_digits);
}

}  // namespace

std::vector<Cell> make_plan(const Settings& declared, const Identity& identity) {
  const auto settings = completed(declared);
  const auto& kind = data::find_dataset(settings.data.dataset);
  const auto target = data::dataset_at(settings.data.dataset, settings.data.path);
  const bool by_condition = !settings.data.conditions.empty();
  const std::vector<std::string> conditions = by_condition ? settings.data.conditions : std::vector<std::string>{""};
  const auto points = sweep_points(settings);
  std::vector<Cell> cells;
  for (std::int64_t repetition = 0; repetition < settings.sweep.repetitions; ++repetition) {
    std::vector<Cell> ordered;
    for (const auto& condition : conditions)
      for (const double size : settings.sweep.train_sizes)
        for (const auto& strategy : settings.sweep.strategies)
          for (const auto& point : points) {
            Cell cell;
            cell.dataset = settings.data.dataset;
            // If the conditions are the three levels themselves, the level is the drift and the condition stays empty. Noise on
            // the base model is a drift of the model and has no level.
            const bool on_model = noised_block(condition).has_value();
            const bool is_level = kind.conditions_are_levels() && !on_model;
            cell.drift = is_level ? condition : data::drift_of(kind, target, on_model ? "" : condition);
            cell.condition = is_level ? "" : condition;
            cell.train_size = size;
            cell.strategy = strategy;
            cell.repetition = repetition;
            cell.seed = settings.sweep.seed + repetition;
            cell.point = point;
            cell.id = id_of(cell, settings, identity);
            ordered.push_back(cell);
          }
    const auto seed = static_cast<std::uint32_t>(settings.sweep.seed + repetition);
    for (const auto i : data::permutation(static_cast<std::int64_t>(ordered.size()), seed))
      cells.push_back(ordered[static_cast<std::size_t>(i)]);
  }
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i].order_index = static_cast<std::int64_t>(i);
  return cells;
}

std::vector<Cell> select_cells(const std::vector<Cell>& plan, const std::vector<std::string>& names) {
  if (names.empty()) return plan;
  std::vector<bool> chosen(plan.size(), false);
  for (const auto& name : names) {
    std::size_t index = plan.size();
    if (name.size() == id_digits) {  // such an id may look like a number, but no plan has so many cells
      const auto found = std::ranges::find(plan, name, &Cell::id);
      index = static_cast<std::size_t>(found - plan.begin());
    } else if (const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
               error != std::errc() || end != name.data() + name.size()) {
      index = plan.size();
    }
    if (index >= plan.size())
      throw UsageError(fmt::format("--cell {}: the plan has no such cell; give 0 to {} or a cell_id, as --dry-run prints them",
                                   name, plan.size() - 1));
    chosen[index] = true;
  }
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < plan.size(); ++i)
    if (chosen[i]) cells.push_back(plan[i]);
  return cells;
}

}  // namespace tbft
