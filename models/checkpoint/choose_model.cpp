#include "models/checkpoint/choose_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include "models/checkpoint/printable.h"

namespace tbft::models {
namespace {

using pickle::Dict;
using pickle::Document;
using pickle::Text;

// The usual names of the trained weights. Copies such as "ema" are less preferred.
constexpr std::array<std::string_view, 9> usual_names{"state_dict", "model_state_dict", "model_state", "model", "net",
                                                      "network",    "net_state_dict",   "weights",     "params"};
constexpr std::array<std::string_view, 5> wrappers{"module.", "_orig_mod.", "model.", "net.", "network."};
constexpr std::string_view top_key = ".";

struct Candidate {
  std::string key;  // "checkpoint.model"; "." for the outermost dict
  const Dict* dict;
  int rank;  // 0 for a usual name, 1 for the outermost dict, 2 for another name
  std::int64_t tensors;
};

std::int64_t count_tensors(const Document& document, const Dict& dict) {
  return std::ranges::count_if(dict.items, [&](const auto& item) {
    return std::holds_alternative<Text>(document.at(item.first)) &&
           std::holds_alternative<pickle::Tensor>(document.at(item.second));
  });
}

int rank_of(std::string_view key) {
  if (key == top_key) return 1;
  const auto last = key.substr(key.rfind('.') + 1);
  return std::ranges::find(usual_names, last) != usual_names.end() ? 0 : 2;
}

// All dicts with tensors, level by level. A pickle may contain itself, or one dict many times: each dict is visited once.
std::vector<Candidate> collect(const Document& document, const Dict& top) {
  constexpr std::size_t most = 100, longest_name = 200;
  constexpr int deepest = 3;
  struct Level {
    std::string key;
    const Dict* dict;
  };
  std::vector<Candidate> found;
  std::set<const Dict*> visited{&top};
  std::vector<Level> level{{std::string(top_key), &top}};
  for (int depth = 0; depth <= deepest && !level.empty(); ++depth) {
    std::vector<Level> next;
    for (const auto& [key, dict] : level) {
      const auto tensors = count_tensors(document, *dict);
      if (tensors > 0 && found.size() < most)
        found.push_back({.key = key, .dict = dict, .rank = rank_of(key), .tensors = tensors});
      for (const auto& item : dict->items) {
        const auto* name = std::get_if<Text>(&document.at(item.first));
        const auto* inner = std::get_if<Dict>(&document.at(item.second));
        if (name == nullptr || name->size() > longest_name || inner == nullptr || !visited.insert(inner).second) continue;
        next.push_back({key == top_key ? std::string(*name) : fmt::format("{}.{}", key, *name), inner});
      }
    }
    level = std::move(next);
  }
  return found;
}

// Names, types and shapes of a dict's tensors, without their bytes.
StateDict outline(const Document& document, const Dict& dict) {
  StateDict state;
  for (const auto& [key, value] : dict.items) {
    const auto* name = std::get_if<Text>(&document.at(key));
    const auto* tensor = std::get_if<pickle::Tensor>(&document.at(value));
    if (name == nullptr || tensor == nullptr) continue;
    state.push_back({.name = std::string(*name), .dtype = tensor->storage.dtype, .shape = tensor->shape, .bytes = {}});
  }
  strip_wrappers(state);
  return state;
}

std::string_view kind_of(const pickle::Value& value) {
  if (std::holds_alternative<pickle::List>(value)) return "a list";
  if (std::holds_alternative<pickle::Tuple>(value)) return "a tuple";
  return "no dict";
}

std::string keys_of(const std::vector<Candidate>& candidates) {
  std::string keys;
  for (const auto& candidate : candidates) keys += fmt::format("{}{}", keys.empty() ? "" : ", ", printable(candidate.key));
  return keys;
}

const Dict& outermost(const Document& document, const std::string& name) {
  const auto& root = document.at(document.root);
  if (const auto* object = std::get_if<pickle::Opaque>(&root))
    throw CheckpointError(fmt::format("{}: names {}; only tensors are read: save model.state_dict() with torch.save", name,
                                      printable(object->name)));
  const auto* top = std::get_if<Dict>(&root);
  if (top == nullptr)
    throw CheckpointError(
        fmt::format("{}: holds {}, not a dict of tensors; save model.state_dict() with torch.save", name, kind_of(root)));
  return *top;
}

}  // namespace

ChosenModel choose_model(const Document& document, const std::string& name, const ModelChoice& choice) {
  const Dict& top = outermost(document, name);
  auto found = collect(document, top);
  if (!choice.key.empty()) {
    const auto named = std::ranges::find(found, choice.key, &Candidate::key);
    if (named == found.end())
      throw CheckpointError(fmt::format("{}: has no dict of tensors under the key '{}'; it has {}", name, printable(choice.key),
                                        found.empty() ? "none" : keys_of(found)));
    return {named->dict, ""};
  }
  if (found.empty()) return {&top, ""};  // the code that reads the tensors reports that there are none
  std::ranges::stable_sort(found, {}, [](const Candidate& one) { return std::pair(one.rank, -one.tensors); });
  if (found.size() > 1 && choice.fits) {
    std::vector<Candidate> fitting;
    std::ranges::copy_if(found, std::back_inserter(fitting),
                         [&](const Candidate& one) { return choice.fits(outline(document, *one.dict)); });
    if (fitting.empty()) return {found.front().dict, ""};
    found = std::move(fitting);
  }
  if (found.size() == 1) return {found.front().dict, ""};
  if (found[0].rank == found[1].rank)
    throw CheckpointError(fmt::format("{}: holds {} models ({}); choose one with --key NAME, in an experiment model.key", name,
                                      found.size(), keys_of(found)));
  return {found.front().dict, fmt::format("{}: holds {} models ({}); '{}' is read, --key NAME reads another", name,
                                          found.size(), keys_of(found), printable(found.front().key))};
}

void strip_wrappers(StateDict& state) {
  const auto all_have = [&](std::string_view prefix) {
    return std::ranges::all_of(state, [&](const NamedTensor& tensor) { return tensor.name.starts_with(prefix); });
  };
  const auto counter = std::ranges::find(state, "n_averaged", &NamedTensor::name);
  if (counter != state.end() && state.size() > 1) state.erase(counter);
  // There may be several prefixes; each round removes one. A name of a million of them is not from a training.
  constexpr int most = 8;
  for (int round = 0; round < most && !state.empty(); ++round) {
    const auto prefix = std::ranges::find_if(wrappers, all_have);
    if (prefix == wrappers.end()) return;
    for (NamedTensor& tensor : state) tensor.name.erase(0, prefix->size());
  }
}

}  // namespace tbft::models
