// Decodes the image files of a data set with several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <opencv2/core/mat.hpp>
#include <span>
#include <vector>

namespace tbft::data {

// Stores what `read` makes of files[i], 8-bit BGR of image_bytes, as RGB from `to` + i x image_bytes on. Several threads call
// `read` at once. An empty image leaves its place as it is. Returns which files have an image.
// Where `read` throws, the exception of the first such file in the list is thrown on, whatever the order of the threads.
std::vector<char> decode_all(std::span<const std::filesystem::path> files, std::size_t image_bytes, std::uint8_t* to,
                             const std::function<cv::Mat(const std::filesystem::path&)>& read);

}  // namespace tbft::data
