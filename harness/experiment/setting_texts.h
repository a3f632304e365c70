// What the settings of an experiment are, for people: the source of docs/settings.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/experiment/settings.h"

namespace tbft {

struct SettingText {
  std::string_view name;
  SettingRole role;
  std::string_view type;      // "string", "list of numbers"
  std::string default_value;  // as TOML: "\"paper\"", "[0.1]"
  std::string_view meaning;
};
// All settings, in the order of setting_keys().
std::vector<SettingText> setting_texts();

// The types of all settings, in the order of setting_keys().
std::vector<std::string_view> setting_types();

}  // namespace tbft
