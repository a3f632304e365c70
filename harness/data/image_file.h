// Finding and reading the image files of data sets. OpenCV decodes them.
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

// The contents of a folder in byte order of the names, independent of locale and file system. Hidden entries are skipped,
// including the "._" files of macOS.
struct FolderContents {
  std::vector<std::filesystem::path> folders;
  std::vector<std::filesystem::path> images;  // .jpg, .jpeg and .png, upper or lower case
  std::vector<std::filesystem::path> others;  // all other files
};
// Throws DataError.
FolderContents contents_of(const std::filesystem::path& folder);

// Collects warnings about the files of a data set: pictures skipped, rotated, damaged. Several threads may report at once.
class ImageNotes {
 public:
  // Reports a file or folder that is skipped, and why. lines() has one line for each reason.
  void left_out(const std::filesystem::path& what, const std::string& reason);
  // Reports a file that is left out because it cannot be read; `error` begins with its path.
  void damaged(const std::filesystem::path& file, const std::string& error);
  void doubt(const std::filesystem::path& file, const std::string& what);
  void turned(const std::filesystem::path& file);
  void read_16_bits(const std::filesystem::path& file, int largest);

  // The warnings in the order of the file names: a few of each kind, and the number of the others. Throws DataError where all
  // 16-bit images are almost black because their values have 8 bits.
  std::vector<std::string> lines() const;

 private:
  using Files = std::set<std::filesystem::path>;
  mutable std::mutex mutex_;
  std::map<std::string, Files> left_out_;
  std::map<std::filesystem::path, std::string> damaged_, doubts_;
  Files turned_, of_16_bits_;
  int largest_of_16_bits_ = 0;
};

// Reads an image as 8-bit BGR. The first bytes of the file, not its name, decide whether it is JPEG or PNG. Grey and CMYK are
// converted, alpha is dropped, 16 bits become 8, the EXIF orientation is applied. Throws DataError "FILE: what" where the file
// has another format, is truncated, damaged, over 64 MiB, or over `max_side` px a side; the size is checked before memory is
// allocated.
cv::Mat read_bgr(const std::filesystem::path& file, std::int64_t max_side, ImageNotes& notes);

// Writes the image as height x width x 3 bytes RGB from `to` on.
void store_rgb(const cv::Mat& bgr, std::uint8_t* to);

// Limits a data set to 4 GiB of memory. Throws DataError that names the parameter for reading fewer images.
void check_memory(const std::filesystem::path& folder, std::size_t images, std::int64_t height, std::int64_t width);

// Silences OpenCV's log while it exists. OpenCV logs what it also returns or throws, and we report that once, as an error.
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
