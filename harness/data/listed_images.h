// Decodes the image files of a data set, all to one size.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/data/dataset.h"
#include "harness/data/framing.h"

namespace tbft::data {

// The image files of a data set in the order of its images.
struct Listing {
  std::vector<std::string> class_names;
  std::vector<std::filesystem::path> files;
  std::vector<std::int64_t> labels;  // of the files: indices of class_names
  std::vector<std::string> notes;    // warnings about what is not listed
};

// Reads all files of a listing, framed; without a framing, the first image sets the size of all. A damaged file is an error
// that names it; `skip_damaged` leaves such files out, with a note that counts them. Pixels of over 256 MiB are mapped from a
// file that is made once (pixel_cache.h). `spec` names the set in messages and in the cache, and its parameter cache=DIR|none
// says where that is. Needs at least one file. Throws DataError.
Images load_listed(const DatasetSpec& spec, const Listing& listing, const Framing& framing, bool skip_damaged);

}  // namespace tbft::data
