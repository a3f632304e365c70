// Living-17 from an ImageNet-1k tree: the images of two classes of each superclass, 128 px.
//
// 128 px is published, how images get there is not. Here the shorter side becomes 128, the longer one int(128 x long / short),
// and the middle 128 x 128 are kept: the sizes and offsets of torchvision's Resize(128) and CenterCrop(128). Shrinking takes
// the mean of the covered area (cv::INTER_AREA), enlarging is bilinear. Resize on PIL images weights the covered area by a
// triangle instead: on seven of scikit-image's pictures, shrunk from 500 px, the two differ by 0.6 to 2.1 grey levels in the
// mean.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "harness/data/decode_all.h"
#include "harness/data/framing.h"
#include "harness/data/image_file.h"
#include "harness/data/kinds.h"
#include "harness/data/living17_classes.h"
#include "harness/data/params.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;

constexpr int side = 128;
constexpr std::size_t image_bytes = std::size_t{3} * side * side;
constexpr std::int64_t max_side = 10'000;  // ImageNet has a few photographs of nearly 10,000 px

cv::Mat shorter_side_to_128_then_centre(const fs::path& file, cv::Mat image) {
  const int shorter = std::min(image.rows, image.cols);
  if (std::int64_t{side} * std::max(image.rows, image.cols) / shorter > max_resized_side)
    throw DataError(fmt::format("{}: {}x{} pixels, too long and narrow", file.string(), image.cols, image.rows));
  const auto scaled = [&](int length) { return static_cast<int>(std::int64_t{side} * length / shorter); };
  const cv::Size size(scaled(image.cols), scaled(image.rows));
  cv::Mat resized;
  if (shorter != side) {
    cv::resize(image, resized, size, 0, 0, shorter > side ? cv::INTER_AREA : cv::INTER_LINEAR);
  } else {
    resized = std::move(image);
  }
  // Rounds halves to even, as Python's round() does.
  const auto offset = [](int length) { return static_cast<int>(std::nearbyint((length - side) / 2.0)); };
  return resized(cv::Rect(offset(size.width), offset(size.height), side, side));
}

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw DataError(
      fmt::format("{}: {}; ImageNet (ILSVRC 2012) is available from https://image-net.org/download.php; the layout is "
                  "train/WNID/*.JPEG and val/WNID/*.JPEG (?split=train or val takes one of them)",
                  path, what));
}

}  // namespace

Images load_living17(const DatasetSpec& spec) {
  const Params params(spec, {"part", "split", "limit"});
  params.require_path();
  const bool is_target = params.is_target();
  const auto split = params.one_of("split", is_target ? "all" : "train", {"all", "train", "val"});
  const auto limit = params.limit();
  const auto folders = split == "all" ? std::vector<std::string>{"train", "val"} : std::vector<std::string>{split};
  const std::string root = folder_of(spec);
  std::error_code ignored;
  if (!fs::is_directory(root, ignored)) fail(root, "no such folder");

  Images images{.height = side, .width = side};
  std::vector<fs::path> files;
  std::vector<std::string> missing;
  for (const auto& superclass : living17_classes) {
    for (const auto wnid : is_target ? superclass.target : superclass.source) {
      std::vector<std::string> absent;
      for (const auto& folder : folders) {
        const auto path = fs::path(root) / folder / wnid;
        auto found = fs::is_directory(path, ignored) ? contents_of(path).images : std::vector<fs::path>{};
        if (found.empty()) absent.push_back(folder);
        found.resize(std::min(found.size(), limit));
        images.labels.insert(images.labels.end(), found.size(), static_cast<std::int64_t>(images.class_names.size()));
        files.insert(files.end(), found.begin(), found.end());
      }
      if (!absent.empty()) missing.push_back(fmt::format("{} ({}; {})", wnid, superclass.name, fmt::join(absent, ", ")));
    }
    images.class_names.emplace_back(superclass.name);
  }
  // One line lists every missing folder, so that a user with part of ImageNet learns at once what to fetch.
  if (!missing.empty()) fail(root, fmt::format("no images of {}", fmt::join(missing, ", ")));
  check_memory(root, files.size(), side, side);
  images.pixels.owned().resize(files.size() * image_bytes);
  ImageNotes notes;
  decode_all(files, image_bytes, images.pixels.owned().data(),
             [&](const fs::path& file) { return shorter_side_to_128_then_centre(file, read_bgr(file, max_side, notes)); });
  images.notes = notes.lines();
  return images;
}

}  // namespace tbft::data
