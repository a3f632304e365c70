// What the tests of models/ share: a scratch folder, Python with torch, and checkpoints put together byte by byte.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tbft::models::testing {

// A folder of its own, removed with everything in it.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::filesystem::path operator/(std::string_view name) const { return folder_ / name; }

 private:
  std::filesystem::path folder_;
};

// Runs /usr/bin/python3 (Debian's python3-torch) on a script text or file; throws with its output unless it ends with 0.
std::string run_python(const std::vector<std::string>& arguments);

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, std::string_view bytes);

// A zip of these entries, stored or deflated.
using Entries = std::vector<std::pair<std::string, std::string>>;
void write_zip(const std::filesystem::path& path, const Entries& entries, bool deflate = false);

// Pieces of a pickle. int32: BININT, text: BINUNICODE.
std::string int32(std::int32_t value);
std::string int64(std::int64_t value);
std::string text(std::string_view text);
std::string tuple(const std::vector<std::string>& items);
std::string global(std::string_view module, std::string_view name);
// _rebuild_tensor_v2 over storage `key` of `count` float32 elements.
std::string tensor(std::string_view key, std::int64_t count, std::int64_t offset, const std::vector<std::int64_t>& shape,
                   const std::vector<std::int64_t>& strides);
// PROTO, a dict of these keys and values (each a piece of pickle), STOP.
std::string dict_pickle(const std::vector<std::pair<std::string, std::string>>& items);

}  // namespace tbft::models::testing
