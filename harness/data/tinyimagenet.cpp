// Tiny ImageNet (Stanford's course CS231n): 200 classes of ImageNet at 64 px, 500 training and 50 validation images of each.
//
// Labels follow the sorted WordNet ids, the order that torchvision's ImageFolder gives the folders of train/. Programs that
// number the lines of wnids.txt have another order; their checkpoints need class names. A class is called "WNID: WORD", with
// the first word of its line in words.txt. What follows a colon does not count where names are compared, so the id alone names
// it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <map>

#include "harness/data/image_file.h"
#include "harness/data/kinds.h"
#include "harness/data/listed_images.h"
#include "harness/data/params.h"
#include "results/files.h"
#include "results/text.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;
using results::printable;

// Its authors publish no checksum; this MD5 is the one that many public loaders check.
constexpr auto fetch =
    "fetch tiny-imagenet-200.zip (248100043 bytes, MD5 90528d7ca1a48142e341f4ef8d21d0de) from "
    "http://cs231n.stanford.edu/tiny-imagenet-200.zip";

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
  throw DataError(fmt::format("{}: {}; {}", path.string(), what, fetch));
}

std::vector<std::string> lines_of(const fs::path& file) {
  constexpr std::size_t max_bytes = 16U << 20U;
  std::error_code error;
  if (!fs::is_regular_file(file, error)) fail(file, "no such file");
  try {
    std::vector<std::string> lines;
    const auto text = results::read_file(file, max_bytes);
    boost::split(lines, text, boost::is_any_of("\n"));
    for (auto& line : lines) boost::trim_right(line);
    return lines;
  } catch (const std::exception& e) {
    throw DataError(e.what());
  }
}

bool is_wnid(const std::string& text) {
  constexpr std::size_t length = 9;  // n and eight digits
  return text.size() == length && text[0] == 'n' && text.find_first_not_of("0123456789", 1) == std::string::npos;
}

// In the order of the labels.
std::vector<std::string> wnids_in(const fs::path& file) {
  auto wnids = lines_of(file);
  std::erase(wnids, "");
  for (const auto& wnid : wnids)
    if (!is_wnid(wnid)) fail(file, fmt::format("'{}' is no WordNet id, such as n01443537", printable(wnid)));
  std::ranges::sort(wnids);
  if (wnids.empty()) fail(file, "holds no WordNet id");
  if (const auto twice = std::ranges::adjacent_find(wnids); twice != wnids.end()) fail(file, *twice + " is there twice");
  return wnids;
}

// The ids with their words, where words.txt is there: "n01443537: goldfish".
std::vector<std::string> class_names_of(const std::vector<std::string>& wnids, const fs::path& words) {
  auto names = wnids;
  std::error_code error;
  if (!fs::exists(words, error)) return names;
  for (const auto& line : lines_of(words)) {
    const auto tab = line.find('\t');
    const auto at = std::ranges::lower_bound(wnids, line.substr(0, tab));
    if (tab == std::string::npos || at == wnids.end() || *at != line.substr(0, tab)) continue;
    const auto word = line.substr(tab + 1, line.find(',', tab) - tab - 1);
    names[static_cast<std::size_t>(at - wnids.begin())] = fmt::format("{}: {}", *at, printable(word));
  }
  return names;
}

using FilesOfClasses = std::vector<std::vector<fs::path>>;

// FOLDER/WNID/images/*.JPEG, or FOLDER/WNID/*.JPEG.
FilesOfClasses in_class_folders(const fs::path& folder, const std::vector<std::string>& wnids) {
  constexpr std::size_t most_listed = 5;
  FilesOfClasses files;
  std::vector<std::string> missing;
  for (const auto& wnid : wnids) {
    const auto images = folder_or_inner(folder / wnid, "images");
    std::error_code error;
    files.push_back(fs::is_directory(images, error) ? contents_of(images).images : std::vector<fs::path>{});
    if (files.back().empty()) missing.push_back(wnid);
  }
  if (missing.empty()) return files;
  const auto all = missing.size();
  missing.resize(std::min(all, most_listed));
  fail(folder, fmt::format("no images of {}{}", fmt::join(missing, ", "),
                           all > most_listed ? fmt::format(" and {} more classes", all - most_listed) : ""));
}

