// Image files as data sets find and read them; OpenCV decodes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <opencv2/core/mat.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <set>
#include <string>
#include <vector>

namespace tbft::data {

// What a folder holds, in byte order of the names whatever the locale and the file system. Hidden entries are left out, and
// with them the "._" files that macOS adds.
struct FolderContents {
  std::vector<std::filesystem::path> folders;
  std::vector<std::filesystem::path> images;  // .jpg, .jpeg and .png, upper or lower case
  std::vector<std::filesystem::path> others;  // all other files
};
// Throws DataError.
FolderContents contents_of(const std::filesystem::path& folder);

// What reading the files of a data set found that a person should hear: pictures left out, turned, damaged. Several threads may
// report.
class ImageNotes {
 public:
  // A file or folder that is not read, and why. One line is kept for each reason.
  void left_out(const std::filesystem::path& what, const std::string& reason);
  void doubt(const std::filesystem::path& file, const std::string& what);
  void turned(const std::filesystem::path& file);
  void read_16_bits(const std::filesystem::path& file, int largest);

  // In the order of the files' names, a few for each kind and the number of the others. Throws DataError where all 16-bit
  // images are as good as black, because their values are those of 8 bits.
  std::vector<std::string> lines() const;

 private:
  using Files = std::set<std::filesystem::path>;
  mutable std::mutex mutex_;
  std::map<std::string, Files> left_out_;
  std::map<std::filesystem::path, std::string> doubts_;
  Files turned_, of_16_bits_;
  int largest_of_16_bits_ = 0;
};

// The image, 8 bits, BGR. The file's first bytes say whether it is JPEG or PNG, not its name; grey and CMYK become colours,
// alpha is dropped, 16 bits become 8, the EXIF orientation is applied. Throws DataError "FILE: what": neither format, cut
// short, damaged, over 64 MiB, or over `max_side` px a side, which is seen before anything of that size is allocated.
cv::Mat read_bgr(const std::filesystem::path& file, std::int64_t max_side, ImageNotes& notes);

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
