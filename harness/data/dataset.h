// Labelled images, and data sets by name. No torch here.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "harness/data/pixels.h"

namespace tbft::data {

// n images of height x width x 3 bytes, RGB, row-major (NHWC), with one label each.
struct Images {
  std::int64_t height = 0;
  std::int64_t width = 0;
  Pixels pixels = {};
  std::vector<std::int64_t> labels = {};
  std::vector<std::string> class_names = {};
  // Warnings about the files for the user, one line each: pictures skipped, rotated, damaged. The program prints them.
  std::vector<std::string> notes = {};

  std::int64_t size() const { return static_cast<std::int64_t>(labels.size()); }
  std::int64_t bytes_per_image() const { return height * width * 3; }
  std::span<const std::uint8_t> image(std::int64_t i) const {
    const auto bytes = static_cast<std::size_t>(bytes_per_image());
    return std::span(pixels).subspan(static_cast<std::size_t>(i) * bytes, bytes);
  }
};

// Says what is wrong, where, and how to mend it: "DIR/test_batch.bin: 30729000 bytes, a CIFAR-10 batch has 30730000; fetch it
// again from ...".
struct DataError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// The spec itself is wrong (unknown data set or parameter, bad value): the program exits with 2.
struct BadDatasetSpec : DataError {
  using DataError::DataError;
};

// Parses `name:PATH?key=value&...`; PATH may be empty. A plain path has an empty name, and the loader examines what is there.
// The first '?' begins the parameters, so a '?' in a path is written %3F, and a '&' in a value %26. A known name alone means
// that data set; write a folder of the same name as `./name`. Throws BadDatasetSpec.
struct DatasetSpec {
  std::string name;
  std::string path;
  std::map<std::string, std::string> params;
};
DatasetSpec parse_dataset_spec(std::string_view text);
std::string to_string(const DatasetSpec& spec);
// The path with %XX decoded. `path` itself may be the spec of another data set.
std::string folder_of(const DatasetSpec& spec);

// Conditions that follow a grammar instead of a list.
struct ConditionGrammar {
  std::vector<std::string_view> forms;               // the forms of one part as help text: "rotation-DEG"
  std::string (*error)(std::string_view condition);  // an error message; empty where it is valid
  std::string (*drift)(const DatasetSpec& spec);     // the levels of drift of the base and of the spec's condition
};

struct DatasetKind {
  std::string_view name;
  std::string_view drift = {};  // "input", "feature", "output", "" for an undrifted set or when the condition says
  std::string_view summary;
  std::string_view example;
  // The conditions that an experiment may sweep ("input" ... for synthetic). Empty: the data set has none.
  std::vector<std::string> conditions = {};
  // The conditions that an experiment sweeps by default. Empty: all of `conditions`.
  std::vector<std::string> default_conditions = {};
  const ConditionGrammar* grammar = nullptr;  // if set, decides in place of `conditions` which conditions are valid
  bool over_base = false;                     // its path may be the spec of another data set
  Images (*load)(const DatasetSpec& spec);

  // Whether the conditions are `input`, `feature`, `output`. Cells then have them as their drift, and no condition.
  bool conditions_are_levels() const { return drift.empty() && grammar == nullptr; }
};
// All data sets. A new one is one file and one line here.
std::span<const DatasetKind> dataset_kinds();
// Throws DataError; an unknown name lists the known ones.
const DatasetKind& find_dataset(std::string_view name);
std::vector<std::string> default_conditions(const DatasetKind& kind);
// An error message that says why `condition` is not one of the kind's, with a suggestion; empty where it is one.
std::string condition_error(const DatasetKind& kind, std::string_view condition);
// The drift of a cell: the kind's level, or the levels that its grammar derives from base and condition ("input+output").
// Empty: no drift. Reads no file. Throws BadDatasetSpec.
std::string drift_of(const DatasetKind& kind, DatasetSpec spec, const std::string& condition);
// The spec of data set `name` of an experiment. data.path is a spec of that name, or the path or base that the data set is made
// from.
DatasetSpec dataset_at(const std::string& name, const std::string& path);
// Gives a spec without a name the name that fits the files at its path. Returns other specs unchanged.
DatasetSpec resolve_dataset(const DatasetSpec& spec);
Images load_dataset(const DatasetSpec& spec);

}  // namespace tbft::data
