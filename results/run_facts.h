// Reads run.json for reports and comparisons: a run's effective settings and provenance. The harness writes the file.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace tbft::results {

// Values are JSON text, so that any two can be compared and shown; strings have no quotes.
struct RunFacts {
  std::string run_id, created_utc;
  std::map<std::string, std::string> settings;    // effective, by key
  std::map<std::string, std::string> provenance;  // board, cpu, tool_version, checkpoint_sha256, meter.uri, ...
  std::map<std::string, std::string> data;        // by data set: sizes and SHA-256 of images and labels
};

// Throws std::runtime_error for a file that is not a run.json, std::system_error for a file that cannot be read.
RunFacts read_run_facts(const std::filesystem::path& run_json);
// The same for a text in memory; `name` appears in messages.
RunFacts parse_run_facts(std::string_view json, const std::string& name);

}  // namespace tbft::results
