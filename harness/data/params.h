// The `key=value` parameters of a data set, checked against the known ones and converted, with one clear error for each
// mistake.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "harness/data/dataset.h"

namespace tbft::data {

// The base of a data set that is made from another, such as cifar-flip, cifar10-pairs or drifted (cifar-flip:imagefolder:DIR).
// The path is itself a spec: a plain folder, imagefolder:DIR or cifar10:DIR. In NAME:BASE?key=value the parameters listed in
// `own` belong to NAME; all others go to the base, which refuses unknown ones. Parameters that BASE brings itself, as an
// experiment's data.path may under data.dataset = NAME, belong to the base whatever their names. Throws BadDatasetSpec without
// a path.
DatasetSpec base_of(const DatasetSpec& spec, const std::vector<std::string_view>& own);
// The spec with only its `own` parameters.
DatasetSpec without_base_params(DatasetSpec spec, const std::vector<std::string_view>& own);
// PATH/inner where that is a folder, otherwise PATH: users name the folder of the files, or its parent.
std::filesystem::path folder_or_inner(const std::filesystem::path& path, std::string_view inner);

class Params {
 public:
  // Throws BadDatasetSpec when the data set has a parameter that is not known; the message lists those that are.
  Params(const DatasetSpec& spec, std::vector<std::string_view> known);

  // Check that the spec has a path (for data sets that read files) or has none. Throw BadDatasetSpec.
  void require_path() const;
  void refuse_path() const;

  // Conversions. Each throws BadDatasetSpec for a value that is malformed or outside the closed range.
  std::int64_t whole(const std::string& key, std::int64_t otherwise, std::int64_t low, std::int64_t high) const;
  double real(const std::string& key, double otherwise, double low, double high) const;
  std::string one_of(const std::string& key, std::string_view otherwise, const std::vector<std::string_view>& choices) const;
  std::string text(const std::string& key) const;    // empty by default
  bool is_target() const;                            // part=target|source, default target
  std::uint64_t seed(std::int64_t otherwise) const;  // seed=S, 0 to 2^53
  bool skip_damaged() const;                         // skip_damaged=true|false, default false
  std::size_t limit() const { return static_cast<std::size_t>(whole("limit", no_limit, 1, no_limit)); }  // limit=N

 private:
  static constexpr std::int64_t no_limit = 1'000'000'000;
  const std::string* find(const std::string& key) const;
  DatasetSpec spec_;
};

}  // namespace tbft::data
