// The `key=value` parameters of a data set: checked against the known ones, converted with one clear error each.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/data/dataset.h"

namespace tbft::data {

// The base of a data set that is made from another (cifar-flip:imagefolder:DIR): its path, read as a spec of its own, be it
// a plain folder, imagefolder:DIR or cifar10:DIR. Of NAME:BASE?key=value the parameters in `own` are NAME's and stay out of the
// base; all others go to the base, which refuses those that it does not know. Where BASE brings parameters of its own, as
// an experiment's data.path does under data.dataset = NAME, those are the base's whatever their names. Throws BadDatasetSpec
// without a path.
DatasetSpec base_of(const DatasetSpec& spec, const std::vector<std::string_view>& own);

class Params {
 public:
  // Throws BadDatasetSpec when the data set has a parameter that is not known; the message lists those that are.
  Params(const DatasetSpec& spec, std::vector<std::string_view> known);

  // For data sets that read files and for those that do not. Throw BadDatasetSpec.
  void require_path() const;
  void refuse_path() const;

  // Each throws BadDatasetSpec for a value that is malformed or out of the closed range.
  std::int64_t whole(const std::string& key, std::int64_t otherwise, std::int64_t low, std::int64_t high) const;
  double real(const std::string& key, double otherwise, double low, double high) const;
  std::string one_of(const std::string& key, std::string_view otherwise, const std::vector<std::string_view>& choices) const;

 private:
  const std::string* find(const std::string& key) const;
  DatasetSpec spec_;
};

}  // namespace tbft::data
