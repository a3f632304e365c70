#include "harness/data/superclass_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <map>

#include "harness/data/class_names.h"
#include "harness/host/toml_depth.h"
#include "results/files.h"
#include "results/text.h"

namespace tbft::data {
namespace {

using results::printable;

constexpr std::string_view section = "superclass";
constexpr std::array<std::string_view, 3> keys{"name", "source", "target"};

[[noreturn]] void fail(const std::string& origin, const toml::node& node, const std::string& what) {
  throw DataError(fmt::format("{}:{}: {}", origin, node.source().begin.line, what));
}

toml::table parsed(std::string_view text, const std::string& origin) {
  if (may_nest_too_deeply(text))
    throw DataError(fmt::format("{}: more than {} dots, not a table of superclasses", origin, most_dots_of_toml));
  try {
    return toml::parse(text, origin);
  } catch (const toml::parse_error& error) {
    throw DataError(fmt::format("{}:{}: {}", origin, error.source().begin.line, printable(error.description())));
  }
}

std::string text_of(const toml::node& node, const std::string& origin, std::string_view key) {
  constexpr std::size_t longest = 200;
  const auto text = node.value_exact<std::string>();
  if (!text || text->size() > longest || comparable(*text).empty())
    fail(origin, node, fmt::format("{}: expected a name in quotes of up to {} bytes, such as \"tabby\"", key, longest));
  return *text;
}

std::vector<std::string> classes_of(const toml::table& superclass, std::string_view key, const std::string& name,
                                    const std::string& origin) {
  const auto* const list = superclass.get_as<toml::array>(key);
  if (list == nullptr || list->empty())
    fail(origin, superclass, fmt::format("{} has no {} classes; write {} = [\"CLASS\", ...]", printable(name), key, key));
  std::vector<std::string> classes;
  classes.reserve(list->size());
  for (const auto& item : *list) classes.push_back(text_of(item, origin, key));
  return classes;
}

Superclass superclass_of(const toml::node& node, const std::string& origin) {
  const auto* const table = node.as_table();
  if (table == nullptr) fail(origin, node, fmt::format("expected [[{}]]", section));
  for (const auto& [key, value] : *table) {
    if (std::ranges::find(keys, key.str()) == keys.end())
      fail(origin, value, fmt::format("unknown key '{}'; a superclass has {}", printable(key.str()), fmt::join(keys, ", ")));
  }
  const auto* const name = table->get(keys[0]);
  if (name == nullptr) fail(origin, *table, "a superclass has no name; write name = \"feline\"");
  Superclass superclass{.name = text_of(*name, origin, keys[0]), .source = {}, .target = {}};
  superclass.source = classes_of(*table, keys[1], superclass.name, origin);
  superclass.target = classes_of(*table, keys[2], superclass.name, origin);
  return superclass;
}

// Throws where the superclass or one of its classes was there before. `seen` says where each class stands.
void check_new(const Superclass& superclass, const std::vector<Superclass>& before, std::map<std::string, std::string>& seen,
               const toml::node& node, const std::string& origin) {
  const auto same_name = [&](const Superclass& other) { return comparable(other.name) == comparable(superclass.name); };
  if (std::ranges::any_of(before, same_name))
    fail(origin, node, fmt::format("superclass {} is there twice", printable(superclass.name)));
  for (const auto* const classes : {&superclass.source, &superclass.target}) {
    const auto place =
        fmt::format("the {} of {}", classes == &superclass.source ? keys[1] : keys[2], printable(superclass.name));
    for (const auto& name : *classes) {
      const auto [other, is_new] = seen.emplace(comparable(name), place);
      if (is_new) continue;
      fail(origin, node,
           other->second == place ? fmt::format("class {} is twice in {}", printable(name), place)
                                  : fmt::format("class {} is in {} and in {}", printable(name), other->second, place));
    }
  }
}

}  // namespace

std::vector<Superclass> parse_superclasses(std::string_view toml, const std::string& origin) {
  const auto root = parsed(toml, origin);
  for (const auto& [key, value] : root) {
    if (key.str() != section || !value.is_array())
      fail(origin, value, fmt::format("unknown key '{}'; a table has only [[{}]]", printable(key.str()), section));
  }
  const auto* const list = root.get_as<toml::array>(section);
  if (list == nullptr || list->empty())
    throw DataError(fmt::format("{}: no [[{}]] with a name, a source and a target", origin, section));
  std::vector<Superclass> superclasses;
  std::map<std::string, std::string> seen;
  for (const auto& node : *list) {
    auto superclass = superclass_of(node, origin);
    check_new(superclass, superclasses, seen, node, origin);
    superclasses.push_back(std::move(superclass));
  }
  return superclasses;
}

bool is_superclass_file(std::string_view map) {
  return map.find('/') != std::string_view::npos || map.ends_with(".toml");
}

std::vector<Superclass> find_superclasses(const std::string& map) {
  const auto tables = shipped_tables();
  if (!is_superclass_file(map)) {
    const auto shipped = std::ranges::find(tables, map, &ShippedTable::name);
    if (shipped != tables.end()) return parse_superclasses(shipped->toml, fmt::format("map={}", map));
    std::vector<std::string_view> names;
    for (const auto& table : tables) names.push_back(table.name);
    throw BadDatasetSpec(fmt::format("map={}: no such table; there are {}, and a file is named by its path, map=./FILE.toml",
                                     map, fmt::join(names, ", ")));
  }
  constexpr std::size_t max_bytes = 1U << 20U;
  try {
    return parse_superclasses(results::read_file(map, max_bytes), map);
  } catch (const DataError&) {
    throw;
  } catch (const std::exception& error) {
    throw DataError(error.what());
  }
}

}  // namespace tbft::data
