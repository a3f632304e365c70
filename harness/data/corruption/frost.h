// Pictures of ice that the corruption frost lays over images. The published files used photographs, which we may not
// distribute. The user names a folder of such pictures, or a texture is drawn; a drawn texture gives images that only resemble
// CIFAR-10-C.
#pragma once

#include <cstdint>
#include <filesystem>
#include <opencv2/core/mat.hpp>
#include <span>
#include <string>
#include <vector>

namespace tbft::data {

class Frost {
 public:
  // Pale branching lines on dark blue, 256 px; the same for the same seed.
  static Frost procedural(std::uint64_t seed);
  // The pictures in a folder, scaled to a fifth as in the published generator, or less where the short side would fall below 32
  // px. Of the published generator's own six it draws from the first five alone (its index is below 5), so frost6.jpg is left
  // out beside frost1.png ... frost5.jpg; with it, frost-3 would be about 5 grey levels darker. Throws DataError when the
  // folder has none, or a picture is smaller than 32 px.
  // https://github.com/hendrycks/robustness/blob/master/ImageNet-C/create_c/make_cifar_c.py
  static Frost from_folder(const std::filesystem::path& folder);
  // `folder` when it is given.
  static Frost of(const std::string& folder, std::uint64_t seed) {
    return folder.empty() ? procedural(seed) : from_folder(folder);
  }

  // "procedural" or "pictures": what the metadata of a data set says.
  const std::string& kind() const { return kind_; }
  // The pictures, RGB: at least one, each at least 32x32 px.
  std::span<const cv::Mat3b> pictures() const { return pictures_; }

 private:
  Frost(std::string kind, std::vector<cv::Mat3b> pictures) : kind_(std::move(kind)), pictures_(std::move(pictures)) {}
  std::string kind_;
  std::vector<cv::Mat3b> pictures_;
};

}  // namespace tbft::data
