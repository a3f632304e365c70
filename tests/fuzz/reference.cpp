#include "harness/adaptive/reference.h"

#include <nlohmann/json.hpp>

#include "tests/fuzz/fuzz.h"

using namespace tbft;

// What is taken has parts that fit together, and survives its own file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = nlohmann::json::parse(fuzz::text(data, size), nullptr, /*allow_exceptions=*/false);
  adaptive::Reference reference;
  try {
    reference = adaptive::reference_from_json(json);
  } catch (const adaptive::ReferenceError&) {
    return 0;
  }
  const auto classes = static_cast<std::size_t>(reference.classes);
  fuzz::check(reference.confusion.size() == classes * classes && !reference.ranges.empty());
  for (const auto& layer : reference.layers)
    fuzz::check(layer.scale.size() == 2 * static_cast<std::size_t>(layer.channels) &&
                layer.mean.size() == layer.scale.size() * classes);
  for (const auto& range : reference.ranges) range.content_score({});
  const auto again = adaptive::reference_from_json(adaptive::to_json(reference));
  fuzz::check(again.layers.size() == reference.layers.size() && again.ranges.size() == reference.ranges.size());
  return 0;
}
