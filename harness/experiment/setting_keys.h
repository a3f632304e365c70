// How the keys of an experiment file set the members of Settings, and how a bad value is refused. For the files that define or
// check keys; all others include settings.h.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

#include "harness/experiment/settings.h"
#include "models/script/blocks.h"

namespace tbft::setting {

// Throws UsageError: `where`, a colon, `what`.
[[noreturn]] void fail(const std::string& where, const std::string& what);

// Each overload converts the file's value to the type of the setting, or reports the expected kind.
void assign(std::string& to, const toml::node& node, const std::string& where);
void assign(bool& to, const toml::node& node, const std::string& where);
void assign(std::int64_t& to, const toml::node& node, const std::string& where);
void assign(double& to, const toml::node& node, const std::string& where);
template <typename T>
void assign(std::vector<T>& to, const toml::node& node, const std::string& where) {
  if (!node.is_array()) fail(where, "expects a list in [ ]");
  to.clear();
  for (const auto& element : *node.as_array()) assign(to.emplace_back(), element, where);
}
std::string_view example_of(const std::map<std::string, double>& table);
std::string_view example_of(const models::BlockTable& table);
// Sets the given entries and keeps the others: `train.lr.fc = 0.02` keeps the default rate.
template <typename T>
void assign(std::map<std::string, T>& to, const toml::node& node, const std::string& where) {
  if (!node.is_table()) fail(where, fmt::format("expects a table such as {}", example_of(to)));
  for (const auto& [name, value] : *node.as_table())
    assign(to[std::string(name.str())], value, fmt::format("{}.{}", where, name.str()));
}

// For people, as docs/settings.md has it.
template <typename T>
constexpr std::string_view type_name() {
  if constexpr (std::is_same_v<T, std::string>) return "string";
  if constexpr (std::is_same_v<T, bool>) return "true or false";
  if constexpr (std::is_same_v<T, std::int64_t>) return "whole number";
  if constexpr (std::is_same_v<T, double>) return "number";
  if constexpr (std::is_same_v<T, std::vector<double>>) return "list of numbers";
  if constexpr (std::is_same_v<T, std::vector<std::int64_t>>) return "list of whole numbers";
  if constexpr (std::is_same_v<T, std::vector<std::string>>) return "list of strings";
  if constexpr (std::is_same_v<T, std::map<std::string, double>>) return "table of numbers";
  if constexpr (std::is_same_v<T, models::BlockTable>) return "table of lists";
}

struct Key {
  SettingKey doc;
  std::string_view type;
  std::function<void(Settings&, const toml::node&, const std::string&)> set;
  std::function<nlohmann::json(const Settings&)> get;
};

// `member` returns the setting's place in Settings, for reading and writing.
template <typename Member>
Key key(std::string_view name, SettingRole role, std::string_view help, Member member) {
  using Value = std::remove_reference_t<decltype(member(std::declval<Settings&>()))>;
  return {{name, role, help},
          type_name<Value>(),
          [member](Settings& s, const toml::node& node, const std::string& where) { assign(member(s), node, where); },
          [member](const Settings& s) { return nlohmann::json(member(s)); }};
}

// Makes the key and the member from one token, so that they cannot differ.
// NOLINTBEGIN(bugprone-macro-parentheses): a member's name needs no parentheses
#define TBFT_SETTING(path, role, help) \
  ::tbft::setting::key(                \
      #path, role, help, [](auto& s) -> auto& { return s.path; })
// NOLINTEND(bugprone-macro-parentheses)

template <typename T>
void check_one_of(std::string_view key_name, const T& value, std::initializer_list<std::string_view> allowed) {
  if (std::ranges::find(allowed, value) == allowed.end())
    fail(std::string(key_name), fmt::format("'{}' is none of {}", value, fmt::join(allowed, ", ")));
}

void check_range(std::string_view key_name, double value, double low, double high);

}  // namespace tbft::setting
