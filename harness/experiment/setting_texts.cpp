#include "harness/experiment/setting_texts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstddef>
#include <nlohmann/json.hpp>

namespace tbft {

namespace {

// Strings, numbers and lists are written in TOML as in JSON.
std::string toml_text(const nlohmann::json& value) {
  if (!value.is_object()) return value.dump();
  std::vector<std::string> entries;
  for (const auto& [name, entry] : value.items()) entries.push_back(fmt::format("{} = {}", name, toml_text(entry)));
  return entries.empty() ? "{}" : fmt::format("{{ {} }}", fmt::join(entries, ", "));
}

}  // namespace

std::vector<SettingText> setting_texts() {
  const auto defaults = nlohmann::json::parse(to_json(Settings{}));
  const auto types = setting_types();
  std::vector<SettingText> texts;
  texts.reserve(types.size());
  std::size_t i = 0;
  for (const auto& key : setting_keys())
    texts.push_back({key.name, key.role, types[i++], toml_text(defaults.at(std::string(key.name))), key.help});
  return texts;
}

}  // namespace tbft
