#include "harness/data/image_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <boost/algorithm/string/case_conv.hpp>
#include <fstream>
#include <new>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "harness/data/dataset.h"
#include "harness/data/image_header.h"
#include "harness/data/jpeg.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t max_file_bytes = 64U << 20;
constexpr std::int64_t max_total_bytes = std::int64_t{4} << 30;

bool is_image(const fs::path& path) {
  const auto extension = boost::to_lower_copy(path.extension().string());
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

std::vector<std::uint8_t> read_bytes(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) throw std::runtime_error(error.message());
  if (size > max_file_bytes) throw std::runtime_error(fmt::format("{} bytes, the limit is {}", size, max_file_bytes));
  std::vector<std::uint8_t> bytes(size);
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size))) {
    throw std::runtime_error("cannot be read");
  }
  return bytes;
}

// Rotates and mirrors the stored image by its EXIF orientation.
cv::Mat upright(const cv::Mat& stored, int orientation) {
  cv::Mat image = stored;
  constexpr int upside_down = 0, mirrored = 1;
  if (orientation >= 5) image = stored.t();
  if (orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7) cv::flip(image, image, mirrored);
  if (orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8) cv::flip(image, image, upside_down);
  return image;
}

// Keeps the high byte of each value, as a decoder does that converts to 8 bits.
cv::Mat high_bytes(const cv::Mat& wide) {
  static_assert(std::endian::native == std::endian::little, "the high byte is the second");
  cv::Mat narrow;
  cv::extractChannel(cv::Mat(wide.rows, 3 * wide.cols, CV_8UC2, wide.data, wide.step), narrow, 1);
  return narrow.reshape(3);
}

cv::Mat read_png(const fs::path& path, const std::vector<std::uint8_t>& bytes, int bits, ImageNotes& notes) {
  check_png_sums(bytes);
  constexpr int flags = cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION;
  if (bits != 16) return cv::imdecode(bytes, flags);
  cv::Mat wide = cv::imdecode(bytes, flags | cv::IMREAD_ANYDEPTH);
  if (wide.empty() || wide.depth() != CV_16U) return wide;
  double largest = 0;
  cv::minMaxIdx(wide.reshape(1), nullptr, &largest);
  notes.read_16_bits(path, static_cast<int>(largest));
  return high_bytes(wide);
}

cv::Mat read_jpeg(const fs::path& path, std::vector<std::uint8_t>& bytes, const ImageHeader& header, ImageNotes& notes) {
  const bool has_end = header.has_end;
  if (!has_end) bytes.insert(bytes.end(), {0xFF, 0xD9});  // without the end mark a decoder waits for more data
  const auto image = decode_jpeg(std::span<const std::uint8_t>(bytes), header.height, header.width);
  if (image.bgr.empty()) return cv::imdecode(bytes, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
  if (!has_end && image.damaged) throw std::runtime_error("cut short");
  if (image.damaged) throw std::runtime_error(fmt::format("damaged: {}; replace or remove it", image.warning));
  if (!has_end) notes.doubt(path, "has no end mark; it is read, but its last rows may be missing");
  if (!image.warning.empty()) notes.doubt(path, fmt::format("may be damaged ({}); it is read", image.warning));
  return image.bgr;
}

// The header is checked first, because a decoder only warns of a truncated file, and allocates whatever size the header claims.
cv::Mat decode(const fs::path& path, std::int64_t max_side, ImageNotes& notes) {
  auto bytes = read_bytes(path);
  const auto header = read_image_header(bytes);
  if (header.height > max_side || header.width > max_side) {
    throw std::runtime_error(fmt::format("{}x{} pixels, the limit is {} a side", header.width, header.height, max_side));
  }
  const cv::Mat bgr = header.jpeg ? read_jpeg(path, bytes, header, notes) : read_png(path, bytes, header.bits, notes);
  if (bgr.empty()) throw std::runtime_error("damaged: it cannot be decoded");
  if (header.orientation != 1) notes.turned(path);
  return upright(bgr, header.orientation);
}

// "a, b, c and 17 more"
std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t most = 3;
  const auto shown = std::min(names.size(), most);
  const auto more = names.size() - shown;
  return fmt::format("{}{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                     more > 0 ? fmt::format(" and {} more", more) : "");
}

std::string listed(const std::set<fs::path>& files) {
  return listed(std::vector<std::string>(files.begin(), files.end()));
}

}  // namespace

