// A folder of images a class.
#include <fmt/format.h>

#include <algorithm>

#include "harness/data/image_file.h"
#include "harness/data/kinds.h"
#include "harness/data/params.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t max_side = 4096;

void append(const fs::path& path, std::size_t total, const fs::path& first, Images& images) {
  const cv::Mat bgr = read_bgr(path, max_side);
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

}  // namespace

Images load_image_folder(const DatasetSpec& spec) {
  const Params params(spec, {"limit"});
  params.require_path();
  const auto limit = static_cast<std::size_t>(params.whole("limit", 1'000'000'000, 1, 1'000'000'000));
  const auto folders = subfolders(folder_of(spec));
  if (folders.empty()) {
    throw DataError(fmt::format("{}: no class folders; the layout is FOLDER/CLASS/IMAGE.jpg|jpeg|png", folder_of(spec)));
  }
  std::vector<fs::path> files;
  Images images;
  for (const auto& folder : folders) {
    auto found = image_files(folder);
    if (found.empty()) {
      throw DataError(fmt::format("{}: no images (.jpg, .jpeg, .png); every folder in {} is taken for a class", folder.string(),
                                  folder_of(spec)));
    }
    found.resize(std::min(found.size(), limit));
    images.labels.insert(images.labels.end(), found.size(), static_cast<std::int64_t>(images.class_names.size()));
    images.class_names.push_back(folder.filename().string());
    files.insert(files.end(), found.begin(), found.end());
  }
  const QuietOpenCv quiet;
  for (const auto& file : files) append(file, files.size(), files.front(), images);
  return images;
}

}  // namespace tbft::data
