// Image folders: one folder for each class.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <functional>
#include <set>

#include "harness/data/decode_all.h"
#include "harness/data/framing.h"
#include "harness/data/image_file.h"
#include "harness/data/kinds.h"
#include "harness/data/params.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t max_side = 4096;
constexpr std::int64_t max_side_to_resize = 10'000;  // photographs

struct Listing {
  std::vector<std::string> class_names;
  std::vector<fs::path> files;
  std::vector<std::int64_t> labels;  // of the files
};

// Reads the files of a folder, all to one size: that of the first.
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

// The class folders. Reports all other entries to `notes`.
std::vector<fs::path> class_folders(const std::string& path, ImageNotes& notes) {
  auto contents = contents_of(path);
  const auto is_left_by_macos = [](const fs::path& folder) { return folder.filename() == "__MACOSX"; };
  for (const auto& folder : contents.folders)
    if (is_left_by_macos(folder)) notes.left_out(folder, "macOS metadata, not a class");
  std::erase_if(contents.folders, is_left_by_macos);
  if (contents.folders.empty())
    throw DataError(fmt::format("{}: no class folders; the layout is FOLDER/CLASS/IMAGE.jpg|jpeg|png", path));
  for (const auto& file : contents.images) notes.left_out(file, "images are read only from class folders");
  return contents.folders;
}

std::string names_of(const std::vector<fs::path>& paths) {
  constexpr std::size_t most = 3;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(paths.size(), most); ++i) names.push_back(paths[i].filename().string());
  return fmt::format("{}{}", fmt::join(names, ", "), paths.size() > most ? ", ..." : "");
}

// Why a class folder without images is none.
std::string no_class(const fs::path& folder, const FolderContents& contents, const std::string& set) {
  if (!contents.folders.empty())
    return fmt::format("{}: holds folders ({}) and no images; if they are the classes, name {} itself", folder.string(),
                       names_of(contents.folders), folder.string());
  const auto what =
      contents.others.empty() ? "is empty" : fmt::format("no images (.jpg, .jpeg, .png), only {}", names_of(contents.others));
  return fmt::format("{}: {}; every folder in {} is taken for a class, so fill it or remove it", folder.string(), what, set);
}

std::vector<fs::path> images_of_class(const fs::path& folder, const std::string& set, ImageNotes& notes) {
  auto contents = contents_of(folder);
  if (contents.images.empty()) throw DataError(no_class(folder, contents, set));
  for (const auto& file : contents.others) notes.left_out(file, "only .jpg, .jpeg and .png are read");
  for (const auto& inner : contents.folders) notes.left_out(inner, "only images directly in the class folder are read");
  return std::move(contents.images);
}

Listing list_files(const DatasetSpec& spec, std::size_t limit, ImageNotes& notes) {
  const auto named = spec.params.find("classes");
  Listing listing;
  auto& names = listing.class_names;
  if (named != spec.params.end()) boost::split(names, named->second, boost::is_any_of(","));
  for (const auto& folder : class_folders(folder_of(spec), notes)) {
    const auto name = folder.filename().string();
    auto place = std::ranges::find(names, name);
    if (named == spec.params.end())
      place = names.insert(names.end(), name);
    else if (place == names.end())
      throw DataError(fmt::format("{}: none of ?classes={}", folder.string(), named->second));
    auto found = images_of_class(folder, folder_of(spec), notes);
    found.resize(std::min(found.size(), limit));
    listing.labels.insert(listing.labels.end(), found.size(), place - names.begin());
    listing.files.insert(listing.files.end(), found.begin(), found.end());
  }
  return listing;
}

// Moves the images that were read together.
void close_gaps(const std::vector<char>& has_image, const Listing& listing, Images& images) {
  const auto bytes = static_cast<std::size_t>(images.bytes_per_image());
  std::size_t kept = 0;
  for (std::size_t i = 0; i < has_image.size(); ++i) {
    if (has_image[i] == 0) continue;
    if (kept < i) std::copy_n(&images.pixels[i * bytes], bytes, &images.pixels[kept * bytes]);
    images.labels.push_back(listing.labels[i]);
    ++kept;
  }
  images.pixels.resize(kept * bytes);
  const std::set<std::int64_t> labels(images.labels.begin(), images.labels.end());
  for (std::size_t i = 0; i < has_image.size(); ++i) {
    if (!labels.contains(listing.labels[i]))
      throw DataError(fmt::format("{}: all of its images are damaged", listing.files[i].parent_path().string()));
  }
}

}  // namespace

Images load_image_folder(const DatasetSpec& spec) {
  const Params params(spec, {"limit", "classes", "resize", "crop", "skip_damaged"});
  params.require_path();
  const Framing framing{.resize = params.whole("resize", 0, 1, max_side), .crop = params.whole("crop", 0, 1, max_side)};
  if (framing.resize > 0 && framing.resize < framing.crop)
    throw BadDatasetSpec(fmt::format("{}: crop={} is more than resize={}", to_string(spec), framing.crop, framing.resize));
  ImageNotes notes;
  const auto listing = list_files(spec, params.limit(), notes);
  const Reader read(framing, params.one_of("skip_damaged", "false", {"true", "false"}) == "true", listing.files, notes);
  Images images{.height = read.size().height, .width = read.size().width, .class_names = listing.class_names};
  check_memory(folder_of(spec), listing.files.size(), images.height, images.width);
  images.pixels.resize(listing.files.size() * static_cast<std::size_t>(images.bytes_per_image()));
  const auto has_image =
      decode_all(listing.files, static_cast<std::size_t>(images.bytes_per_image()), images.pixels.data(), std::cref(read));
  close_gaps(has_image, listing, images);
  images.notes = notes.lines();
  return images;
}

}  // namespace tbft::data
