// A folder of images a class, decoded by OpenCV.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "harness/data/image_header.h"
#include "harness/data/kinds.h"
#include "harness/data/params.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;

// Bounds on what one file or one folder may make us allocate.
constexpr std::uintmax_t max_file_bytes = 64U << 20;
constexpr std::int64_t max_side = 4096;
constexpr std::int64_t max_total_bytes = std::int64_t{4} << 30;

bool is_image(const fs::path& path) {
  auto extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

// Entries that `wanted` accepts, in byte order of their names whatever the locale and the file system. Hidden ones are left
// out.
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

// RGB. The header is checked first: a decoder warns of a truncated file where we want an error, and allocates what it is told.
cv::Mat decode(const fs::path& path) {
  const auto bytes = read_bytes(path);
  const auto header = read_image_header(bytes);
  if (header.height > max_side || header.width > max_side) {
    throw std::runtime_error(fmt::format("{}x{} pixels, the limit is {} a side", header.width, header.height, max_side));
  }
  const cv::Mat bgr = cv::imdecode(bytes, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
  if (bgr.empty()) throw std::runtime_error("damaged: it cannot be decoded");
  cv::Mat rgb;
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
  return rgb;
}

void append(const fs::path& path, std::size_t total, const fs::path& first, Images& images) {
  cv::Mat rgb;
  try {
    rgb = decode(path);
  } catch (const std::exception& e) {  // OpenCV's own included
    throw DataError(fmt::format("{}: {}", path.string(), e.what()));
  }
  if (images.pixels.empty()) {
    images.height = rgb.rows;
    images.width = rgb.cols;
    if (images.bytes_per_image() > max_total_bytes / static_cast<std::int64_t>(total)) {
      throw DataError(fmt::format("{}: {} images of {}x{} pixels take more than {} GiB; take fewer with ?limit=N a class",
                                  path.parent_path().parent_path().string(), total, rgb.cols, rgb.rows, max_total_bytes >> 30));
    }
    images.pixels.reserve(total * static_cast<std::size_t>(images.bytes_per_image()));
  }
  if (rgb.rows != images.height || rgb.cols != images.width) {
    throw DataError(fmt::format("{}: {}x{} pixels, but {} has {}x{}; all images of a data set have one size", path.string(),
                                rgb.cols, rgb.rows, first.string(), images.width, images.height));
  }
  images.pixels.insert(images.pixels.end(), rgb.datastart, rgb.dataend);
}

// OpenCV logs what it also returns or throws; we say it once, as an error.
class QuietOpenCv {
 public:
  QuietOpenCv() : before_(cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT)) {}
  ~QuietOpenCv() { cv::utils::logging::setLogLevel(before_); }
  QuietOpenCv(const QuietOpenCv&) = delete;
  QuietOpenCv& operator=(const QuietOpenCv&) = delete;

 private:
  cv::utils::logging::LogLevel before_;
};

}  // namespace

Images load_image_folder(const DatasetSpec& spec) {
  const Params params(spec, {"limit"});
  params.require_path();
  const auto limit = static_cast<std::size_t>(params.whole("limit", 1'000'000'000, 1, 1'000'000'000));
  const auto folders = entries(spec.path, [](const fs::directory_entry& entry) { return entry.is_directory(); });
  if (folders.empty()) {
    throw DataError(fmt::format("{}: no class folders; the layout is FOLDER/CLASS/IMAGE.jpg|jpeg|png", spec.path));
  }
  std::vector<fs::path> files;
  Images images;
  for (const auto& folder : folders) {
    auto found = entries(folder, [](const fs::directory_entry& entry) { return entry.is_regular_file() && is_image(entry); });
    if (found.empty()) {
      throw DataError(fmt::format("{}: no images (.jpg, .jpeg, .png); every folder in {} is taken for a class", folder.string(),
                                  spec.path));
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
