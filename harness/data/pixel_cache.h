// Decoded images of a data set that is too large for memory: decoded once into a file, which is then mapped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "harness/data/pixels.h"

namespace tbft::data {

// What decoding the files of a data set gave, besides pixels.
struct Decoded {
  std::vector<char> has_image;     // one a file: whether it has an image, or is left out
  std::vector<std::string> notes;  // for the user
};

// A data set that is to be decoded.
struct DecodeJob {
  std::size_t files = 0;
  std::size_t image_bytes = 0;  // of each image
  // Fills images from `to` on, without gaps between them. There is room for one a file.
  std::function<Decoded(std::uint8_t* to)> decode;
};

// Decodes into memory.
Decoded decode_to_memory(const DecodeJob& job, Pixels& pixels);

// Where the pixels of one data set are kept: FOLDER/NAME.pixels, and beside it FOLDER/NAME.json with their SHA-256 and what
// they were made from. Processes may share the folder: files appear by renaming, and a mapped file is never changed. What a
// killed process left unfinished, of any data set, is removed by the next one that decodes.
struct PixelCache {
  std::filesystem::path folder;  // made where it is missing
  std::string name;
  std::string sources;  // a digest of all that the pixels depend on: the files and how they are decoded

  // Maps the pixels of an earlier call. Decodes and writes them where there are none, where `sources` is another, or where
  // the file is cut short or damaged. Throws DataError with the path, and how to name another folder, where the folder cannot
  // be written or the disk is full.
  Decoded load_or_decode(const DecodeJob& job, Pixels& pixels) const;
};

// $XDG_CACHE_HOME/tbft, or $HOME/.cache/tbft (XDG Base Directory Specification); empty where neither is an absolute path.
std::filesystem::path user_cache_folder();

}  // namespace tbft::data
