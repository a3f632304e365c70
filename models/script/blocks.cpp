#include "models/script/blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>

namespace tbft::models {
namespace {

constexpr std::string_view rear = "fc";

template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) {
  throw std::invalid_argument("model.blocks: " + fmt::format(text, std::forward<Args>(args)...));
}

// The module that a tensor belongs to: "layer1.0.bn1" for "layer1.0.bn1.weight", "" for one of the network itself.
std::string_view module_of(std::string_view tensor) {
  const auto dot = tensor.rfind('.');
  return dot == std::string_view::npos ? "" : tensor.substr(0, dot);
}

std::string kind_of(const TensorInfo& tensor) {
  return tensor.is_parameter ? "parameter" : "buffer";
}

// The key whose patterns match a tensor, or nothing.
std::optional<std::string> key_of(const BlockTable& table, const TensorInfo& tensor) {
  std::optional<std::string> found;
  for (const auto& [key, patterns] : table) {
    if (std::ranges::none_of(patterns, [&](const std::string& pattern) { return matches(pattern, tensor.name); })) continue;
    if (found) fail("the {} {} is in {} and in {}", kind_of(tensor), tensor.name, *found, key);
    found = key;
  }
  return found;
}

void check_patterns(const BlockTable& table, std::span<const TensorInfo> tensors) {
  for (const auto& [key, patterns] : table)
    for (const auto& pattern : patterns)
      if (std::ranges::none_of(tensors, [&](const TensorInfo& tensor) { return matches(pattern, tensor.name); }))
        fail("'{}' of {} matches no parameter of the network", pattern, key);
}

}  // namespace

std::vector<std::string> blocks_in(const BlockTable& table) {
  std::vector<std::string> names;
  for (int number = 1; table.contains(fmt::format("block{}", number)); ++number)
    names.push_back(fmt::format("block{}", number));
  names.emplace_back(rear);
  for (const auto& [key, patterns] : table)
    if (key != no_block && std::ranges::find(names, key) == names.end())
      fail("{} cannot follow {} blocks; the keys are block1, block2, ... without a gap, fc, and none", key, names.size() - 1);
  if (names.size() == 1) fail("block1 is missing; write for example block1 = [\"conv1.*\", \"layer1.*\"]");
  if (!table.contains(std::string(rear))) fail("fc is missing: it holds the classifier, for example fc = [\"fc.*\"]");
  return names;
}

bool matches(std::string_view pattern, std::string_view name) {
  // Where a star is, its shortest match is tried first; a mismatch behind it makes it one character longer.
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t tried = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      tried = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++tried;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::vector<int> blocks_of(const BlockTable& table, std::span<const TensorInfo> tensors) {
  const auto names = blocks_in(table);
  check_patterns(table, tensors);
  const auto place_of = [&](const std::string& key) {
    return key == no_block ? -1 : static_cast<int>(std::ranges::find(names, key) - names.begin());
  };
  std::vector<int> blocks;
  std::map<std::string_view, std::set<int>> in_module;
  for (const TensorInfo& tensor : tensors) {
    const auto key = key_of(table, tensor);
    if (!key && tensor.is_parameter)
      fail("the parameter {} is in no block (a key `none` holds those that only full tunes)", tensor.name);
    constexpr int unknown = -2;
    blocks.push_back(key ? place_of(*key) : unknown);
    if (tensor.is_parameter) in_module[module_of(tensor.name)].insert(blocks.back());
  }
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (blocks[i] >= -1) continue;
    const auto& of_module = in_module[module_of(tensors[i].name)];
    if (of_module.size() != 1) fail("the buffer {} is in no block, and its module is not in one block either", tensors[i].name);
    blocks[i] = *of_module.begin();
  }
  return blocks;
}

}  // namespace tbft::models
