// Image folders: one folder for each class.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>

#include "harness/data/image_file.h"
#include "harness/data/kinds.h"
#include "harness/data/listed_images.h"
#include "harness/data/params.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t max_side = 4096;

// The class folders. Reports all other entries to `notes`.
std::vector<fs::path> class_folders(const std::string& path, ImageNotes& notes) {
  auto contents = contents_of(path);
  const auto is_left_by_macos = [](const fs::path& folder) { return folder.filename() == "__MACOSX"; };
  for (const auto& folder : contents.folders)
    if (is_left_by_macos(folder)) notes.left_out(folder, "macOS metadata, not a class");
  std::erase_if(contents.folders, is_left_by_macos);
  if (contents.folders.empty())
    throw DataError(fmt::format("{}: no class folders; the layout is FOLDER/CLASS/IMAGE.jpg|jpeg|png", path));
  for (const auto& file : contents.images) notes.left_out(file, "images are read only from class folders");
  return contents.folders;
}

std::string names_of(const std::vector<fs::path>& paths) {
  constexpr std::size_t most = 3;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(paths.size(), most); ++i) names.push_back(paths[i].filename().string());
  return fmt::format("{}{}", fmt::join(names, ", "), paths.size() > most ? ", ..." : "");
}

// Why a class folder without images is none.
std::string no_class(const fs::path& folder, const FolderContents& contents, const std::string& set) {
  if (!contents.folders.empty())
    return fmt::format("{}: holds folders ({}) and no images; if they are the classes, name {} itself", folder.string(),
                       names_of(contents.folders), folder.string());
  const auto what =
      contents.others.empty() ? "is empty" : fmt::format("no images (.jpg, .jpeg, .png), only {}", names_of(contents.others));
  return fmt::format("{}: {}; every folder in {} is taken for a class, so fill it or remove it", folder.string(), what, set);
}

std::vector<fs::path> images_of_class(const fs::path& folder, const std::string& set, ImageNotes& notes) {
  auto contents = contents_of(folder);
  if (contents.images.empty()) throw DataError(no_class(folder, contents, set));
  for (const auto& file : contents.others) notes.left_out(file, "only .jpg, .jpeg and .png are read");
  for (const auto& inner : contents.folders) notes.left_out(inner, "only images directly in the class folder are read");
  return std::move(contents.images);
}

Listing list_files(const DatasetSpec& spec, std::size_t limit) {
  ImageNotes notes;
  const auto named = spec.params.find("classes");
  Listing listing;
  auto& names = listing.class_names;
  if (named != spec.params.end()) boost::split(names, named->second, boost::is_any_of(","));
  for (const auto& folder : class_folders(folder_of(spec), notes)) {
    const auto name = folder.filename().string();
    auto place = std::ranges::find(names, name);
    if (named == spec.params.end())
      place = names.insert(names.end(), name);
    else if (place == names.end())
      throw DataError(fmt::format("{}: none of ?classes={}", folder.string(), named->second));
    auto found = images_of_class(folder, folder_of(spec), notes);
    found.resize(std::min(found.size(), limit));
    listing.labels.insert(listing.labels.end(), found.size(), place - names.begin());
    listing.files.insert(listing.files.end(), found.begin(), found.end());
  }
  listing.notes = notes.lines();
  return listing;
}

}  // namespace

Images load_image_folder(const DatasetSpec& spec) {
  const Params params(spec, {"limit", "classes", "resize", "crop", "skip_damaged", "cache"});
  params.require_path();
  const Framing framing{.resize = params.whole("resize", 0, 1, max_side), .crop = params.whole("crop", 0, 1, max_side)};
  if (framing.resize > 0 && framing.resize < framing.crop)
    throw BadDatasetSpec(fmt::format("{}: crop={} is more than resize={}", to_string(spec), framing.crop, framing.resize));
  return load_listed(spec, list_files(spec, params.limit()), framing, params.skip_damaged());
}

}  // namespace tbft::data
