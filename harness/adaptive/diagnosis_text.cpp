#include "harness/adaptive/diagnosis.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace tbft::adaptive {

using nlohmann::ordered_json;

std::string level_text(const Diagnosis& diagnosis) {
  if (diagnosis.level == Level::unsure) return "unsure";
  std::string text(to_string(diagnosis.level));
  for (const auto part : diagnosis.parts)
    text += fmt::format("{}{}", part == diagnosis.parts.front() ? " of " : " and ", to_string(part));
  return fmt::format("{}, confidence {:.1f} %", text, 100 * diagnosis.confidence);
}

std::string to_text(const Diagnosis& diagnosis) {
  std::string text = fmt::format("drift: {} ({} images)\n", level_text(diagnosis), diagnosis.n);
  if (const auto strategy = suggested_strategy(diagnosis); diagnosis.level == Level::mixture)
    text += fmt::format("the paper maps no block to a mixture; {} tunes every parameter\n", strategy);
  else if (!strategy.empty())
    text += fmt::format("the paper's mapping suggests: {}\n", strategy);
  if (!diagnosis.evidence.empty()) text += fmt::format("\n{:<18} {:>8}   {:<22}\n", "evidence", "value", "source, 1 % to 99 %");
  for (const auto& e : diagnosis.evidence)
    text += fmt::format("{:<18} {:>8.3f}   {:>8.3f} to {:<8.3f} {}\n", e.name, e.value, e.low, e.high,
                        e.value < e.low    ? "below"
                        : e.value > e.high ? "above"
                                           : "");
  if (std::isfinite(diagnosis.common_share)) text += fmt::format("{:<18} {:>8.3f}\n", "common_share", diagnosis.common_share);
  if (!diagnosis.doubts.empty()) text += "\n";
  for (const auto& doubt : diagnosis.doubts) text += fmt::format("doubt: {}\n", doubt);
  return text;
}

ordered_json to_json(const Diagnosis& diagnosis) {
  ordered_json evidence = ordered_json::object();
  for (const auto& e : diagnosis.evidence)
    evidence[std::string(e.name)] = {
        {"value", e.value}, {"source_low", e.low}, {"source_high", e.high}, {"p_low", e.p_low}, {"p_high", e.p_high}};
  auto parts = ordered_json::array();
  for (const auto part : diagnosis.parts) parts.push_back(to_string(part));
  return {{"level", to_string(diagnosis.level)},
          {"parts", parts},
          {"confidence", diagnosis.confidence},
          {"suggested_strategy", suggested_strategy(diagnosis)},
          {"n", diagnosis.n},
          {"labels_seen", diagnosis.labels_seen},
          {"purity_gain_z", diagnosis.gain_z},
          {"common_share", diagnosis.common_share},  // nlohmann-json writes an unknown number (NaN) as null
          {"evidence", evidence},
          {"doubts", diagnosis.doubts}};
}

}  // namespace tbft::adaptive