void ImageNotes::left_out(const fs::path& what, const std::string& reason) {
  const std::scoped_lock lock(mutex_);
  left_out_[reason].insert(what);
}

void ImageNotes::damaged(const fs::path& file, const std::string& error) {
  const std::scoped_lock lock(mutex_);
  damaged_.emplace(file, error);
}

void ImageNotes::doubt(const fs::path& file, const std::string& what) {
  const std::scoped_lock lock(mutex_);
  doubts_.emplace(file, what);
}

void ImageNotes::turned(const fs::path& file) {
  const std::scoped_lock lock(mutex_);
  turned_.insert(file);
}

void ImageNotes::read_16_bits(const fs::path& file, int largest) {
  const std::scoped_lock lock(mutex_);
  of_16_bits_.insert(file);
  largest_of_16_bits_ = std::max(largest_of_16_bits_, largest);
}

std::vector<std::string> ImageNotes::lines() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> result;
  for (const auto& [reason, files] : left_out_) result.push_back(fmt::format("left out: {}: {}", listed(files), reason));
  if (!damaged_.empty()) {
    std::vector<std::string> errors;
    for (const auto& [file, error] : damaged_) errors.push_back(error);
    result.push_back(
        fmt::format("{} damaged image{} left out: {}", errors.size(), errors.size() == 1 ? " is" : "s are", listed(errors)));
  }
  constexpr std::size_t most_doubts = 5;
  const auto before = result.size();
  for (const auto& [file, what] : doubts_) {
    if (result.size() == before + most_doubts) {
      result.push_back(fmt::format("{} more images may be damaged", doubts_.size() - most_doubts));
      break;
    }
    result.push_back(fmt::format("{}: {}", file.string(), what));
  }
  if (!turned_.empty())
    result.push_back(fmt::format("{} image{} turned as the EXIF orientation says: {}", turned_.size(),
                                 turned_.size() == 1 ? " is" : "s are", listed(turned_)));
  // Cameras give 10, 12 or 14 bits. Stored in the lower bits of 16, the images are dark.
  constexpr int of_8_bits = 255, of_14_bits = 16383;
  if (!of_16_bits_.empty() && largest_of_16_bits_ <= of_14_bits) {
    const auto what =
        fmt::format("{}: no value of these 16-bit images is over {} of 65535, so that they are {}; save them with 8 bits",
                    listed(of_16_bits_), largest_of_16_bits_, largest_of_16_bits_ <= of_8_bits ? "black" : "dark");
    if (largest_of_16_bits_ <= of_8_bits && largest_of_16_bits_ > 0) throw DataError(what);
    result.push_back(what);
  }
  return result;
}

FolderContents contents_of(const fs::path& folder) {
  FolderContents contents;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().filename().native().starts_with('.')) continue;
    std::error_code unreadable;
    if (it->is_directory(unreadable)) {
      contents.folders.push_back(it->path());
    } else {
      const bool is_read = it->is_regular_file(unreadable) && is_image(*it);
      (is_read ? contents.images : contents.others).push_back(it->path());
    }
  }
  if (error) throw DataError(fmt::format("{}: {}", folder.string(), error.message()));
  for (auto* paths : {&contents.folders, &contents.images, &contents.others})
    std::ranges::sort(*paths, {}, [](const fs::path& path) { return path.filename().native(); });
  return contents;
}

cv::Mat read_bgr(const fs::path& file, std::int64_t max_side, ImageNotes& notes) {
  try {
    return decode(file, max_side, notes);
  } catch (const std::bad_alloc&) {  // says nothing about the file
    throw;
  } catch (const std::exception& e) {  // OpenCV's own included
    throw DataError(fmt::format("{}: {}", file.string(), e.what()));
  }
}

void store_rgb(const cv::Mat& bgr, std::uint8_t* to) {
  cv::Mat rgb(bgr.rows, bgr.cols, CV_8UC3, to);
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
}

void check_memory(const fs::path& folder, std::size_t images, std::int64_t height, std::int64_t width) {
  if (height * width * 3 > max_total_bytes / static_cast<std::int64_t>(images)) {
    throw DataError(fmt::format("{}: {} images of {}x{} pixels take more than {} GiB; read fewer with ?limit=N",
                                folder.string(), images, width, height, max_total_bytes >> 30));
  }
}

}  // namespace tbft::data
