// Input-level drift: CIFAR-10-C as published, and the same corruptions by our own generator.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/data/corruption/corruption.h"
#include "harness/data/kinds.h"
#include "harness/data/npy.h"
#include "harness/data/params.h"
#include "results/files.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t published_images = 10'000;
constexpr auto fetch = "fetch CIFAR-10-C.tar from https://zenodo.org/record/2535967";
constexpr auto make_again = "make the folder again with `tbft data corrupt`";

// The contents of a folder of .npy files.
struct Layout {
  fs::path folder;
  std::int64_t images = 0;  // in each severity
  std::vector<int> severities;
  std::vector<std::string> class_names;
  const char* remedy = nullptr;
};

Condition condition_of(const DatasetSpec& spec) {
  const auto text = spec.params.find("condition");
  if (text == spec.params.end())
    throw BadDatasetSpec(
        fmt::format("{}: needs condition=CORRUPTION-SEVERITY, such as condition=gaussian_noise-5", to_string(spec)));
  const auto condition = parse_condition(text->second);
  if (!condition)
    throw BadDatasetSpec(fmt::format("{}: {}", to_string(spec), condition_error(find_dataset(spec.name), text->second)));
  return *condition;
}

void expect_shape(const NpyView& array, const std::vector<std::int64_t>& shape, const fs::path& path) {
  if (array.shape != shape)
    throw DataError(fmt::format("{}: its shape is ({}), expected ({})", path.string(), fmt::join(array.shape, ", "),
                                fmt::join(shape, ", ")));
}

// Runs `read`; appends to its errors how to get the right file.
template <typename Read>
void with_remedy(const fs::path& path, const Layout& layout, Read read) {
  std::error_code error;
  if (!fs::exists(path, error)) throw DataError(fmt::format("{}: no such file; {}", path.string(), layout.remedy));
  try {
    read();
  } catch (const DataError& e) {
    throw DataError(fmt::format("{}; {}", e.what(), layout.remedy));
  }
}

Images read_condition(const Layout& layout, const Condition& condition) {
  const auto block = std::ranges::find(layout.severities, condition.severity);
  if (block == layout.severities.end()) {
    throw DataError(fmt::format("{}: severity {} is not in it, only {}; {}", layout.folder.string(), condition.severity,
                                fmt::join(layout.severities, ", "), layout.remedy));
  }
  const auto first = static_cast<std::size_t>((block - layout.severities.begin()) * layout.images);
  const auto count = static_cast<std::size_t>(layout.images);
  const std::int64_t rows = layout.images * static_cast<std::int64_t>(layout.severities.size());
  Images images{.height = corrupted_side, .width = corrupted_side, .class_names = layout.class_names};

  const auto pixels = layout.folder / fmt::format("{}.npy", condition.corruption->name);
  with_remedy(pixels, layout, [&] {
    const NpyFile file(pixels);
    expect_shape(file.array(), {rows, corrupted_side, corrupted_side, 3}, pixels);
    if (file.array().dtype != "|u1")
      throw DataError(fmt::format("{}: its values are '{}', expected '|u1'", pixels.string(), file.array().dtype));
    const auto bytes = static_cast<std::size_t>(images.bytes_per_image());
    const auto part = file.array().bytes.subspan(first * bytes, count * bytes);
    images.pixels = std::vector<std::uint8_t>(part.begin(), part.end());
  });
  const auto labels = layout.folder / "labels.npy";
  with_remedy(labels, layout, [&] {
    const NpyFile file(labels);
    expect_shape(file.array(), {rows}, labels);
    const auto all = whole_numbers(file.array());
    images.labels.assign(all.begin() + static_cast<std::ptrdiff_t>(first),
                         all.begin() + static_cast<std::ptrdiff_t>(first + count));
    for (const auto label : images.labels) {
      if (label < 0 || label >= static_cast<std::int64_t>(layout.class_names.size())) {
        throw DataError(
            fmt::format("{}: label {} is not one of {} classes", labels.string(), label, layout.class_names.size()));
      }
    }
  });
  return images;
}

// Reads the corruptions.json of a folder that `tbft data corrupt` wrote.
Layout read_layout(const fs::path& folder) {
  const auto path = folder / "corruptions.json";
  constexpr std::size_t max_bytes = 1U << 20U;
  try {
    const auto json = nlohmann::json::parse(results::read_file(path, max_bytes));
    Layout layout{.folder = folder,
                  .images = json.at("n").get<std::int64_t>(),
                  .severities = json.at("severities").get<std::vector<int>>(),
                  .class_names = json.at("classes").get<std::vector<std::string>>(),
                  .remedy = make_again};
    constexpr std::int64_t most = 10'000'000;
    if (layout.images < 1 || layout.images > most) throw std::runtime_error(fmt::format("n is {}", layout.images));
    return layout;
  } catch (const std::exception& error) {
    throw DataError(fmt::format("{}: {}; {}", path.string(), error.what(), make_again));
  }
}

}  // namespace

Images load_cifar10_c(const DatasetSpec& spec) {
  const Params params(spec, {"condition"});
  params.require_path();
  const auto condition = condition_of(spec);
  return read_condition({.folder = folder_or_inner(folder_of(spec), "CIFAR-10-C"),
                         .images = published_images,
                         .severities = {1, 2, 3, 4, 5},
                         .class_names = cifar10_class_names(),
                         .remedy = fetch},
                        condition);
}

Images load_cifar10_c_like(const DatasetSpec& spec) {
  if (spec.path.empty()) throw BadDatasetSpec("cifar10-c-like: needs a folder or a data set, cifar10-c-like:imagefolder:DIR");
  // Parameters may follow the spec of the clean set or the whole spec.
  DatasetSpec clean = parse_dataset_spec(spec.path);
  DatasetSpec own{spec.name, spec.path, {}};
  for (const auto& [key, value] : spec.params) clean.params.insert_or_assign(key, value);
  for (const char* key : {"condition", "seed", "frost"}) {
    if (auto node = clean.params.extract(key)) own.params.insert(std::move(node));
  }
  const auto condition = condition_of(own);
  std::error_code error;
  if (clean.name.empty() && fs::exists(fs::path(folder_of(clean)) / "corruptions.json", error)) {
    auto given = clean.params;
    given.insert(own.params.begin(), own.params.end());
    const Params only_condition({spec.name, spec.path, given}, {"condition"});
    return read_condition(read_layout(folder_of(clean)), condition);
  }
  const Params params(own, {"condition", "seed", "frost"});
  const auto seed = params.seed(0);
  Images images = load_dataset(clean);
  images.pixels = corrupt(images, condition, seed, Frost::of(params.text("frost"), seed));
  return images;
}

}  // namespace tbft::data
