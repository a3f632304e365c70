// Labelled images in memory, and data sets by name. No torch here.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tbft::data {

// n images of height x width x 3 bytes, RGB, row-major (NHWC), with one label each.
struct Images {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> pixels;
  std::vector<std::int64_t> labels;
  std::vector<std::string> class_names;
  // What a person should hear about the files, a line each: pictures left out, turned, damaged. The program prints them.
  std::vector<std::string> notes = {};

  std::int64_t size() const { return static_cast<std::int64_t>(labels.size()); }
  std::int64_t bytes_per_image() const { return height * width * 3; }
  std::span<const std::uint8_t> image(std::int64_t i) const {
    const auto bytes = static_cast<std::size_t>(bytes_per_image());
    return std::span(pixels).subspan(static_cast<std::size_t>(i) * bytes, bytes);
  }
};

// What, where and how to mend: "DIR/test_batch.bin: 30729000 bytes, a CIFAR-10 batch has 30730000; fetch it again from ...".
struct DataError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// The spec itself is wrong (unknown data set or parameter, bad value): the program exits with 2.
struct BadDatasetSpec : DataError {
  using DataError::DataError;
};

// `name:PATH?key=value&...`; PATH may be empty. A plain path has an empty name: the loader looks at what is there.
// The first '?' begins the parameters: a path that holds one has %3F in its place, a value with a '&' has %26. A known name
// alone is that data set: a folder of the same name is written `./name`. Throws BadDatasetSpec.
struct DatasetSpec {
  std::string name;
  std::string path;
  std::map<std::string, std::string> params;
};
DatasetSpec parse_dataset_spec(std::string_view text);
std::string to_string(const DatasetSpec& spec);
// The path as the file system knows it: %XX decoded. `path` itself may be the spec of another data set.
std::string folder_of(const DatasetSpec& spec);

// Conditions that follow a grammar instead of a list.
struct ConditionGrammar {
  std::vector<std::string_view> forms;                 // of one part, for people: "rotation-DEG"
  std::string (*why_not)(std::string_view condition);  // what is wrong with it; empty where it is a condition
  std::string (*drift)(const DatasetSpec& spec);       // the levels that the base and the spec's condition drift in
};

struct DatasetKind {
  std::string_view name;
  std::string_view drift;  // "input", "feature", "output", "" for an undrifted set or when the condition says
  std::string_view summary;
  std::string_view example;
  // Conditions of this data set that an experiment may sweep ("input" ... for synthetic); empty: none.
  std::vector<std::string> conditions;
  // Those that an experiment sweeps which names none; empty: all of `conditions`.
  std::vector<std::string> default_conditions = {};
  const ConditionGrammar* grammar = nullptr;  // where there is one, it and not `conditions` says what is a condition
  bool over_base = false;                     // its path may be the spec of another data set
  Images (*load)(const DatasetSpec& spec);

  // The conditions are `input`, `feature`, `output`: an experiment's cells have them as their drift and no condition.
  bool conditions_are_levels() const { return drift.empty() && grammar == nullptr; }
};
// One visible list; a new data set is one file and one line.
std::span<const DatasetKind> dataset_kinds();
// Throws DataError; an unknown name lists the known ones.
const DatasetKind& find_dataset(std::string_view name);
std::vector<std::string> default_conditions(const DatasetKind& kind);
// Why `condition` is none of the kind's, and what it may have meant; empty where it is one.
std::string why_not(const DatasetKind& kind, std::string_view condition);
// What a cell of an experiment says drifted: the kind's level or, as in "input+output", what its grammar makes of base and
// condition; empty: nothing did. Reads no file. Throws BadDatasetSpec.
std::string drift_of(const DatasetKind& kind, DatasetSpec spec, const std::string& condition);
// The data set `name` of an experiment at its data.path: a spec of that name, or else what it is made from.
DatasetSpec dataset_at(const std::string& name, const std::string& path);
// A spec without a name gets the one that fits what lies at its path; others come back as they are.
DatasetSpec resolve_dataset(const DatasetSpec& spec);
Images load_dataset(const DatasetSpec& spec);

}  // namespace tbft::data
