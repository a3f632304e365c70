#include "harness/data/image_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "harness/data/dataset.h"
#include "harness/data/image_header.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t max_file_bytes = 64U << 20;
constexpr std::int64_t max_total_bytes = std::int64_t{4} << 30;

bool is_image(const fs::path& path) {
  auto extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

template <typename Wanted>
std::vector<fs::path> entries(const fs::path& folder, Wanted wanted) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (!it->path().filename().native().starts_with('.') && wanted(*it)) found.push_back(it->path());
  }
  if (error) throw DataError(fmt::format("{}: {}", folder.string(), error.message()));
  std::ranges::sort(found, {}, [](const fs::path& path) { return path.filename().native(); });
  return found;
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

// The header is checked first: a decoder warns of a truncated file where we want an error, and allocates what it is told.
cv::Mat decode(const fs::path& path, std::int64_t max_side) {
  const auto bytes = read_bytes(path);
  const auto header = read_image_header(bytes);
  if (header.height > max_side || header.width > max_side) {
    throw std::runtime_error(fmt::format("{}x{} pixels, the limit is {} a side", header.width, header.height, max_side));
  }
  cv::Mat bgr = cv::imdecode(bytes, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
  if (bgr.empty()) throw std::runtime_error("damaged: it cannot be decoded");
  return bgr;
}

}  // namespace

std::vector<fs::path> subfolders(const fs::path& folder) {
  return entries(folder, [](const fs::directory_entry& entry) { return entry.is_directory(); });
}

std::vector<fs::path> image_files(const fs::path& folder) {
  return entries(folder, [](const fs::directory_entry& entry) { return entry.is_regular_file() && is_image(entry); });
}

cv::Mat read_bgr(const fs::path& file, std::int64_t max_side) {
  try {
    return decode(file, max_side);
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
    throw DataError(fmt::format("{}: {} images of {}x{} pixels take more than {} GiB; take fewer with ?limit=N",
                                folder.string(), images, width, height, max_total_bytes >> 30));
  }
}

}  // namespace tbft::data
