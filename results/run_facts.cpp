#include "results/run_facts.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "results/files.h"

namespace tbft::results {

namespace {

using Json = nlohmann::json;

constexpr std::size_t max_bytes = std::size_t{16} << 20;

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void add(const Json& object, const char* key, const std::string& prefix, std::map<std::string, std::string>& into) {
  const auto found = object.find(key);
  if (found != object.end() && !found->is_null()) into[prefix + key] = text_of(*found);
}

void add_all(const Json& json, const char* key, std::map<std::string, std::string>& into) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_object()) return;
  for (const auto& [name, value] : found->items()) into[name] = text_of(value);
}

}  // namespace

RunFacts parse_run_facts(std::string_view json, const std::string& name) {
  const Json run = Json::parse(json, nullptr, false);
  if (!run.is_object() || !run.contains("effective") || !run["effective"].is_object())
    throw std::runtime_error(fmt::format("{}: not a run.json: no object with `effective` settings", name));
  RunFacts facts;
  for (auto [key, member] : {std::pair{"run_id", &RunFacts::run_id}, std::pair{"created_utc", &RunFacts::created_utc}}) {
    if (run.contains(key)) facts.*member = text_of(run[key]);
  }
  add_all(run, "effective", facts.settings);
  add_all(run, "data", facts.data);
  constexpr std::array keys{"board",    "cpu",      "cores", "cpu_quota",    "host",  "kernel", "cpu_governor",
                            "compiler", "libtorch", "blas",  "tool_version", "build", "model",  "checkpoint_sha256"};
  for (const char* key : keys) add(run, key, "", facts.provenance);
  if (run.contains("meter") && run["meter"].is_object()) {
    for (const char* key : {"uri", "description", "scope", "measured"}) add(run["meter"], key, "meter.", facts.provenance);
  }
  return facts;
}

RunFacts read_run_facts(const std::filesystem::path& run_json) {
  return parse_run_facts(read_file(run_json, max_bytes), run_json.string());
}

}  // namespace tbft::results
