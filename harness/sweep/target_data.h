// The target images of a plan: loaded once for every drift and condition, and split as each cell wants them. No torch here.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/data/dataset.h"
#include "harness/data/split.h"
#include "harness/experiment/plan.h"
#include "harness/experiment/settings.h"

namespace tbft {

// What the images are classified into.
struct ModelClasses {
  std::int64_t outputs = 0;        // 0: there is no model to compare with
  std::vector<std::string> names;  // of the outputs; empty where nobody wrote them down
};

class TargetData {
 public:
  // Loads what the plan needs; `loading` is told each data set before, and may throw. Labels become the model's outputs by
  // class names; `warn` hears, once each, what a person should know of files and class names. Throws data::DataError.
  TargetData(const Settings& effective, const std::vector<Cell>& plan, const std::function<void(const std::string&)>& loading,
             const ModelClasses& model = {}, const std::function<void(const std::string&)>& warn = {});

  // With data.train_path, its images stand behind those of data.path.
  const data::Images& images(const Cell& cell) const { return sets_.at(key(cell)).images; }
  // The paper's split of data.path; with data.train_path the train part is train_size of its images, drawn with the same seed.
  data::Split split(const Cell& cell) const;
  // {"KEY": {"images": n, "pixels_sha256": ..., "labels_sha256": ...}} as JSON text, for provenance.
  std::string describe() const;

 private:
  struct Set {
    data::Images images;
    std::int64_t own = 0;  // images of data.path; the others are those of data.train_path
  };
  static std::string key(const Cell& cell);
  data::DatasetSpec spec_of(const std::string& path, const Cell& cell) const;

  Settings settings_;
  std::map<std::string, Set> sets_;
};

}  // namespace tbft