// The class of each file name.
std::map<std::string, std::size_t> read_annotations(const fs::path& file, const std::vector<std::string>& wnids) {
  std::map<std::string, std::size_t> classes;
  std::size_t number = 0;
  for (const auto& line : lines_of(file)) {
    ++number;
    if (line.empty()) continue;
    std::vector<std::string> columns;
    boost::split(columns, line, boost::is_any_of("\t"));
    const auto at = columns.size() < 2 ? wnids.end() : std::ranges::find(wnids, columns[1]);
    if (at == wnids.end())
      fail(file, fmt::format("line {}: expected FILE, a tab and an id of wnids.txt, got '{}'", number, printable(line)));
    if (!classes.emplace(columns[0], at - wnids.begin()).second)
      fail(file, fmt::format("line {}: {} is there twice", number, printable(columns[0])));
  }
  return classes;
}

// VAL/images/*.JPEG with their classes in VAL/val_annotations.txt, as the archive has them.
FilesOfClasses annotated(const fs::path& val, const std::vector<std::string>& wnids, ImageNotes& notes) {
  const auto annotations = val / "val_annotations.txt";
  auto classes = read_annotations(annotations, wnids);
  FilesOfClasses files(wnids.size());
  for (const auto& image : contents_of(val / "images").images) {
    const auto found = classes.extract(image.filename().string());
    if (found.empty())
      notes.left_out(image, "not in val_annotations.txt");
    else
      files[found.mapped()].push_back(image);
  }
  if (!classes.empty()) fail(val / "images" / classes.begin()->first, "no such file, but val_annotations.txt has it");
  return files;
}

// The labelled images beside train/: as in the archive, or moved to folders VAL/WNID or VAL/images/WNID for ImageFolder.
FilesOfClasses validation_files(const fs::path& val, const std::vector<std::string>& wnids, ImageNotes& notes) {
  for (const auto& folder : {val, val / "images"}) {
    std::error_code error;
    const auto is_there = [&](const std::string& wnid) { return fs::is_directory(folder / wnid, error); };
    if (std::ranges::any_of(wnids, is_there)) return in_class_folders(folder, wnids);
  }
  return annotated(val, wnids, notes);
}

}  // namespace

Images load_tinyimagenet(const DatasetSpec& spec) {
  const Params params(spec, {"part", "pixels", "limit", "skip_damaged", "cache"});
  params.require_path();
  const bool is_train = params.one_of("part", "test", {"train", "test"}) == "train";
  const std::int64_t side = params.one_of("pixels", "64", {"64", "32"}) == "64" ? 64 : 32;
  const auto root = folder_or_inner(folder_of(spec), "tiny-imagenet-200");
  const auto wnids = wnids_in(root / "wnids.txt");
  ImageNotes notes;
  auto files = is_train ? in_class_folders(root / "train", wnids) : validation_files(root / "val", wnids, notes);
  Listing listing{.class_names = class_names_of(wnids, root / "words.txt"), .files = {}, .labels = {}, .notes = notes.lines()};
  for (std::size_t label = 0; label < files.size(); ++label) {
    auto& own = files[label];
    own.resize(std::min(own.size(), params.limit()));
    listing.labels.insert(listing.labels.end(), own.size(), static_cast<std::int64_t>(label));
    listing.files.insert(listing.files.end(), own.begin(), own.end());
  }
  if (listing.files.empty()) fail(root / "val", "no images");
  return load_listed(spec, listing, {.resize = side, .crop = side}, params.skip_damaged());
}

}  // namespace tbft::data
