#include "harness/data/corruption/frost.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <string_view>

#include "harness/data/corruption/canvas.h"
#include "harness/data/image_file.h"

namespace tbft::data {
namespace {

// A random stream that no corruption uses.
constexpr std::uint64_t texture_stream = 0;
constexpr int texture_side = 256;
constexpr std::int64_t max_side = 4096;

// Leaves out what the published generator leaves out of its own pictures.
void leave_out_sixth(std::vector<std::filesystem::path>& pictures) {
  const auto place = [&](std::string_view name) {
    return std::ranges::find(pictures, name, [](const std::filesystem::path& path) { return path.filename().string(); });
  };
  constexpr std::array drawn{"frost1.png", "frost2.png", "frost3.png", "frost4.jpg", "frost5.jpg"};
  const bool are_published = std::ranges::all_of(drawn, [&](std::string_view name) { return place(name) != pictures.end(); });
  const auto sixth = place("frost6.jpg");
  if (are_published && sixth != pictures.end()) pictures.erase(sixth);
}

cv::Mat3b shrunk(const cv::Mat& bgr, const std::filesystem::path& path) {
  const auto shorter = std::min(bgr.rows, bgr.cols);
  if (shorter < corrupted_side) {
    throw DataError(
        fmt::format("{}: {}x{} pixels; a picture of frost needs {} a side", path.string(), bgr.cols, bgr.rows, corrupted_side));
  }
  const double scale = std::max(0.2, static_cast<double>(corrupted_side) / shorter);
  const auto scaled = [&](int length) { return std::max(static_cast<int>(std::lrint(scale * length)), corrupted_side); };
  cv::Mat3b small;
  cv::resize(bgr, small, cv::Size(scaled(bgr.cols), scaled(bgr.rows)), 0, 0, cv::INTER_LINEAR);
  cv::cvtColor(small, small, cv::COLOR_BGR2RGB);
  return small;
}

}  // namespace

Frost Frost::procedural(std::uint64_t seed) {
  Rng rng(seed, texture_stream, 0);
  const Plane cover = plasma(rng, texture_side, 1.6), crystals = plasma(rng, texture_side, 1.3);
  constexpr int lines = 4;
  cv::Mat3b picture(texture_side, texture_side);
  for (int y = 0; y < texture_side; ++y) {
    for (int x = 0; x < texture_side; ++x) {
      // Contour lines of a rough field wind and branch like ice crystals.
      const double height = lines * crystals(y, x);
      const double ridge = std::max(1 - 4 * std::abs(height - std::floor(height) - 0.5), 0.0);
      const double ice = std::clamp(0.15 + 0.4 * cover(y, x) + 0.6 * ridge, 0.0, 1.0);
      const Colour dark(15, 30, 55), bright(245, 250, 255);
      for (int c = 0; c < 3; ++c) picture(y, x)[c] = truncated(dark[c] + ice * (bright[c] - dark[c]));
    }
  }
  return {"procedural", {picture}};
}

Frost Frost::from_folder(const std::filesystem::path& folder) {
  std::vector<cv::Mat3b> pictures;
  const QuietOpenCv quiet;
  ImageNotes notes;  // ignored, because these pictures only serve as a texture
  auto paths = contents_of(folder).images;
  leave_out_sixth(paths);
  pictures.reserve(paths.size());
  for (const auto& path : paths) pictures.push_back(shrunk(read_bgr(path, max_side, notes), path));
  if (pictures.empty()) throw DataError(fmt::format("{}: no pictures of frost (.jpg, .jpeg, .png) in it", folder.string()));
  return {"pictures", std::move(pictures)};
}

}  // namespace tbft::data
