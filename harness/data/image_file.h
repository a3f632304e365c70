// Image files as data sets find and read them; OpenCV decodes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <opencv2/core/mat.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <vector>

namespace tbft::data {

// The folders in `folder`; its files .jpg, .jpeg and .png, upper or lower case. In byte order of their names whatever the
// locale and the file system; hidden ones are left out. Throw DataError.
std::vector<std::filesystem::path> subfolders(const std::filesystem::path& folder);
std::vector<std::filesystem::path> image_files(const std::filesystem::path& folder);

// The image, 8 bits, BGR. The file's first bytes say whether it is JPEG or PNG, not its name; grey and CMYK become colours,
// alpha is dropped, EXIF rotation is ignored. Throws DataError "FILE: what": neither format, cut short, damaged, over 64 MiB,
// or over `max_side` px a side, which is seen before anything of that size is allocated.
cv::Mat read_bgr(const std::filesystem::path& file, std::int64_t max_side);

// Writes the image as height x width x 3 bytes RGB from `to` on.
void store_rgb(const cv::Mat& bgr, std::uint8_t* to);

// A bound on what a data set may take in memory: 4 GiB. Throws DataError that says which parameter takes fewer images.
void check_memory(const std::filesystem::path& folder, std::size_t images, std::int64_t height, std::int64_t width);

// OpenCV logs what it also returns or throws; while one of these lives it does not, and we say it once, as an error.
class QuietOpenCv {
 public:
  QuietOpenCv() : before_(cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT)) {}
  ~QuietOpenCv() { cv::utils::logging::setLogLevel(before_); }
  QuietOpenCv(const QuietOpenCv&) = delete;
  QuietOpenCv& operator=(const QuietOpenCv&) = delete;

 private:
  cv::utils::logging::LogLevel before_;
};

}  // namespace tbft::data
