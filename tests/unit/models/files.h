// What the tests of models/ share: Python with torch, and checkpoints put together byte by byte.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/temporary_folder.h"

namespace tbft::models::testing {

// Runs /usr/bin/python3 (Debian's python3-torch) on a script text or file; throws with its output unless it ends with 0.
std::string run_python(const std::vector<std::string>& arguments);

using tbft::test::content;
using tbft::test::TemporaryFolder;
using tbft::test::write_file;

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
