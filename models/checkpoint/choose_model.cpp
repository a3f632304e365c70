#include "models/checkpoint/choose_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "models/checkpoint/printable.h"

namespace tbft::models {
namespace {

using pickle::Dict;
using pickle::Document;

constexpr int deepest = 3;
// The usual names of the trained weights. Copies such as "ema" are less preferred.
constexpr std::array<std::string_view, 8> usual_names{"state_dict", "model_state_dict", "model_state", "model",
                                                      "net",        "network",          "weights",     "params"};
constexpr std::array<std::string_view, 5> wrappers{"module.", "_orig_mod.", "model.", "net.", "network."};

struct Candidate {
  std::string path;  // "checkpoint.model"
  const Dict* dict;
  std::size_t rank;  // index of its name in usual_names
};

bool holds_tensors(const Document& document, const Dict& dict) {
  return std::ranges::any_of(dict.items, [&](const auto& item) {
    return std::holds_alternative<pickle::Text>(document.at(item.first)) &&
           std::holds_alternative<pickle::Tensor>(document.at(item.second));
  });
}

// A pickle may contain itself, or one dict many times. The depth limits the first, the number of candidates the second.
void collect(const Document& document, const Dict& dict, const std::string& path, int depth, std::vector<Candidate>& found) {
  constexpr std::size_t most = 100;
  for (const auto& [key, value] : dict.items) {
    const auto* name = std::get_if<pickle::Text>(&document.at(key));
    const auto* inner = std::get_if<Dict>(&document.at(value));
    if (name == nullptr || inner == nullptr || found.size() >= most) continue;
    const auto whole = path + std::string(*name);
    if (holds_tensors(document, *inner)) {
      const auto rank = static_cast<std::size_t>(std::ranges::find(usual_names, *name) - usual_names.begin());
      found.push_back({whole, inner, rank});
    } else if (depth < deepest && inner->items.size() <= most) {
      collect(document, *inner, whole + ".", depth + 1, found);
    }
  }
}

std::string_view kind_of(const pickle::Value& value) {
  if (std::holds_alternative<pickle::List>(value)) return "a list";
  if (std::holds_alternative<pickle::Tuple>(value)) return "a tuple";
  return "no dict";
}

}  // namespace

ChosenModel choose_model(const Document& document, const std::string& name) {
  const auto* top = std::get_if<Dict>(&document.at(document.root));
  if (const auto* object = std::get_if<pickle::Opaque>(&document.at(document.root)))
    throw CheckpointError(fmt::format("{}: names {}; only tensors are read: save model.state_dict() with torch.save", name,
                                      printable(object->name)));
  if (top == nullptr)
    throw CheckpointError(fmt::format("{}: holds {}, not a dict of tensors; save model.state_dict() with torch.save", name,
                                      kind_of(document.at(document.root))));
  if (holds_tensors(document, *top)) return {top, ""};
  std::vector<Candidate> found;
  collect(document, *top, "", 1, found);
  if (found.empty()) return {top, ""};  // the code that reads the tensors reports that there are none
  std::ranges::stable_sort(found, {}, &Candidate::rank);
  if (found.size() == 1) return {found.front().dict, ""};
  std::string names;
  for (const auto& candidate : found) names += fmt::format("{}{}", names.empty() ? "" : ", ", printable(candidate.path));
  if (found[0].rank == found[1].rank)
    throw CheckpointError(
        fmt::format("{}: holds {} models ({}); save only the right one with torch.save", name, found.size(), names));
  return {found.front().dict,
          fmt::format("{}: holds {} models ({}); '{}' is read", name, found.size(), names, printable(found.front().path))};
}

void strip_wrappers(StateDict& state) {
  const auto all_have = [&](std::string_view prefix) {
    return std::ranges::all_of(state, [&](const NamedTensor& tensor) { return tensor.name.starts_with(prefix); });
  };
  const auto counter = std::ranges::find(state, "n_averaged", &NamedTensor::name);
  if (counter != state.end() && state.size() > 1) state.erase(counter);
  // There may be several prefixes; each round removes one.
  for (;;) {
    const auto prefix = std::ranges::find_if(wrappers, all_have);
    if (prefix == wrappers.end()) return;
    for (NamedTensor& tensor : state) tensor.name.erase(0, prefix->size());
  }
}

}  // namespace tbft::models
