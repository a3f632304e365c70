// Image folders: one folder for each class.
#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>

#include "harness/data/image_file.h"
#include "harness/data/kinds.h"
#include "harness/data/params.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t max_side = 4096;

void append(const fs::path& path, std::size_t total, const fs::path& first, Images& images, ImageNotes& notes) {
  const cv::Mat bgr = read_bgr(path, max_side, notes);
  if (images.pixels.empty()) {
    images.height = bgr.rows;
    images.width = bgr.cols;
    check_memory(path.parent_path().parent_path(), total, images.height, images.width);
    images.pixels.reserve(total * static_cast<std::size_t>(images.bytes_per_image()));
  }
  if (bgr.rows != images.height || bgr.cols != images.width) {
    throw DataError(fmt::format("{}: {}x{} pixels, but {} has {}x{}; all images of a data set have one size", path.string(),
                                bgr.cols, bgr.rows, first.string(), images.width, images.height));
  }
  const auto at = images.pixels.size();
  images.pixels.resize(at + static_cast<std::size_t>(images.bytes_per_image()));
  store_rgb(bgr, &images.pixels[at]);
}

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

std::vector<fs::path> images_of_class(const fs::path& folder, const std::string& set, ImageNotes& notes) {
  auto contents = contents_of(folder);
  if (contents.images.empty()) {
    throw DataError(
        fmt::format("{}: no images (.jpg, .jpeg, .png); every folder in {} is taken for a class", folder.string(), set));
  }
  for (const auto& file : contents.others) notes.left_out(file, "only .jpg, .jpeg and .png are read");
  for (const auto& inner : contents.folders) notes.left_out(inner, "only images directly in the class folder are read");
  return std::move(contents.images);
}

}  // namespace

Images load_image_folder(const DatasetSpec& spec) {
  const Params params(spec, {"limit", "classes"});
  params.require_path();
  const auto limit = params.limit();
  const auto named = spec.params.find("classes");
  ImageNotes notes;
  std::vector<fs::path> files;
  Images images;
  if (named != spec.params.end()) boost::split(images.class_names, named->second, boost::is_any_of(","));
  for (const auto& folder : class_folders(folder_of(spec), notes)) {
    const auto name = folder.filename().string();
    auto place = std::ranges::find(images.class_names, name);
    if (named == spec.params.end())
      place = images.class_names.insert(images.class_names.end(), name);
    else if (place == images.class_names.end())
      throw DataError(fmt::format("{}: none of ?classes={}", folder.string(), named->second));
    auto found = images_of_class(folder, folder_of(spec), notes);
    found.resize(std::min(found.size(), limit));
    images.labels.insert(images.labels.end(), found.size(), place - images.class_names.begin());
    files.insert(files.end(), found.begin(), found.end());
  }
  const QuietOpenCv quiet;
  for (const auto& file : files) append(file, files.size(), files.front(), images, notes);
  images.notes = notes.lines();
  return images;
}

}  // namespace tbft::data
