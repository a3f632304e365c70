#include "harness/data/listed_images.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include "harness/data/decode_all.h"
#include "harness/data/image_file.h"
#include "harness/data/pixel_cache.h"
#include "harness/data/summary.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t max_side = 4096;
constexpr std::int64_t max_side_to_resize = 10'000;  // photographs

// Reads the files of a data set, all to one size: that of the first.
class Reader {
 public:
  // Learns the size from the first file that can be read. Throws DataError where none can.
  Reader(const Framing& framing, bool skip_damaged, const std::vector<fs::path>& files, ImageNotes& notes)
      : framing_(framing), skip_damaged_(skip_damaged), notes_(notes) {
    const QuietOpenCv quiet;
    for (const auto& file : files) {
      size_ = read(file).size();
      size_from_ = file;
      if (!size_.empty()) return;
    }
    throw DataError(
        fmt::format("{}: all {} images are damaged", files.front().parent_path().parent_path().string(), files.size()));
  }

  cv::Size size() const { return size_; }
  // Empty for a damaged image that is left out.
  cv::Mat operator()(const fs::path& file) const {
    cv::Mat image = read(file);
    if (image.empty() || image.size() == size_) return image;
    throw DataError(fmt::format(
        "{}: {}x{} pixels, but {} has {}x{}; all images of a data set have one size: make them equal with ?resize=N&crop=N",
        file.string(), image.cols, image.rows, size_from_.string(), size_.width, size_.height));
  }

 private:
  cv::Mat read(const fs::path& file) const {
    cv::Mat image;
    try {
      image = read_bgr(file, framing_.resize > 0 ? max_side_to_resize : max_side, notes_);
    } catch (const DataError& error) {
      if (!skip_damaged_) throw DataError(fmt::format("{} (?skip_damaged=true leaves such files out)", error.what()));
      notes_.damaged(file, error.what());
      return {};
    }
    try {
      return framed(image, framing_);
    } catch (const std::runtime_error& error) {
      throw DataError(fmt::format("{}: {}", file.string(), error.what()));
    }
  }

  Framing framing_;
  bool skip_damaged_;
  ImageNotes& notes_;
  cv::Size size_;
  fs::path size_from_;
};

// Moves the images that were read together. Throws where a class has none left.
void close_gaps(const std::vector<char>& has_image, const Listing& listing, std::size_t image_bytes, std::uint8_t* pixels) {
  std::uint8_t* to = pixels;
  std::set<std::int64_t> labels;
  for (std::size_t i = 0; i < has_image.size(); ++i) {
    if (has_image[i] == 0) continue;
    std::copy_n(pixels + i * image_bytes, image_bytes, to);
    to += image_bytes;
    labels.insert(listing.labels[i]);
  }
  for (std::size_t i = 0; i < has_image.size(); ++i) {
    if (!labels.contains(listing.labels[i]))
      throw DataError(fmt::format("{}: all of its images are damaged (class {})", listing.files[i].parent_path().string(),
                                  listing.class_names[static_cast<std::size_t>(listing.labels[i])]));
  }
}

std::string digest(const std::string& text) {
  return sha256_of({{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}});
}

// The files that were decoded, by name, size and the times of the last change to content and to the rest (a file moved over
// another may keep the first; so does one that is made readable), and the parameters.
std::string digest_of_sources(const std::vector<fs::path>& files, const std::string& parameters) {
  std::string text = parameters;
  for (const auto& file : files) {
    struct stat found {};  // zeros where it is missing: decoding names the file
    ::stat(file.c_str(), &found);
    text += fmt::format("\n{}\n{} {}.{} {}.{}", (file.parent_path().filename() / file.filename()).string(), found.st_size,
                        found.st_mtim.tv_sec, found.st_mtim.tv_nsec, found.st_ctim.tv_sec, found.st_ctim.tv_nsec);
  }
  return digest(text);
}

// Where the decoded images are kept; nothing for memory.
std::optional<PixelCache> cache_for(const DatasetSpec& spec, const Listing& listing, std::size_t bytes) {
  constexpr std::size_t in_memory = std::size_t{256} << 20;
  const auto named = spec.params.find("cache");
  const bool is_named = named != spec.params.end();
  if (is_named ? named->second == "none" : bytes <= in_memory) return std::nullopt;
  const auto folder = is_named ? fs::path(named->second) : user_cache_folder();
  if (folder.empty())
    throw DataError(
        fmt::format("{}: {} images take {} MiB and neither HOME nor XDG_CACHE_HOME says where to keep them; name a "
                    "folder with ?cache=DIR",
                    folder_of(spec), listing.files.size(), bytes >> 20));
  auto identity = spec;
  identity.path = fs::weakly_canonical(folder_of(spec)).string();
  for (const char* key : {"cache", "classes"}) identity.params.erase(key);
  const auto text = to_string(identity);
  constexpr std::size_t hex_digits = 16;
  return PixelCache{
      .folder = folder, .name = digest(text).substr(0, hex_digits), .sources = digest_of_sources(listing.files, text)};
}

}  // namespace

Images load_listed(const DatasetSpec& spec, const Listing& listing, const Framing& framing, bool skip_damaged) {
  ImageNotes notes;
  const Reader read(framing, skip_damaged, listing.files, notes);
  Images images{
      .height = read.size().height, .width = read.size().width, .class_names = listing.class_names, .notes = listing.notes};
  const DecodeJob job{.files = listing.files.size(),
                      .image_bytes = static_cast<std::size_t>(images.bytes_per_image()),
                      .decode = [&](std::uint8_t* to) {
                        const auto bytes = static_cast<std::size_t>(images.bytes_per_image());
                        Decoded decoded{.has_image = decode_all(listing.files, bytes, to, std::cref(read)), .notes = {}};
                        close_gaps(decoded.has_image, listing, bytes, to);
                        decoded.notes = notes.lines();
                        return decoded;
                      }};
  const auto cache = cache_for(spec, listing, job.files * job.image_bytes);
  if (!cache) check_memory(folder_of(spec), job.files, images.height, images.width);
  const auto decoded = cache ? cache->load_or_decode(job, images.pixels) : decode_to_memory(job, images.pixels);
  for (std::size_t i = 0; i < job.files; ++i)
    if (decoded.has_image[i] != 0) images.labels.push_back(listing.labels[i]);
  images.notes.insert(images.notes.end(), decoded.notes.begin(), decoded.notes.end());
  return images;
}

}  // namespace tbft::data
