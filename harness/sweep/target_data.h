// The target images of a plan: loaded once for all drifts and conditions, and split for each cell. No torch here.
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

// The classes that the model distinguishes.
struct ModelClasses {
  std::int64_t outputs = 0;        // 0: there is no model to compare with
  std::vector<std::string> names;  // of the outputs; empty if unknown
};

class TargetData {
 public:
  // Loads what the plan needs. `loading` is called with each data set before it is loaded, and may throw. Labels are mapped to
  // the model's outputs by class names. `warn` receives each remark on files and class names once. Throws data::DataError.
  TargetData(const Settings& effective, const std::vector<Cell>& plan, const std::function<void(const std::string&)>& loading,
             const ModelClasses& model = {}, const std::function<void(const std::string&)>& warn = {});

  // Cells of one key share their images.
  static std::string key(const Cell& cell);
  // With data.train_path, its images follow those of data.path.
  const data::Images& images(const Cell& cell) const { return sets_.at(key(cell)).images; }
  // The paper's split of data.path. With data.train_path, train_size is the fraction of its images that form the train part,
  // drawn with the same seed.
  data::Split split(const Cell& cell) const;
  // {"KEY": {"images": n, "pixels_sha256": ..., "labels_sha256": ...}} as JSON text, for provenance.
  std::string describe() const;

 private:
  struct Set {
    data::Images images;
    std::int64_t own = 0;  // number of images of data.path; the others come from data.train_path
  };
  data::DatasetSpec spec_of(const std::string& path, const Cell& cell) const;

  Settings settings_;
  std::map<std::string, Set> sets_;
};

}  // namespace tbft
